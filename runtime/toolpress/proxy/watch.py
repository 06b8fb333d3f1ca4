"""The server's own word that a list has changed, and the stream on which a server of 2026-07-28 sends it."""

from __future__ import annotations

from collections.abc import Callable

from mcp import Client
from mcp.client.session import IncomingMessage
from mcp.client.subscriptions import SubscriptionLost
from mcp_types import (
    PromptListChangedNotification,
    ResourceListChangedNotification,
    ServerCapabilities,
    ToolListChangedNotification,
)
from mcp_types.version import MODERN_PROTOCOL_VERSIONS

from toolpress.proxy.failures import FailedError, Failure, Kind, classify
from toolpress.proxy.link import Link
from toolpress.proxy.lists import Lists, Name
from toolpress.proxy.upstream import Upstream

_ENDED = FailedError(Failure(Kind.CONNECTION, "the server's stream of notifications has ended"))
_NAMES: dict[type, Name] = {
    ToolListChangedNotification: "tools",
    ResourceListChangedNotification: "resources",
    PromptListChangedNotification: "prompts",
}


class Watch:
    """Looks at a list once for all that was said about it meanwhile."""

    def __init__(self, upstream: Callable[[], Upstream], lists: Lists, *, say: Callable[[str], None]) -> None:
        self._upstream = upstream
        self._lists = lists
        self._say = say
        self._due: set[Name] = set()

    async def on_message(self, message: IncomingMessage) -> None:
        name = _NAMES.get(type(message))
        if name is None or name in self._due:
            return
        self._due.add(name)

        async def look(client: Client) -> None:
            self._due.discard(name)
            await self._lists.look(client, name)

        try:
            await self._upstream().ask(look)
        except Exception as error:  # noqa: BLE001 - a list that is not read now is read by the keepalive
            self._say(f"the {name} cannot be listed: {classify(error).message}")
        finally:
            self._due.discard(name)

    async def stay(self, link: Link) -> None:
        """Keep the stream open, where there is one; its end is taken for the end of the link."""
        client = link.client
        tools, resources, prompts = _announced(client.server_capabilities)
        if client.protocol_version not in MODERN_PROTOCOL_VERSIONS or not (tools or resources or prompts):
            return
        try:
            async with client.listen(
                tools_list_changed=tools, resources_list_changed=resources, prompts_list_changed=prompts
            ) as events:
                async for _ in events:
                    pass  # each reaches `on_message` too
        except SubscriptionLost:
            self._upstream().report(link, _ENDED)
        except Exception as error:  # noqa: BLE001 - without the stream the keepalive finds the changes
            self._upstream().report(link, error)
        else:
            self._upstream().report(link, _ENDED)


def _announced(capabilities: ServerCapabilities) -> tuple[bool, bool, bool]:
    """Whether the server tells of changed tools, resources and prompts."""
    parts = (capabilities.tools, capabilities.resources, capabilities.prompts)
    tools, resources, prompts = (bool(part and part.list_changed) for part in parts)
    return tools, resources, prompts
