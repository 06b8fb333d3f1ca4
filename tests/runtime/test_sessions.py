"""Sessions that nobody has to remember: sealed ids, those that were ended, streams and answers as events."""

from __future__ import annotations

import asyncio
import base64
import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from key_value.aio.stores.memory import MemoryStore

from tests.runtime.fixture_catalog.catalog import CATALOG
from toolpress import event_answer
from toolpress.contract import Sessions
from toolpress.event_answer import EventAnswer
from toolpress.oauth import StoreUnavailable
from toolpress.principal import Credential
from toolpress.sessions import SessionBook
from toolpress.streams import Streams, process_is_leaving
from toolpress_catalogs.zihin.catalog import CATALOG as ZIHIN

RULES = Sessions((("free", 24.0), ("pro", 168.0)), plan="plan")
KEY = "a secret that every replica has, long enough"
MINE, OTHER = Credential("nb_test_mine"), Credential("nb_test_other")
HOUR = 3600.0
PROTOCOL = "2025-06-18"


class Clock:
    def __init__(self) -> None:
        self.now = 1_800_000_000.0

    def __call__(self) -> float:
        return self.now


def book(clock: Clock, store: MemoryStore | None = None, **changes: Any) -> SessionBook:
    facts: dict[str, Any] = {"catalog": "notebook", "rules": RULES, "key": KEY, **changes}
    return SessionBook(facts["catalog"], facts["rules"], store or MemoryStore(), facts["key"], clock)


@pytest.mark.parametrize(("plan", "hours"), [("free", 24), ("pro", 168), ("unheard of", 24), (None, 24)])
async def test_a_session_lasts_as_long_as_the_plan_says(plan: str | None, hours: int) -> None:
    clock = Clock()
    sessions = book(clock)
    identifier = sessions.open(MINE, plan, PROTOCOL)
    clock.now += hours * HOUR - 1
    session = await sessions.read(identifier, MINE)
    assert session is not None
    assert session.protocol == PROTOCOL
    clock.now += 1
    assert await sessions.read(identifier, MINE) is None


@pytest.mark.parametrize(
    ("plan", "hours"), [("free", 24), ("basic", 7 * 24), ("pro", 7 * 24), ("enterprise", 30 * 24), ("core", 24)]
)
async def test_the_lifetimes_that_zihin_states(plan: str, hours: int) -> None:
    clock = Clock()
    assert ZIHIN.sessions is not None
    sessions = book(clock, rules=ZIHIN.sessions)
    identifier = sessions.open(MINE, plan, PROTOCOL)
    session = await sessions.read(identifier, MINE)
    assert session is not None
    assert session.ends - clock.now == hours * HOUR


async def test_any_replica_with_the_key_knows_it_and_none_without() -> None:
    clock = Clock()
    identifier = book(clock).open(MINE, "free", PROTOCOL)
    assert await book(clock).read(identifier, MINE) is not None
    assert await book(clock, key=KEY + "!").read(identifier, MINE) is None
    assert await book(clock, catalog="diary").read(identifier, MINE) is None


async def test_it_is_good_for_one_credential() -> None:
    clock = Clock()
    sessions = book(clock)
    identifier = sessions.open(MINE, "free", PROTOCOL)
    assert await sessions.read(identifier, OTHER) is None
    assert await sessions.read(identifier, Credential(MINE.key, "acme")) is None
    assert len({sessions.open(MINE, "free", PROTOCOL) for _ in range(100)}) == 100


async def test_the_id_is_printable_and_tells_nothing() -> None:
    identifier = book(Clock()).open(Credential("nb_test_mine", "acme"), "free", PROTOCOL)
    assert re.fullmatch(r"[A-Za-z0-9_-]{40,100}", identifier)
    raw = base64.urlsafe_b64decode(identifier + "==")
    assert not any(text in raw for text in (b"nb_test", b"acme", PROTOCOL.encode(), b"free"))


@settings(deadline=None, max_examples=200)
@given(st.text(max_size=90) | st.binary(max_size=80).map(lambda raw: base64.urlsafe_b64encode(raw).decode()))
def test_what_is_no_id_is_no_session(text: str) -> None:
    assert asyncio.run(book(Clock()).read(text, MINE)) is None


@settings(deadline=None, max_examples=100)
@given(st.data())
def test_an_id_with_one_changed_bit_is_none(data: st.DataObject) -> None:
    sessions = book(Clock())
    identifier = sessions.open(MINE, "free", PROTOCOL)
    raw = bytearray(base64.urlsafe_b64decode(identifier + "=" * (-len(identifier) % 4)))
    raw[data.draw(st.integers(0, len(raw) - 1))] ^= 1 << data.draw(st.integers(0, 7))
    assert asyncio.run(sessions.read(base64.urlsafe_b64encode(raw).decode().rstrip("="), MINE)) is None


async def test_an_ended_session_is_over_for_every_replica_that_shares_the_store() -> None:
    clock, store = Clock(), MemoryStore()
    here, there, elsewhere = book(clock, store), book(clock, store), book(clock)
    identifier = here.open(MINE, "free", PROTOCOL)
    session = await there.read(identifier, MINE)
    assert session is not None
    await there.end(session)
    assert await here.read(identifier, MINE) is None
    assert not await here.lasts(session)
    assert await elsewhere.read(identifier, MINE) is not None, "without the store there is nothing to know it by"
    assert await here.read(here.open(MINE, "free", PROTOCOL), MINE) is not None


async def test_a_store_that_is_down_says_so() -> None:
    class Down(MemoryStore):
        async def get(self, *_: Any, **__: Any) -> Any:
            raise ConnectionError("down")

    sessions = book(Clock(), Down())
    with pytest.raises(StoreUnavailable):
        await sessions.read(sessions.open(MINE, "free", PROTOCOL), MINE)


def test_the_fixture_product_keeps_none() -> None:
    assert CATALOG.sessions is None
    assert replace(CATALOG, sessions=RULES).sessions == RULES


# Answers as events.


class Sent:
    """What went out, as ASGI messages."""

    def __init__(self) -> None:
        self.messages: list[dict[str, Any]] = []
        self._came = asyncio.Event()

    async def __call__(self, message: Any) -> None:
        self.messages.append(message)
        self._came.set()

    async def until(self, enough: Callable[[], Any]) -> None:
        async with asyncio.timeout(20):
            while not enough():
                self._came.clear()
                await self._came.wait()

    @property
    def head(self) -> dict[bytes, bytes]:
        return dict(self.messages[0]["headers"])

    @property
    def body(self) -> bytes:
        return b"".join(message.get("body", b"") for message in self.messages[1:])


async def answer(send: Any, status: int, body: bytes) -> None:
    head = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": status, "headers": head})
    await send({"type": "http.response.body", "body": body})


async def test_an_answer_becomes_one_event() -> None:
    sent = Sent()
    async_answer = EventAnswer(sent)
    await answer(async_answer, 200, b'{"id":1}')
    await async_answer.close()
    assert sent.body == b'event: message\ndata: {"id":1}\n\n'
    assert sent.head[b"content-type"] == b"text/event-stream"
    assert sent.head[b"content-length"] == str(len(sent.body)).encode()


@pytest.mark.parametrize(("status", "body"), [(202, b""), (400, b'{"id":null}'), (500, b"no")])
async def test_what_is_no_answer_passes_as_it_is(status: int, body: bytes) -> None:
    plain, sent = Sent(), Sent()
    await answer(plain, status, body)
    wrapped = EventAnswer(sent)
    await answer(wrapped, status, body)
    await wrapped.close()
    assert sent.messages == plain.messages


async def test_while_an_answer_takes_its_time_the_connection_is_kept_open(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(event_answer, "KEEP_ALIVE_S", 0.001)
    sent = Sent()
    slow = EventAnswer(sent)
    await sent.until(lambda: len(sent.messages) >= 4)
    await answer(slow, 200, b'{"id":1}')
    await slow.close()
    assert sent.messages[0]["status"] == 200
    assert b"content-length" not in sent.head
    comments, event = sent.messages[1:-1], sent.messages[-1]
    assert {message["body"] for message in comments} == {b": keep-alive\n\n"}
    assert all(message["more_body"] for message in comments)
    assert event["body"] == b'event: message\ndata: {"id":1}\n\n'
    assert not event.get("more_body", False)


# Streams that the server speaks first on.


class Listener:
    """A client with an open stream; `gone` closes its connection."""

    def __init__(self, streams: Streams, session: str = "s", owner: str = "o") -> None:
        self.sent = Sent()
        self.gone = asyncio.Event()
        self.looks: list[tuple[bool, str | None]] = [(True, "owner")]
        self.task = asyncio.create_task(streams.serve(session, owner, self._look, self._receive, self.sent))

    async def _look(self) -> tuple[bool, str | None]:
        return self.looks.pop(0) if self.looks[1:] else self.looks[0]

    async def _receive(self) -> dict[str, Any]:
        await self.gone.wait()
        return {"type": "http.disconnect"}

    async def ended(self) -> bytes:
        await asyncio.wait_for(self.task, 20)
        return self.sent.body


def streams(**options: Any) -> Streams:
    return Streams(options.pop("leaving", lambda: False), **{"step_s": 0.001, **options})


async def test_a_stream_is_kept_open_until_the_session_is_over() -> None:
    listener = Listener(streams())
    await listener.sent.until(lambda: b"keep-alive" in listener.sent.body)
    listener.looks = [(False, "owner")]
    assert (await listener.ended()).startswith(b": open\n\n: keep-alive\n\n")
    assert listener.sent.head[b"content-type"] == b"text/event-stream"
    assert not listener.sent.messages[-1].get("more_body", False)


async def test_a_change_of_role_is_told_once() -> None:
    listener = Listener(streams())
    listener.looks = [(True, "owner"), (True, None), (True, "owner"), (True, "editor"), (True, "editor"), (False, None)]
    body = await listener.ended()
    assert body.count(b'data: {"jsonrpc":"2.0","method":"notifications/tools/list_changed"}\n\n') == 1
    assert body.count(b"keep-alive") == 3


async def test_a_stream_ends_when_its_session_is_ended_here() -> None:
    several = streams(step_s=1000)
    one, two = Listener(several, "one"), Listener(several, "two")
    for listener in (one, two):
        await listener.sent.until(lambda sent=listener.sent: sent.messages)
    several.end("one")
    several.end("unheard of")
    await one.ended()
    assert not two.task.done()
    two.gone.set()
    await two.ended()


async def test_a_session_has_one_stream_and_the_newest_counts() -> None:
    several = streams(step_s=1000)
    first = Listener(several)
    await first.sent.until(lambda: first.sent.messages)
    second = Listener(several)
    await first.ended()
    assert not second.task.done()
    several.end("s")
    await second.ended()


async def test_a_client_that_goes_is_noticed_and_makes_room() -> None:
    several = streams(step_s=1000, most=2, most_of_owner=1)
    listener = Listener(several)
    await listener.sent.until(lambda: listener.sent.messages)
    assert not several.has_room("o")
    assert several.has_room("p")
    listener.gone.set()
    await listener.ended()
    assert several.has_room("o")


async def test_the_number_of_streams_is_bounded() -> None:
    several = streams(step_s=1000, most=2)
    both = [Listener(several, name, name) for name in ("one", "two")]
    for listener in both:
        await listener.sent.until(lambda sent=listener.sent: sent.messages)
    assert not several.has_room("three")
    for listener in both:
        listener.gone.set()
        await listener.ended()


async def test_streams_end_when_the_server_is_about_to_stop() -> None:
    leaving = [False]
    several = streams(step_s=1000, leaving=lambda: leaving[0])
    listener = Listener(several)
    await listener.sent.until(lambda: listener.sent.messages)
    leaving[0] = True
    assert not several.has_room("p")
    await listener.ended()


async def test_no_stream_outlives_its_time() -> None:
    now = iter(range(0, 10_000, 100))
    listener = Listener(streams(life_s=300.0, clock=lambda: float(next(now))))
    assert (await listener.ended()).count(b"keep-alive") == 2


async def test_a_stream_whose_task_is_cancelled_leaves_nothing_behind() -> None:
    several = streams(step_s=1000, most=1)
    listener = Listener(several)
    await listener.sent.until(lambda: listener.sent.messages)
    listener.task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await listener.task
    assert several.has_room("o")


def test_this_process_is_not_leaving() -> None:
    assert process_is_leaving() is False
