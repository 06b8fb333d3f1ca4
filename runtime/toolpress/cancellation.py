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
from mcp_types.version import HANDSHAKE_PROTOCOL_VERSIONS
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from toolpress.event_answer import event
from toolpress.gate import ADMITTED, Admitted
from toolpress.refusals import EVENTS, JSON

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
        session = headers.get("mcp-session-id")
        if headers.get("mcp-protocol-version") not in {None, *HANDSHAKE_PROTOCOL_VERSIONS}:
            await self._until_closed(admitted.body, scope, receive, send)
        elif session is not None:
            await self._until_told(session, admitted.body, scope, receive, send)
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

        loop, watching = asyncio.get_running_loop(), list[asyncio.Task[None]]()
        timer = loop.call_later(_WATCH_S, lambda: watching.append(loop.create_task(watch())))
        with anyio.CancelScope() as work:
            try:
                await self.app(scope, _once(body, closed), answer)
            finally:
                timer.cancel()
                for task in watching:
                    task.cancel()

    async def _until_told(self, session: str, body: bytes, scope: Scope, receive: Receive, send: Send) -> None:
        message = _object(body)
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
            headers = [(b"content-type", JSON.encode()), (b"content-length", str(len(content)).encode())]
            await self({"type": "http.response.start", "status": 200, "headers": headers})
        elif EVENTS.encode() in dict(self._start["headers"]).get(b"content-type", b""):
            content = event(content)
        else:
            return
        await self({"type": "http.response.body", "body": content})


def _once(body: bytes, closed: asyncio.Event) -> Receive:
    """A receive that gives the body, and then waits for the connection to close."""
    given = False

    async def receive() -> Message:
        nonlocal given
        if given:
            await closed.wait()
            return {"type": "http.disconnect"}
        given = True
        return {"type": "http.request", "body": body, "more_body": False}

    return receive


def _object(raw: Any) -> dict[str, Any]:
    """A JSON object, given as such or as text; what is none is empty."""
    if isinstance(raw, bytes):
        try:
            raw = json.loads(raw)
        except (ValueError, RecursionError):
            return {}
    return raw if isinstance(raw, dict) else {}
