"""Send an application's JSON answer as a stream of one event; while there is none yet, comments keep the way open.

The application answers once and whole. That is half the work of letting it write a stream of its own, and a proxy or
client that gives up on silent connections still sees a long call through.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress

from starlette.types import Message, Send

from toolpress.refusals import EVENTS

Header = tuple[bytes, bytes]

KEEP_ALIVE_S = 15.0
KEEP_ALIVE = b": keep-alive\n\n"
EVENT_HEADERS: tuple[Header, ...] = (
    (b"content-type", EVENTS.encode()),
    (b"cache-control", b"no-cache, no-transform"),
    (b"x-accel-buffering", b"no"),  # nginx passes each event on at once
)


def event(json: bytes) -> bytes:
    """One message as an event; JSON is one line as it is."""
    return b"event: message\ndata: " + json + b"\n\n"


def part(content: bytes) -> Message:
    """One piece of a body that goes on."""
    return {"type": "http.response.body", "body": content, "more_body": True}


class EventAnswer:
    """A `send` for one request; `close` it afterwards.

    A JSON answer of status 200 becomes an event, anything else passes as it is, a stream of the application's too.
    `extra` gives more headers for the body of such an answer; with it the answer is waited for in silence, since
    headers go first.
    """

    def __init__(self, send: Send, extra: Callable[[bytes], list[Header]] | None = None) -> None:
        self._send = send
        self._extra = extra
        self._start: Message | None = None
        self._waiting: asyncio.Task[None] | None = None
        self._answered = asyncio.Event()
        self._timer = None if extra else asyncio.get_running_loop().call_later(KEEP_ALIVE_S, self._begin_waiting)

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start" and _is_stream(message):
            await self.close()
            await self._send(message)
            return
        if message["type"] == "http.response.start":
            self._start = message
            return
        start, self._start = self._start, None
        await self.close()
        if self._waiting is not None:
            await self._send({**message, "body": event(message.get("body", b""))})
        elif start is None or not _is_answer(start, message):
            if start is not None:
                await self._send(start)
            await self._send(message)
        else:
            await self._send_event(start, message["body"])

    async def close(self) -> None:
        """No comment is sent from now on."""
        self._answered.set()
        if self._timer is not None:
            self._timer.cancel()
        if self._waiting is not None:
            await self._waiting

    async def _send_event(self, start: Message, body: bytes) -> None:
        content = event(body)
        length = (b"content-length", str(len(content)).encode())
        extra = self._extra(body) if self._extra else []
        await self._send({**start, "headers": [*EVENT_HEADERS, length, *extra]})
        await self._send({"type": "http.response.body", "body": content})

    def _begin_waiting(self) -> None:
        self._waiting = asyncio.create_task(self._wait())

    async def _wait(self) -> None:
        await self._send({"type": "http.response.start", "status": 200, "headers": list(EVENT_HEADERS)})
        while not self._answered.is_set():
            await self._send(part(KEEP_ALIVE))
            with suppress(TimeoutError):
                await asyncio.wait_for(self._answered.wait(), KEEP_ALIVE_S)


def _is_stream(start: Message) -> bool:
    return any(name == b"content-type" and value.startswith(EVENTS.encode()) for name, value in start["headers"])


def _is_answer(start: Message, message: Message) -> bool:
    """Whether this is a whole JSON answer to a request; a notification is taken with status 202."""
    return start["status"] == 200 and bool(message.get("body")) and not message.get("more_body", False)
