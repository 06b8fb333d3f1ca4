"""One link at a time: questions are put once more after a break, calls never, and the pauses grow."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any, cast

import anyio
import pytest
from anyio.abc import TaskGroup
from mcp import Client, MCPError
from mcp_types import CONNECTION_CLOSED, INTERNAL_ERROR, REQUEST_TIMEOUT, UNSUPPORTED_PROTOCOL_VERSION

from toolpress.proxy.failures import FailedError, Failure, Kind
from toolpress.proxy.link import Link, Report
from toolpress.proxy.upstream import Backoff, Upstream

BROKEN = MCPError(CONNECTION_CLOSED, "broken")
REFUSED = MCPError(INTERNAL_ERROR, "refused", {"status": 401})
OLD = MCPError(UNSUPPORTED_PROTOCOL_VERSION, "too old")
SLOW = MCPError(REQUEST_TIMEOUT, "slow")
BAD = MCPError(INTERNAL_ERROR, "bad")


@dataclass
class World:
    """Servers that come and go: each attempt to connect takes the next of `attempts`, None for one that succeeds."""

    attempts: list[Exception | None]
    crash: Exception | None = None
    opened: int = 0
    closed: int = 0
    prepared: list[int] = field(default_factory=list)
    ready: list[int] = field(default_factory=list)
    pauses: list[float] = field(default_factory=list)
    lines: list[str] = field(default_factory=list)
    ends: list[Failure] = field(default_factory=list)
    lost: Report | None = None
    go: anyio.Event = field(default_factory=anyio.Event)
    """Until this is set, no pause ends."""
    crashes: anyio.Event = field(default_factory=anyio.Event)
    both_closed: anyio.Event = field(default_factory=anyio.Event)

    @asynccontextmanager
    async def connect(self, report: Report) -> AsyncIterator[Client]:
        failure = self.attempts.pop(0) if self.attempts else None
        if failure is not None:
            raise failure
        self.opened += 1
        self.lost = report
        try:
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(self._crash)
                yield cast("Client", self.opened)
                tasks.cancel_scope.cancel()
        finally:
            self.closed += 1
            if self.closed == 2:
                self.both_closed.set()

    async def _crash(self) -> None:
        await self.crashes.wait()
        self.crashes = anyio.Event()
        assert self.crash is not None
        raise self.crash

    async def prepare(self, client: Client) -> None:
        self.prepared.append(cast("int", client))

    async def sleep(self, seconds: float) -> None:
        self.pauses.append(seconds)
        await self.go.wait()

    def upstream(self, tasks: TaskGroup, backoff: Backoff | None = None) -> Upstream:
        return Upstream(
            self.connect,
            tasks=tasks,
            prepare=self.prepare,
            ready=lambda link: self.ready.append(cast("int", link.client)),
            gave_up=self.ends.append,
            say=self.lines.append,
            backoff=backoff,
            sleep=self.sleep,
        )


@asynccontextmanager
async def opened(world: World, backoff: Backoff | None = None) -> AsyncIterator[Upstream]:
    async with anyio.create_task_group() as tasks:
        upstream = world.upstream(tasks, backoff)
        await upstream.open()
        with anyio.fail_after(10):
            yield upstream
        tasks.cancel_scope.cancel()


Send = Callable[[Client], Awaitable[Any]]


def failing(*outcomes: Exception | str) -> tuple[Send, list[Client]]:
    """Something to send that fails or answers by turns, and the links that it was sent on."""
    sent: list[Client] = []

    async def send(client: Client) -> Any:
        outcome = outcomes[len(sent)]
        sent.append(client)
        if isinstance(outcome, Exception):
            raise outcome
        return outcome

    return send, sent


def test_the_pauses_double_up_to_the_longest() -> None:
    pauses = Backoff().pauses()
    assert (pauses[0], max(pauses), len(pauses)) == (1.0, 30.0, 10)
    assert all(later in (2 * earlier, 30.0) for earlier, later in pairwise(pauses))


async def test_what_works_is_sent_once() -> None:
    async with opened(World([])) as upstream:
        send, sent = failing("fine")
        assert await upstream.ask(send) == "fine"
        assert len(sent) == 1


async def test_a_question_is_put_once_more_after_a_break() -> None:
    world = World([])
    world.go.set()
    async with opened(world) as upstream:
        send, sent = failing(BROKEN, "fine")
        assert await upstream.ask(send) == "fine"
        assert sent == [1, 2]
        assert world.prepared == world.ready == [1, 2]
        assert world.pauses == [1.0]


async def test_a_question_is_not_put_a_third_time() -> None:
    world = World([])
    world.go.set()
    async with opened(world) as upstream:
        send, sent = failing(BROKEN, BROKEN)
        with pytest.raises(MCPError, match="broken"):
            await upstream.ask(send)
        assert sent == [1, 2]


async def test_a_call_is_never_sent_again() -> None:
    world = World([])
    world.go.set()
    async with opened(world) as upstream:
        send, sent = failing(BROKEN, "fine")
        with pytest.raises(MCPError, match="broken"):
            await upstream.once(send)
        assert sent == [1]
        assert await upstream.once(failing("fine")[0]) == "fine"
        assert world.opened == 2


@pytest.mark.parametrize("error", [SLOW, BAD, TimeoutError("ours")])
@pytest.mark.parametrize("way", ["ask", "once"])
async def test_other_errors_leave_the_link_alone(error: Exception, way: str) -> None:
    world = World([])
    async with opened(world) as upstream:
        send, sent = failing(error)
        with pytest.raises(type(error)):
            await getattr(upstream, way)(send)
        assert len(sent) == 1
        assert upstream.link is not None
        assert (world.pauses, world.ends) == ([], [])


@pytest.mark.parametrize("error", [REFUSED, OLD])
@pytest.mark.parametrize("way", ["ask", "once"])
async def test_a_refused_key_and_protocol_end_it_without_another_try(error: MCPError, way: str) -> None:
    world = World([])
    async with opened(world) as upstream:
        send, sent = failing(error)
        with pytest.raises(MCPError):
            await getattr(upstream, way)(send)
        assert len(sent) == 1
        with pytest.raises(FailedError, match=error.message):
            await upstream.ask(failing("never")[0])
        assert [end.message for end in world.ends] == [error.message]
        assert world.pauses == []


async def test_whatever_is_asked_meanwhile_waits_for_the_one_new_link() -> None:
    world = World([])
    async with opened(world) as upstream, anyio.create_task_group() as tasks:
        answers: list[tuple[str, Any]] = []

        async def use(way: str) -> None:
            async def send(client: Client) -> Client:
                return client

            answers.append((way, await getattr(upstream, way)(send)))

        with pytest.raises(MCPError):
            await upstream.once(failing(BROKEN)[0])
        for way in ("ask", "once", "ask"):
            tasks.start_soon(use, way)
        await anyio.wait_all_tasks_blocked()
        assert answers == []
        world.go.set()
    assert sorted(answers) == [("ask", 2), ("ask", 2), ("once", 2)]
    assert (world.opened, world.pauses) == (2, [1.0])


async def test_a_call_that_runs_is_left_to_end_on_its_link() -> None:
    world = World([])
    world.go.set()
    async with opened(world) as upstream, anyio.create_task_group() as tasks:
        running, ends, results = anyio.Event(), anyio.Event(), list[Any]()

        async def long(client: Client) -> Client:
            running.set()
            await ends.wait()
            return client

        async def call() -> None:
            results.append(await upstream.once(long))

        first = upstream.link
        assert first is not None
        tasks.start_soon(call)
        await running.wait()
        with pytest.raises(MCPError):
            await upstream.once(failing(BROKEN)[0])
        assert await upstream.ask(failing("fine")[0]) == "fine"
        assert (world.opened, world.closed, results) == (2, 0, [])
        ends.set()
        await first.closed.wait()
        assert (world.closed, results) == (1, [1])


async def test_attempts_go_on_with_longer_pauses_until_one_succeeds() -> None:
    world = World([None, BROKEN, OSError("no route"), BAD])
    world.go.set()
    async with opened(world, Backoff(longest_s=4.0)) as upstream:
        assert await upstream.ask(failing(BROKEN, "fine")[0]) == "fine"
        assert world.pauses == [1.0, 2.0, 4.0, 4.0]
        shown = [line for line in world.lines if line.startswith("reconnecting")]
        assert shown[1] == "reconnecting in 2 s, attempt 2 of 10"


async def test_it_gives_up_when_the_attempts_are_used_up() -> None:
    world = World([None, *[BROKEN] * 3])
    world.go.set()
    async with opened(world, Backoff(attempts=3)) as upstream:
        with pytest.raises(FailedError):
            await upstream.ask(failing(BROKEN)[0])
        assert len(world.pauses) == 3
        assert [end.kind for end in world.ends] == [Kind.CONNECTION]


@pytest.mark.parametrize("error", [REFUSED, OLD])
async def test_it_gives_up_at_once_when_the_new_link_is_refused(error: MCPError) -> None:
    world = World([None, error])
    world.go.set()
    async with opened(world) as upstream:
        with pytest.raises(FailedError, match=error.message):
            await upstream.ask(failing(BROKEN)[0])
        assert (len(world.pauses), len(world.ends)) == (1, 1)


async def test_the_first_link_is_not_tried_twice() -> None:
    world = World([BROKEN])
    async with anyio.create_task_group() as tasks:
        with pytest.raises(MCPError, match="broken"):
            await world.upstream(tasks).open()
    assert (world.pauses, world.ends) == ([], [])


async def test_a_link_that_says_it_is_lost_is_replaced() -> None:
    world = World([])
    world.go.set()
    async with opened(world) as upstream:
        assert world.lost is not None
        world.lost(FailedError(Failure(Kind.CONNECTION, "the stream is gone")))
        assert await upstream.ask(failing("fine")[0]) == "fine"
        assert world.opened == 2
        assert any("the stream is gone" in line for line in world.lines)


@pytest.mark.parametrize("crash", [BAD, ValueError("a fault in the session")])
async def test_a_session_that_crashes_is_replaced_whatever_it_was(crash: Exception) -> None:
    world = World([], crash=crash)
    world.go.set()
    async with opened(world) as upstream:
        link = upstream.link
        assert link is not None
        world.crashes.set()
        await link.closed.wait()
        assert await upstream.ask(failing("fine")[0]) == "fine"
        assert (world.opened, world.closed) == (2, 1)


async def test_a_link_whose_lists_cannot_be_read_is_none() -> None:
    world = World([])
    world.go.set()

    async def prepare(client: Client) -> None:
        if client == 2:
            raise BROKEN

    world.prepare = prepare  # type: ignore[method-assign]  # the second server is sick
    async with opened(world) as upstream:
        assert await upstream.ask(failing(BROKEN, "fine")[0]) == "fine"
        assert (world.opened, world.pauses) == (3, [1.0, 2.0])
        await world.both_closed.wait()
        assert world.ready == [1, 3]


async def test_closing_closes_the_link() -> None:
    world = World([])
    async with opened(world) as upstream:
        await upstream.close()
        assert world.closed == 1


async def test_a_link_is_used_only_while_it_is_open() -> None:
    with pytest.raises(RuntimeError, match="open"):
        await Link().use(failing("never")[0])
