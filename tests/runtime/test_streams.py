"""Answers as events, and streams that the server speaks first on."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from typing import Any

import pytest
from mcp.server.subscriptions import ResourceUpdated, ToolsListChanged

from toolpress import event_answer
from toolpress.event_answer import EventAnswer
from toolpress.streams import Stream, Streams, process_is_leaving

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
        self.lasting = True
        self.stream = Stream(session, owner)
        self.task = asyncio.create_task(streams.serve(self.stream, self._lasts, self._receive, self.sent))

    async def _lasts(self) -> bool:
        return self.lasting

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
    listener.lasting = False
    assert (await listener.ended()).startswith(b": open\n\n: keep-alive\n\n")
    assert listener.sent.head[b"content-type"] == b"text/event-stream"
    assert not listener.sent.messages[-1].get("more_body", False)


def told(listener: Listener) -> list[Any]:
    lines = listener.sent.body.decode().splitlines()
    return [json.loads(line.removeprefix("data: ")) for line in lines if line.startswith("data: ")]


TOOLS = {"jsonrpc": "2.0", "method": "notifications/tools/list_changed"}
NOTES = {"jsonrpc": "2.0", "method": "notifications/resources/updated", "params": {"uri": 'notes://"all"'}}


async def test_what_happens_is_told_at_once_and_what_happens_often_meanwhile_once() -> None:
    several = streams(step_s=1000)
    mine, theirs = Listener(several, "one"), Listener(several, "two")
    for listener in (mine, theirs):
        await listener.sent.until(lambda sent=listener.sent: sent.messages)
    for happened in (ToolsListChanged(), ResourceUpdated('notes://"all"'), ToolsListChanged()):
        await mine.stream.tell(happened)
    await mine.sent.until(lambda: told(mine) == [TOOLS, NOTES])
    await mine.stream.tell(ToolsListChanged())
    await mine.sent.until(lambda: told(mine) == [TOOLS, NOTES, TOOLS])
    for listener in (mine, theirs):
        listener.gone.set()
        await listener.ended()
    assert told(theirs) == []


async def test_what_a_stream_has_not_told_is_told_by_the_next_of_its_session() -> None:
    several = streams(step_s=1000)
    first = Listener(several)
    await first.sent.until(lambda: first.sent.messages)
    await first.stream.tell(ResourceUpdated('notes://"all"'))
    second = Listener(several)
    await asyncio.gather(first.ended(), second.sent.until(lambda: told(second) == [NOTES]))
    assert told(first) == []
    several.end("s")
    await second.ended()


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
