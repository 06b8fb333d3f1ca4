"""What replicas tell one another, over a real Redis, while it is away, and without one."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

from tests.redis_server import needs_redis, running
from toolpress import bus as module
from toolpress.bus import Bus, Changed, Missed, Notice, RoleSeen, open_bus

NOTES, ROLE = Changed("t1", "notebook://notes"), RoleSeen("o1", "member")


class Ear:
    """A bus, and what was heard on it."""

    def __init__(self, bus: Bus) -> None:
        self.bus = bus
        self.heard: asyncio.Queue[Notice] = asyncio.Queue()
        bus.on_notice = self.heard.put_nowait

    async def next(self) -> Notice:
        return await asyncio.wait_for(self.heard.get(), 20)


@pytest.fixture
def redis(tmp_path: Path) -> Iterator[str]:
    with running(tmp_path) as path:
        yield f"unix://{path}"


@pytest.fixture
def log(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What was said of Redis."""
    lines: list[str] = []
    monkeypatch.setattr(module, "bus_log", lambda error: lines.append("lost" if error else "found"))
    return lines


@asynccontextmanager
async def replicas(url: str, *servers: str) -> AsyncIterator[list[Ear]]:
    ears = [Ear(open_bus(url, server)) for server in servers]
    async with AsyncExitStack() as stack:
        for ear in ears:
            await stack.enter_async_context(ear.bus)
        yield ears


async def test_in_one_process_what_is_told_is_heard_at_once() -> None:
    async with replicas("", "notebook") as [alone]:
        alone.bus.tell(NOTES)
        assert alone.heard.get_nowait() == NOTES


@needs_redis
async def test_replicas_of_one_server_hear_each_other_and_every_notice_once(redis: str) -> None:
    async with replicas(redis, "notebook", "notebook", "diary") as [first, second, other]:
        first.bus.tell(NOTES)
        assert first.heard.get_nowait() == NOTES
        assert await second.next() == NOTES
        second.bus.tell(ROLE)
        other.bus.tell(ROLE)
        assert [second.heard.get_nowait(), other.heard.get_nowait()] == [ROLE, ROLE]
        assert await first.next() == ROLE
        first.bus.tell(NOTES)
        assert await second.next() == NOTES
        assert [first.heard.get_nowait(), first.heard.empty(), other.heard.empty()] == [NOTES, True, True]


@needs_redis
async def test_what_is_not_understood_is_passed_over(redis: str) -> None:
    known = {"from": "x", "kind": "changed", "tenant": "t1", "uri": "notebook://notes"}
    strange = [
        known | {"kind": "of the next version"},
        known | {"more": "1"},
        known | {"tenant": []},
        {"from": "x"},
        [],
        None,
        "text",
    ]
    client = import_module("redis.asyncio").from_url(redis)
    async with client, replicas(redis, "notebook") as [ear]:
        for message in [*map(json.dumps, strange), "{", json.dumps(known)]:
            await client.publish("toolpress-notebook-notices", message)
        assert await ear.next() == NOTES


@needs_redis
async def test_after_redis_was_away_replicas_know_that_they_missed_something_and_hear_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, log: list[str]
) -> None:
    monkeypatch.setattr(module, "_PAUSE_S", 0.05)
    async with AsyncExitStack() as stack:
        with running(tmp_path) as path:
            both = await stack.enter_async_context(replicas(f"unix://{path}", "notebook", "notebook"))
        first, second = both
        first.bus.tell(ROLE)
        assert first.heard.get_nowait() == ROLE
        with running(tmp_path):
            for ear in both:
                while await ear.next() != Missed():
                    pass
            first.bus.tell(NOTES)
            while await second.next() != NOTES:
                pass
            assert log.count("lost") == len(both)


@needs_redis
async def test_a_replica_that_started_before_redis_did_joins_when_it_can(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, log: list[str]
) -> None:
    monkeypatch.setattr(module, "_PAUSE_S", 0.05)
    async with replicas(f"unix://{tmp_path / 'redis.sock'}", "notebook") as [ear]:
        with running(tmp_path):
            assert await ear.next() == Missed()
            assert log == ["lost", "found"]


@needs_redis
async def test_a_notice_that_could_not_be_sent_is_sent_later(redis: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_PAUSE_S", 0.001)
    async with replicas(redis, "notebook", "notebook") as [first, second]:
        client = first.bus._client
        send, failures = client.publish, iter([ConnectionError(), TimeoutError()])

        async def publish(*words: Any) -> None:
            for failure in failures:
                raise failure
            await send(*words)

        client.publish = publish
        first.bus.tell(NOTES)
        first.bus.tell(ROLE)
        assert {await second.next(), await second.next()} == {NOTES, ROLE}


@needs_redis
async def test_what_was_told_last_is_sent_before_the_end(redis: str) -> None:
    async with replicas(redis, "notebook") as [stays]:
        async with replicas(redis, "notebook") as [leaves]:
            leaves.bus.tell(NOTES)
        assert await stays.next() == NOTES


class Away:
    """A Redis that never answers, and how often it was tried."""

    def __init__(self, enough: int) -> None:
        self.sent: list[Any] = []
        self.tried = asyncio.Event()
        self._enough = enough

    async def publish(self, *words: Any) -> None:
        self.sent.append(words)
        if len(self.sent) == self._enough:
            self.tried.set()
        raise ConnectionError("no route to Redis")

    def pubsub(self) -> Any:
        raise ConnectionError("no route to Redis")

    async def aclose(self) -> None: ...


async def test_a_redis_that_is_away_is_reported_once_and_holds_up_nobody(
    monkeypatch: pytest.MonkeyPatch, log: list[str]
) -> None:
    away = Away(enough=5)
    monkeypatch.setattr(module, "_PAUSE_S", 0.001)
    monkeypatch.setattr("toolpress.oauth.open_redis", lambda _url: away)
    async with replicas("redis://nowhere", "notebook") as [ear]:
        for number in range(5000):
            ear.bus.tell(Changed(f"t{number}", "notebook://notes"))
        await asyncio.wait_for(away.tried.wait(), 20)
        assert ear.heard.qsize() == 5000
        assert len(ear.bus._waiting) < 2000, "what waits is bounded"
    assert log == ["lost"]


@needs_redis
async def test_a_connection_that_went_silent_is_noticed(redis: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Redis is asked after a while of silence whether it is there; one that does not answer is left for a new try."""
    for name, seconds in (("_QUIET_S", 0.05), ("_WAIT_S", 0.3), ("_PAUSE_S", 0.05)):
        monkeypatch.setattr(module, name, seconds)
    client = import_module("redis.asyncio").from_url(redis)
    async with client, replicas(redis, "notebook") as [ear]:
        async with asyncio.timeout(20):
            while (await client.info("commandstats")).get("cmdstat_ping", {}).get("calls", 0) < 3:
                assert ear.heard.empty(), "it answered"
        await client.execute_command("CLIENT", "PAUSE", 1000, "ALL")
        assert await ear.next() == Missed()
