"""Changes that the server tells of lead to one look each, and the stream that tells of them is kept open."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, cast

import anyio
import pytest
from mcp import Client, MCPError
from mcp.client.subscriptions import SubscriptionLost
from mcp_types import (
    CONNECTION_CLOSED,
    INTERNAL_ERROR,
    METHOD_NOT_FOUND,
    LoggingMessageNotification,
    LoggingMessageNotificationParams,
    PromptListChangedNotification,
    ResourceListChangedNotification,
    ServerCapabilities,
    ToolListChangedNotification,
    ToolsCapability,
)

from toolpress.proxy.failures import Kind, classify
from toolpress.proxy.link import Link
from toolpress.proxy.lists import Lists
from toolpress.proxy.upstream import Upstream
from toolpress.proxy.watch import Watch

REFUSED = MCPError(INTERNAL_ERROR, "refused", {"status": 401})
BROKEN = MCPError(CONNECTION_CLOSED, "broken")


@dataclass
class World:
    """A link, its client, the lists and the upstream, in one."""

    streams: list[Exception | None] = field(default_factory=list)
    """How each stream ends in turn; the stream after the last one stays open."""
    protocol_version: str = "2026-07-28"
    announced: bool = True
    error: Exception | None = None
    replaced: bool = False
    opened: int = 0
    looked: list[str] = field(default_factory=list)
    reported: list[BaseException] = field(default_factory=list)
    lines: list[str] = field(default_factory=list)
    pauses: list[float] = field(default_factory=list)
    gate: anyio.Event | None = None
    staying: anyio.Event = field(default_factory=anyio.Event)

    def __post_init__(self) -> None:
        self.watch = Watch(lambda: cast("Upstream", self), cast("Lists", self), say=self.lines.append, sleep=self.sleep)

    @property
    def server_capabilities(self) -> ServerCapabilities:
        return ServerCapabilities(tools=ToolsCapability(list_changed=self.announced))

    @property
    def client(self) -> World:
        return self

    @property
    def link(self) -> World | None:
        return None if self.replaced else self

    @asynccontextmanager
    async def listen(self, **wanted: bool) -> AsyncIterator[AsyncIterator[object]]:
        assert wanted == {"tools_list_changed": True, "resources_list_changed": False, "prompts_list_changed": False}
        number, self.opened = self.opened, self.opened + 1

        async def events() -> AsyncIterator[object]:
            yield "a change"
            if number == len(self.streams):
                self.staying.set()
                await anyio.sleep_forever()
            ending = self.streams[number]
            if ending is not None:
                raise ending

        yield events()

    async def sleep(self, seconds: float) -> None:
        self.pauses.append(seconds)

    async def use(self, send: Callable[[Any], Awaitable[Any]]) -> Any:
        return await send(self)

    async def ask(self, send: Callable[[Any], Awaitable[Any]]) -> Any:
        return await send(self)

    async def prepare(self, _client: Client) -> None:
        await self.look(_client, "all")

    async def look(self, _client: Any, name: str) -> None:
        self.looked.append(name)
        if self.gate is not None:
            await self.gate.wait()
        if self.error is not None:
            raise self.error

    def report(self, link: Any, error: BaseException) -> bool:
        assert link is self
        self.reported.append(error)
        return False

    async def stay(self) -> None:
        with anyio.fail_after(5):
            await self.watch.stay(cast("Link", self))


@pytest.mark.parametrize("end", [None, SubscriptionLost("gone")])
async def test_a_stream_that_ends_is_opened_again_after_a_look_at_what_it_missed(end: Exception | None) -> None:
    world = World([end, end])
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(world.watch.stay, cast("Link", world))
        with anyio.fail_after(5):
            await world.staying.wait()
        tasks.cancel_scope.cancel()
    assert world.looked == ["all", "all"]
    assert world.pauses == [1.0, 1.0]
    assert world.reported == []


@pytest.mark.parametrize(
    ("error", "kind"), [(BROKEN, Kind.CONNECTION), (REFUSED, Kind.AUTH), (ValueError("x"), Kind.CONNECTION)]
)
async def test_a_server_that_is_gone_with_its_stream_is_reported(error: Exception, kind: Kind) -> None:
    world = World([None], error=error)
    await world.stay()
    assert world.opened == 1
    assert [classify(found).kind for found in world.reported] == [kind]


async def test_the_stream_of_a_link_that_was_replaced_is_left() -> None:
    world = World([None], replaced=True)
    await world.stay()
    assert (world.opened, world.looked, world.reported) == (1, [], [])


@pytest.mark.parametrize("error", [MCPError(METHOD_NOT_FOUND, "no such method"), REFUSED])
async def test_a_stream_that_is_refused_is_reported_and_not_tried_again(error: MCPError) -> None:
    world = World([error])
    await world.stay()
    assert (world.opened, world.reported) == (1, [error])


@pytest.mark.parametrize("world", [World(protocol_version="2025-11-25"), World(announced=False)])
async def test_without_a_stream_there_is_nothing_to_keep(world: World) -> None:
    await world.stay()
    assert world.opened == 0


@pytest.mark.parametrize(
    ("message", "name"),
    [
        (ToolListChangedNotification(), "tools"),
        (ResourceListChangedNotification(), "resources"),
        (PromptListChangedNotification(), "prompts"),
    ],
)
async def test_each_list_is_looked_at_when_it_is_said_to_have_changed(message: Any, name: str) -> None:
    world = World()
    await world.watch.on_message(message)
    assert world.looked == [name]


async def test_other_messages_lead_to_nothing() -> None:
    world = World()
    params = LoggingMessageNotificationParams(level="info", data="hello")
    await world.watch.on_message(LoggingMessageNotification(params=params))
    await world.watch.on_message(RuntimeError("of the transport"))
    assert world.looked == []


async def test_what_is_said_while_a_look_is_due_leads_to_no_second_one() -> None:
    world = World()
    waiting = anyio.Event()

    async def ask(send: Callable[[Any], Awaitable[Any]]) -> Any:
        await waiting.wait()
        return await send(world)

    world.ask = ask  # type: ignore[method-assign]  # the link is being replaced
    async with anyio.create_task_group() as tasks:
        for _ in range(5):
            tasks.start_soon(world.watch.on_message, ToolListChangedNotification())
        await anyio.wait_all_tasks_blocked()
        waiting.set()
    assert world.looked == ["tools"]


async def test_what_is_said_during_a_look_leads_to_another() -> None:
    world = World(gate=anyio.Event())
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(world.watch.on_message, ToolListChangedNotification())
        await anyio.wait_all_tasks_blocked()
        tasks.start_soon(world.watch.on_message, ToolListChangedNotification())
        await anyio.wait_all_tasks_blocked()
        assert world.gate is not None
        world.gate.set()
    assert world.looked == ["tools", "tools"]


async def test_a_look_that_fails_is_a_line() -> None:
    world = World(error=ValueError("sick"))
    await world.watch.on_message(ToolListChangedNotification())
    assert world.lines == ["the tools cannot be listed: sick"]
