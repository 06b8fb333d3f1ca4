"""Requests that want to hear something before their result are answered by an application that streams.

All others are answered with one JSON, which is half the work.
"""

from __future__ import annotations

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from toolpress.gate import ADMITTED, Admitted
from toolpress.refusals import EVENTS

_ASKS = (b'"progressToken"', b'"io.modelcontextprotocol/logLevel"')
"""Members of `_meta`; a body that holds one elsewhere is merely answered as a stream."""


class Streaming:
    def __init__(self, app: ASGIApp, *, streaming: ASGIApp) -> None:
        self.app = app
        self._streaming = streaming

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        admitted: Admitted | None = scope.get(ADMITTED)
        wants = admitted is not None and any(word in admitted.body for word in _ASKS)
        app = self._streaming if wants and EVENTS in Headers(scope=scope).get("accept", "") else self.app
        await app(scope, receive, send)
