"""The sessions of clients that open with a handshake, in ASGI: between the gate and an application without state.

`initialize` gives an id, every later request brings it, DELETE ends it, GET opens a stream for it. Such clients are
answered with event streams. Requests of 2026-07-28 and later have no sessions and pass untouched, as does what is not
for the endpoint.
"""

from __future__ import annotations

from functools import partial
from typing import Any

from starlette.datastructures import Headers
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from toolpress import eras
from toolpress.audience import Join
from toolpress.errors import ToolpressError, UpstreamError
from toolpress.event_answer import EventAnswer, Header
from toolpress.gate import ADMITTED, SESSION, Admitted, json_of
from toolpress.principal import Caller
from toolpress.refusals import INVALID_REQUEST, UNAVAILABLE, Refused, refusal, unavailable
from toolpress.sessions import OpenSession, Session, SessionBook
from toolpress.streams import Stream, Streams
from toolpress.telemetry import SILENT, Observer


class SessionLayer:
    """What it hands on for a session has its `OpenSession` as `scope[SESSION]`; `join` is how its streams listen."""

    def __init__(
        self, app: ASGIApp, *, book: SessionBook, streams: Streams, join: Join, observer: Observer = SILENT
    ) -> None:
        self.app = app
        self._observer = observer
        self._book = book
        self._streams = streams
        self._join = join

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        admitted: Admitted | None = scope.get(ADMITTED)
        if admitted is None:
            await self.app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        if scope["method"] == "POST" and eras.is_later(headers):
            await self.app(scope, receive, send)
            return
        try:
            await self._routed(admitted, headers, scope, receive, send)
        except Refused as refused:
            await refused.response(scope, receive, send)

    async def _routed(self, admitted: Admitted, headers: Headers, scope: Scope, receive: Receive, send: Send) -> None:
        method, identifier = scope["method"], headers.get(eras.SESSION)
        if method == "POST" and identifier is None:
            await self._open(admitted, scope, receive, send)
            return
        session = await self._known(identifier, admitted.caller)
        if method == "POST":
            scope[SESSION] = OpenSession(self._book, session, admitted.caller.credential)
            await self._answer(session, headers, scope, receive, send)
        elif method == "GET":
            await self._listen(session, admitted.caller, receive, send)
        else:
            await self._end(session)
            await Response(status_code=200)(scope, receive, send)

    async def _open(self, admitted: Admitted, scope: Scope, receive: Receive, send: Send) -> None:
        """A request without a session: a message must be the handshake; what is none is the application's to refuse."""
        message = admitted.message
        if isinstance(message, dict) and "jsonrpc" in message and message.get("method") != "initialize":
            raise Refused(_no_session(message.get("id")))

        def with_id(body: bytes) -> list[Header]:
            protocol = ((json_of(body) or {}).get("result") or {}).get("protocolVersion")
            if not isinstance(protocol, str):
                return []
            caller = admitted.caller
            identifier = self._book.open(caller.credential, caller.principal.plan, protocol)
            self._observer.session("opened")
            return [(eras.SESSION.encode(), identifier.encode())]

        await self.app(scope, receive, EventAnswer(send, with_id))

    async def _answer(self, session: Session, headers: Headers, scope: Scope, receive: Receive, send: Send) -> None:
        if eras.VERSION not in headers:  # clients of 2025-03-26 and before do not repeat what was agreed
            scope = {**scope, "headers": [*scope["headers"], (eras.VERSION.encode(), session.protocol.encode())]}
        answer = EventAnswer(send)
        try:
            await self.app(scope, receive, answer)
        finally:
            await answer.close()

    async def _listen(self, session: Session, caller: Caller, receive: Receive, send: Send) -> None:
        stream = Stream(session.name, caller.principal.fingerprint)
        if not self._streams.has_room(stream.owner):
            raise Refused(_too_many())

        async def lasts() -> bool:
            try:
                return await self._book.lasts(session)
            except UpstreamError:
                return True  # nobody knows until the store is back

        leave = self._join(caller, partial(self._book.subscribed, session), stream.tell)
        try:
            with self._observer.stream("session"):
                await self._streams.serve(stream, lasts, receive, send)
        finally:
            leave()

    async def _known(self, identifier: str | None, caller: Caller) -> Session:
        """Raises Refused."""
        if identifier is None:
            raise Refused(_no_session(None))
        try:
            session = await self._book.read(identifier, caller.credential)
        except UpstreamError as error:
            raise Refused(unavailable(error)) from error
        if session is None:
            fix = "Open a new session: send initialize without mcp-session-id."
            gone = ToolpressError("The session is over or is none of this key's.", code="SESSION_NOT_FOUND", fix=fix)
            raise Refused(refusal(404, INVALID_REQUEST, gone))
        return session

    async def _end(self, session: Session) -> None:
        try:
            await self._book.end(session)
        except UpstreamError as error:
            raise Refused(unavailable(error)) from error
        self._streams.end(session.name)
        self._observer.session("ended")


def _no_session(request_id: Any) -> Response:
    fix = "Send initialize first, and then the mcp-session-id of its answer's headers with every request."
    error = ToolpressError("The request names no session.", code="SESSION_REQUIRED", fix=fix)
    return refusal(400, INVALID_REQUEST, error, request_id=request_id if isinstance(request_id, int | str) else None)


def _too_many() -> Response:
    error = ToolpressError(
        "No further stream can be opened now.", code="TOO_MANY_STREAMS", fix="Come back later.", retryable=True
    )
    return refusal(503, UNAVAILABLE, error, {"retry-after": "5"})
