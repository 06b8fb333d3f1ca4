"""What stands before the MCP endpoint: method, credential, size. A request that passes has a known caller.

Refusals are JSON-RPC errors over the fitting HTTP status, so that both a person with curl and an MCP client can read
them. The body is read whole before the endpoint sees it, at most `body_limit` bytes.
"""

from __future__ import annotations

import json
import math
from collections.abc import Awaitable, Callable
from typing import Any

from starlette.datastructures import Headers
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from toolpress import credentials
from toolpress.errors import RateLimited, ToolpressError, Unauthenticated, UpstreamError
from toolpress.executor import Executor
from toolpress.logs import REQUEST_ID, request_id
from toolpress.principal import CALLER, Caller, Credential

UNAUTHENTICATED = -32001
UNAVAILABLE = -32002
TOO_LARGE = -32003


Find = Callable[[credentials.RawHeaders], Awaitable[Credential]]
"""The credential of a request from its headers; raises Unauthenticated."""

Challenge = Callable[[Scope, Unauthenticated], str]
"""The WWW-Authenticate value of a refusal (RFC 9110 11.6.1)."""


class Gate:
    """Pure ASGI middleware; requests for other paths than `path` pass untouched."""

    def __init__(
        self, app: ASGIApp, *, executor: Executor, find: Find, challenge: Challenge, path: str, body_limit: int
    ) -> None:
        self.app = app
        self._executor = executor
        self._find = find
        self._challenge = challenge
        self._path = path
        self._body_limit = body_limit

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or _own_path(scope) != self._path:
            await self.app(scope, receive, send)
            return
        identifier = request_id(Headers(scope=scope).get("x-request-id"))
        answer = await self._checked(scope, receive)
        if isinstance(answer, Response):
            answer.headers["x-request-id"] = identifier
            await answer(scope, receive, send)
            return
        caller, body = answer
        scope.setdefault("state", {})["toolpress_caller"] = caller
        caller_token, id_token = CALLER.set(caller), REQUEST_ID.set(identifier)
        try:
            await self.app(scope, _replay(body, receive), _with_request_id(send, identifier))
        finally:
            CALLER.reset(caller_token)
            REQUEST_ID.reset(id_token)

    async def _checked(self, scope: Scope, receive: Receive) -> tuple[Caller, bytes] | Response:
        if scope["method"] != "POST":
            return Response(status_code=405, headers={"allow": "POST"})
        try:
            caller = await self._executor.caller_of(await self._find(scope["headers"]))
        except Unauthenticated as error:
            return _refusal(401, UNAUTHENTICATED, error, {"www-authenticate": self._challenge(scope, error)})
        except UpstreamError as error:
            return _unavailable(error)
        body = await _read(scope, receive, self._body_limit)
        if body is None:
            text = f"The request body is larger than {self._body_limit} bytes."
            return _refusal(413, TOO_LARGE, ToolpressError(text, code="PAYLOAD_TOO_LARGE", fix="Send less."))
        return caller, body


def _unavailable(error: UpstreamError) -> Response:
    status = 429 if isinstance(error, RateLimited) else 503
    wait = 1 if error.retry_after_s is None else math.ceil(error.retry_after_s)
    error.retryable = True
    return _refusal(status, UNAVAILABLE, error, {"retry-after": str(wait)})


def _refusal(status: int, code: int, error: ToolpressError, headers: dict[str, str] | None = None) -> Response:
    payload = error.to_payload()
    data = {name: value for name, value in payload.items() if name not in ("success", "error")}
    problem: dict[str, Any] = {"code": code, "message": error.message, "data": data}
    body = json.dumps({"jsonrpc": "2.0", "id": None, "error": problem})
    return Response(body, status_code=status, headers=headers, media_type="application/json")


def _own_path(scope: Scope) -> str:
    """The path below the place where the app is mounted."""
    path, root = str(scope["path"]), str(scope.get("root_path", ""))
    return path.removeprefix(root) if root and path.startswith(root + "/") else path


async def _read(scope: Scope, receive: Receive, limit: int) -> bytes | None:
    """The whole body, or None as soon as it is known to exceed the limit."""
    declared = Headers(scope=scope).get("content-length", "")
    if declared.isascii() and declared.isdigit() and int(declared) > limit:
        return None
    body = bytearray()
    while True:
        message = await receive()
        if message["type"] != "http.request":
            return bytes(body)
        body += message.get("body", b"")
        if len(body) > limit:
            return None
        if not message.get("more_body", False):
            return bytes(body)


def _replay(body: bytes, receive: Receive) -> Receive:
    """A receive that gives the body once and then what the connection says."""
    given = False

    async def replay() -> Message:
        nonlocal given
        if given:
            return await receive()
        given = True
        return {"type": "http.request", "body": body, "more_body": False}

    return replay


def _with_request_id(send: Send, identifier: str) -> Send:
    header = (b"x-request-id", identifier.encode("ascii"))

    async def tagged(message: Message) -> None:
        if message["type"] == "http.response.start":
            message = {**message, "headers": [*message.get("headers", ()), header]}
        await send(message)

    return tagged
