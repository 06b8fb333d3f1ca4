"""What gets no further than the entrance: one line for each HTTP request that is refused, as calls have theirs.

The line holds neither the path nor anything else that the client chose but its method and its harmless request id.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from toolpress import health, logs
from toolpress.telemetry import SILENT, Observer

_LONGEST = 4096
"""Bytes of an answer that are read for its code; ours are shorter."""
_IS_CODE = re.compile(r"[\w-]{1,64}", re.ASCII)


class RefusalLog:
    """Pure ASGI middleware, around everything; quiet about probes. `observers` by the path that they stand below."""

    def __init__(self, app: ASGIApp, *, observers: Mapping[str, Observer]) -> None:
        self.app = app
        self._observers = observers

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"].endswith(health.PATHS):
            await self.app(scope, receive, send)
            return
        mounted = scope.get("root_path", "")  # routing puts more into it
        start: Message | None = None
        body = b""

        async def listening(message: Message) -> None:
            nonlocal start, body
            if message["type"] == "http.response.start":
                start = message if message["status"] >= 400 else None
            elif start is not None:
                body += message.get("body", b"")[: _LONGEST - len(body)]
                if not message.get("more_body", False):
                    self._tell(scope["method"], scope["path"].removeprefix(mounted), start, body)
            await send(message)

        await self.app(scope, receive, listening)

    def _tell(self, method: str, path: str, start: Message, body: bytes) -> None:
        status = start["status"]
        identifier = Headers(raw=start["headers"]).get("x-request-id") or logs.request_id(None)
        logs.refusal_log(request_id=identifier, method=method, status=status, code=_code(body))
        next((seen for prefix, seen in self._observers.items() if path.startswith(prefix)), SILENT).refused(status)


def _code(body: bytes) -> str | None:
    """Ours where there is one, else JSON-RPC's or OAuth's."""
    try:
        error = json.loads(body)["error"]
    except (ValueError, KeyError, TypeError):
        return None
    if isinstance(error, dict):
        data = error.get("data")
        error = data.get("code") if isinstance(data, dict) and "code" in data else error.get("code")
    text = str(error or "")
    return text if _IS_CODE.fullmatch(text) else None
