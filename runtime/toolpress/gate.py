"""What stands before the MCP endpoint: method, credential, size, media types. A request that passes has a known caller.

Refusals are JSON-RPC errors over the fitting HTTP status, see `refusals`. The body is read whole before the endpoint
sees it, at most `body_limit` bytes.
"""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from toolpress import credentials
from toolpress.errors import ToolpressError, Unauthenticated, UpstreamError
from toolpress.executor import Executor
from toolpress.logs import REQUEST_ID, request_id
from toolpress.principal import CALLER, Caller, Credential
from toolpress.refusals import (
    EVENTS,
    JSON,
    TOO_LARGE,
    UNAUTHENTICATED,
    Refused,
    check_accept,
    check_content_type,
    explaining,
    method_not_allowed,
    refusal,
    unavailable,
)

Find = Callable[[credentials.RawHeaders], Awaitable[Credential]]
"""The credential of a request from its headers; raises Unauthenticated."""

ADMITTED = "toolpress.admitted"
"""Where in an ASGI scope the `Admitted` of a request stands."""

SESSION = "toolpress.session"
"""Where the `OpenSession` of a request stands, if it has one."""

Challenge = Callable[[Scope, Unauthenticated], str]
"""The WWW-Authenticate value of a refusal (RFC 9110 11.6.1)."""


@dataclass(frozen=True)
class Admitted:
    """A request that passed: who sent it, and its whole body."""

    caller: Caller
    body: bytes

    @cached_property
    def message(self) -> Any:
        """The body as JSON, read once for all layers that look at it; None if it is none."""
        return json_of(self.body)


def json_of(body: bytes) -> Any:
    """None if the body is no JSON."""
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        return None


class Gate:
    """Pure ASGI middleware; requests for other paths than `path` pass untouched.

    What it lets through carries its `Admitted` as `scope[ADMITTED]`. With `sessions` the endpoint also takes GET and
    DELETE, and a client must be ready for an event stream.
    """

    def __init__(
        self,
        app: ASGIApp,
        *,
        executor: Executor,
        find: Find,
        challenge: Challenge,
        path: str,
        body_limit: int,
        sessions: bool = False,
    ) -> None:
        self.app = app
        self._executor = executor
        self._find = find
        self._challenge = challenge
        self._path = path
        self._body_limit = body_limit
        self._methods = ("GET", "POST", "DELETE") if sessions else ("POST",)
        self._answers = (JSON, EVENTS) if sessions else (JSON,)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or _own_path(scope) != self._path:
            await self.app(scope, receive, send)
            return
        identifier = request_id(Headers(scope=scope).get("x-request-id"))
        try:
            admitted = await self._admitted(scope, receive)
        except Refused as refused:
            refused.response.headers["x-request-id"] = identifier
            await refused.response(scope, receive, send)
            return
        scope[ADMITTED] = admitted
        caller_token, id_token = CALLER.set(admitted.caller), REQUEST_ID.set(identifier)
        try:
            await self.app(scope, replay(admitted.body, receive), explaining(_with_request_id(send, identifier)))
        finally:
            CALLER.reset(caller_token)
            REQUEST_ID.reset(id_token)

    async def _admitted(self, scope: Scope, receive: Receive) -> Admitted:
        """Raises Refused."""
        if scope["method"] not in self._methods:
            raise Refused(method_not_allowed(scope["method"], self._methods))
        try:
            caller = await self._executor.caller_of(await self._find(scope["headers"]))
        except Unauthenticated as error:
            challenge = {"www-authenticate": self._challenge(scope, error)}
            raise Refused(refusal(401, UNAUTHENTICATED, error, challenge)) from error
        except UpstreamError as error:
            raise Refused(unavailable(error)) from error
        headers = Headers(scope=scope)
        if scope["method"] != "POST":
            if scope["method"] == "GET":
                check_accept(headers, EVENTS)
            return Admitted(caller, b"")
        body = await _read(scope, receive, self._body_limit)
        if body is None:
            text = f"The request body is larger than {self._body_limit} bytes."
            too_large = ToolpressError(text, code="PAYLOAD_TOO_LARGE", fix="Send less.")
            raise Refused(refusal(413, TOO_LARGE, too_large))
        check_accept(headers, *self._answers)
        check_content_type(headers)
        return Admitted(caller, body)


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


def replay(body: bytes, receive: Receive) -> Receive:
    """A receive that gives the body once and then what `receive` says."""
    given = False

    async def replayed() -> Message:
        nonlocal given
        if given:
            return await receive()
        given = True
        return {"type": "http.request", "body": body, "more_body": False}

    return replayed


def _with_request_id(send: Send, identifier: str) -> Send:
    header = (b"x-request-id", identifier.encode("ascii"))

    async def tagged(message: Message) -> None:
        if message["type"] == "http.response.start":
            message = {**message, "headers": [*message.get("headers", ()), header]}
        await send(message)

    return tagged
