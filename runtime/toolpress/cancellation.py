"""Stop the work on a request that its client takes back, in ASGI, before an application that keeps no state.

Since 2026-07-28 a client closes the connection. Clients with a session send `notifications/cancelled`, and a closed
connection means nothing; the request then ends with an error of its own. Without sessions nobody can say whose
request of that number is meant.
"""

from __future__ import annotations

import asyncio
import json
from typing import Any

import anyio
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from toolpress import eras
from toolpress.contract import JsonObject
from toolpress.event_answer import event
from toolpress.gate import ADMITTED, Admitted, replay
from toolpress.lane.wire import send_json
from toolpress.refusals import EVENTS

REQUEST_CANCELLED = -32800
"""What the protocol library answers in sessions that it keeps itself."""

_WATCH_S = 0.25
"""For how long a request runs before anybody looks whether its client is still there: most are over by then."""


class Cancellation:
    def __init__(self, app: ASGIApp) -> None:
        self.app = app
        self._running: dict[tuple[str, Any], anyio.CancelScope] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        admitted: Admitted | None = scope.get(ADMITTED)
        if admitted is None or scope["method"] != "POST":
            await self.app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        session = headers.get(eras.SESSION)
        if eras.is_later(headers):
            await self._until_closed(admitted.body, scope, receive, send)
        elif session is not None:
            await self._until_told(session, _object(admitted.message), scope, receive, send)
        else:
            await self.app(scope, receive, send)

    async def _until_closed(self, body: bytes, scope: Scope, receive: Receive, send: Send) -> None:
        answer, closed = _Answer(send), asyncio.Event()

        async def watch() -> None:
            while (await receive())["type"] != "http.disconnect":
                pass
            closed.set()
            if not answer.ended:  # else it is the server that has hung up
                work.cancel()

        async def gone() -> Message:
            await closed.wait()
            return {"type": "http.disconnect"}

        loop, watching = asyncio.get_running_loop(), list[asyncio.Task[None]]()
        timer = loop.call_later(_WATCH_S, lambda: watching.append(loop.create_task(watch())))
        with anyio.CancelScope() as work:
            try:
                await self.app(scope, replay(body, gone), answer)
            finally:
                timer.cancel()
                for task in watching:
                    task.cancel()

    async def _until_told(self, session: str, message: JsonObject, scope: Scope, receive: Receive, send: Send) -> None:
        if message.get("method") == "notifications/cancelled":
            self._cancel(session, _object(message.get("params")).get("requestId"))
        number = message.get("id")
        if not isinstance(number, int | str) or "method" not in message:
            await self.app(scope, receive, send)
            return
        answer = _Answer(send)
        with anyio.CancelScope() as work:
            self._running[session, number] = work
            try:
                await self.app(scope, receive, answer)
            finally:
                if self._running.get((session, number)) is work:
                    del self._running[session, number]
        if work.cancelled_caught:
            await answer.cancelled(number)

    def _cancel(self, session: str, number: Any) -> None:
        if isinstance(number, int | str) and (session, number) in self._running:
            self._running[session, number].cancel()


class _Answer:
    """A `send` that knows how far the answer is."""

    def __init__(self, send: Send) -> None:
        self._send = send
        self._start: Message | None = None
        self.ended = False

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self._start = message
        self.ended = message["type"] == "http.response.body" and not message.get("more_body", False)
        await self._send(message)

    async def cancelled(self, number: int | str) -> None:
        """End it with the error, unless it had ended."""
        if self.ended:
            return
        error = {"code": REQUEST_CANCELLED, "message": "Request cancelled"}
        content = json.dumps({"jsonrpc": "2.0", "id": number, "error": error}).encode()
        if self._start is None:
            await send_json(self, content)
        elif EVENTS.encode() in dict(self._start["headers"]).get(b"content-type", b""):
            await self({"type": "http.response.body", "body": event(content)})


def _object(found: Any) -> JsonObject:
    """What is no object is an empty one."""
    return found if isinstance(found, dict) else {}
