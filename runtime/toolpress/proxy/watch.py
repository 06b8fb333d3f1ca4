"""The server's own word that a list has changed, and the stream on which a server of 2026-07-28 sends it."""

from __future__ import annotations

from collections.abc import Callable

import anyio
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

from toolpress.proxy.failures import classify, lost
from toolpress.proxy.link import Link
from toolpress.proxy.lists import Lists, Name
from toolpress.proxy.upstream import Sleep, Upstream

_PAUSE_S = 1.0
_NAMES: dict[type, Name] = {
    ToolListChangedNotification: "tools",
    ResourceListChangedNotification: "resources",
    PromptListChangedNotification: "prompts",
}


class Watch:
    """Looks at a list once for all that was said about it meanwhile."""

    def __init__(
        self,
        upstream: Callable[[], Upstream],
        lists: Lists,
        *,
        say: Callable[[str], None],
        sleep: Sleep = anyio.sleep,
    ) -> None:
        self._upstream = upstream
        self._sleep = sleep
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
        """Keep the stream open, where there is one.

        A server or what stands before it may end a stream that is quiet, so the end of one says nothing about the
        link; reading the lists does, and finds what the stream has missed.
        """
        while await self._followed(link):
            await self._sleep(_PAUSE_S)
            if self._upstream().link is not link:
                return
            try:
                await link.use(self._lists.prepare)
            except Exception as error:  # noqa: BLE001 - whatever it is, this link is no good
                self._upstream().report(link, lost(error))
                return

    async def _followed(self, link: Link) -> bool:
        """Whether there was a stream, which has ended now."""
        client = link.client
        tools, resources, prompts = _announced(client.server_capabilities)
        if client.protocol_version not in MODERN_PROTOCOL_VERSIONS or not (tools or resources or prompts):
            return False
        try:
            async with client.listen(
                tools_list_changed=tools, resources_list_changed=resources, prompts_list_changed=prompts
            ) as events:
                async for _ in events:
                    pass  # each reaches `on_message` too
        except SubscriptionLost:
            return True
        except Exception as error:  # noqa: BLE001 - without the stream the keepalive finds the changes
            self._upstream().report(link, error)
            return False
        return True


def _announced(capabilities: ServerCapabilities) -> tuple[bool, bool, bool]:
    """Whether the server tells of changed tools, resources and prompts."""
    parts = (capabilities.tools, capabilities.resources, capabilities.prompts)
    tools, resources, prompts = (bool(part and part.list_changed) for part in parts)
    return tools, resources, prompts
