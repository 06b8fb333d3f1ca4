"""What the server lists, kept so that the host is answered at once, with a word when it changes."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Literal

import anyio
from mcp import Client
from mcp_types import PaginatedResult, Prompt, Resource, ResourceTemplate, Tool

from toolpress.proxy.failures import Kind, classify

Name = Literal["tools", "resources", "prompts"]
Items = tuple[Any, ...]
Changed = Callable[[Name], Awaitable[None]]
_MOST_PAGES = 1000


class Lists:
    """The lists by name, each with all its pages. `changed` is told of a list that is another than before."""

    def __init__(self, *, say: Callable[[str], None], changed: Changed) -> None:
        self._say = say
        self._changed = changed
        self._lock = anyio.Lock()
        self._known: dict[Name, tuple[Items, ...]] = {}

    @property
    def tools(self) -> tuple[Tool, ...]:
        return self._part("tools", 0)

    @property
    def resources(self) -> tuple[Resource, ...]:
        return self._part("resources", 0)

    @property
    def templates(self) -> tuple[ResourceTemplate, ...]:
        return self._part("resources", 1)

    @property
    def prompts(self) -> tuple[Prompt, ...]:
        return self._part("prompts", 0)

    def tool(self, name: str) -> Tool | None:
        return next((tool for tool in self.tools if tool.name == name), None)

    def counts(self) -> str:
        parts = {"tool": self.tools, "resource": self.resources, "prompt": self.prompts}
        return ", ".join(f"{len(found)} {word}{'' if len(found) == 1 else 's'}" for word, found in parts.items())

    async def prepare(self, client: Client) -> None:
        """Read all lists from a new session, at the same time.

        One that cannot be read alone stays as it was, empty at first.

        Raises:
            Exception: The session itself does not work.
        """
        async with anyio.create_task_group() as tasks:
            for name in _declared(client):
                tasks.start_soon(self._alone, client, name)

    async def look(self, client: Client, name: Name) -> None:
        """Read one list again; raises what kept it from being read."""
        async with self._lock:
            await self._keep(name, await _READ[name](client))

    async def _alone(self, client: Client, name: Name) -> None:
        try:
            found = await _READ[name](client)
        except Exception as error:
            failure = classify(error)
            if failure.fatal or failure.kind is Kind.CONNECTION:
                raise
            self._say(f"the {name} cannot be listed: {failure.message}")
            return
        async with self._lock:
            await self._keep(name, found)

    async def _keep(self, name: Name, found: tuple[Items, ...]) -> None:
        before = self._known.get(name)
        self._known[name] = found
        if before is not None and before != found:
            self._say(f"{name} changed: {len(before[0])} before, {len(found[0])} now")
            await self._changed(name)

    def _part(self, name: Name, number: int) -> Items:
        found = self._known.get(name)
        return found[number] if found else ()


def _declared(client: Client) -> list[Name]:
    """Tools always; the others if the server says that it has such."""
    capabilities = client.server_capabilities
    names: list[Name] = ["tools"]
    if capabilities.resources is not None:
        names.append("resources")
    if capabilities.prompts is not None:
        names.append("prompts")
    return names


async def _tools(client: Client) -> tuple[Items, ...]:
    return (await _pages(client.list_tools, "tools"),)


async def _resources(client: Client) -> tuple[Items, ...]:
    return (
        await _pages(client.list_resources, "resources"),
        await _pages(client.list_resource_templates, "resource_templates"),
    )


async def _prompts(client: Client) -> tuple[Items, ...]:
    return (await _pages(client.list_prompts, "prompts"),)


_READ: dict[Name, Callable[[Client], Awaitable[tuple[Items, ...]]]] = {
    "tools": _tools,
    "resources": _resources,
    "prompts": _prompts,
}


async def _pages(ask: Callable[..., Awaitable[PaginatedResult]], member: str) -> Items:
    found: list[Any] = []
    cursor: str | None = None
    for _ in range(_MOST_PAGES):
        page = await ask(cursor=cursor)
        items: Sequence[Any] = getattr(page, member)
        found += items
        cursor = page.next_cursor
        if cursor is None:
            break
    return tuple(found)
