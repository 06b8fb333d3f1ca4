"""How the endpoints speak: forms in, JSON out, refusals in the words of RFC 6749 5.2."""

from __future__ import annotations

import math
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl

from mcp.server.transport_security import RequestBodyLimitMiddleware
from starlette.middleware.cors import CORSMiddleware
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route, request_response
from starlette.types import ASGIApp

from toolpress.errors import UpstreamError

MAX_BODY_BYTES = 64 * 1024
_MAX_FIELDS = 64
_NO_STORE = {"cache-control": "no-store", "pragma": "no-cache"}

Handle = Callable[[Request], Awaitable[Response]]


class Refused(Exception):  # noqa: N818 - an exception is named for what happened
    """A request that an endpoint does not grant; the description repeats nothing that the client sent."""

    def __init__(
        self, error: str, description: str, *, status: int = 400, headers: Mapping[str, str] | None = None
    ) -> None:
        super().__init__(description)
        self.error = error
        self.description = description
        self.status = status
        self.headers = dict(headers or {})


@dataclass(frozen=True, slots=True)
class Parameters:
    """The parameters of a request. One without a value counts as not sent (RFC 6749 3.1)."""

    values: Mapping[str, str]
    resources: tuple[str, ...]
    """`resource` alone may come several times (RFC 8707 2)."""
    repeated: frozenset[str]

    def get(self, name: str) -> str | None:
        return self.values.get(name)

    def required(self, name: str) -> str:
        value = self.values.get(name)
        if value is None:
            raise Refused("invalid_request", f"The parameter {name} is missing.")
        return value


def parameters(text: str) -> Parameters:
    """Read a query or a form.

    Raises:
        Refused: It is not UTF-8, or has too many fields.
    """
    try:
        pairs = parse_qsl(text, keep_blank_values=True, errors="strict", max_num_fields=_MAX_FIELDS)
    except ValueError as error:
        raise Refused("invalid_request", "The parameters cannot be read.") from error
    sent = [(name, value) for name, value in pairs if value]
    names = [name for name, _ in sent if name != "resource"]
    return Parameters(
        values={name: value for name, value in sent if name != "resource"},
        resources=tuple(value for name, value in sent if name == "resource"),
        repeated=frozenset(name for name in names if names.count(name) > 1),
    )


async def form(request: Request) -> Parameters:
    """The form of a request, in which nothing is repeated.

    Raises:
        Refused: It is no such form.
    """
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != "application/x-www-form-urlencoded":
        raise Refused("invalid_request", "Send a form: content type application/x-www-form-urlencoded.")
    found = parameters((await request.body()).decode("latin-1"))
    if found.repeated:
        raise Refused("invalid_request", "A parameter is sent more than once.")
    return found


def answer(content: Any, *, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    return JSONResponse(content, status_code=status, headers={**_NO_STORE, **(headers or {})})


def refusal(refused: Refused) -> Response:
    content = {"error": refused.error, "error_description": refused.description}
    return answer(content, status=refused.status, headers=refused.headers)


def too_many(wait_s: float) -> Refused:
    seconds = max(math.ceil(wait_s), 1)
    return Refused(
        "temporarily_unavailable",
        f"Too many requests. Try again in {seconds} s.",
        status=429,
        headers={"retry-after": str(seconds)},
    )


def unavailable(error: UpstreamError) -> Refused:
    """What could not be asked was neither granted nor refused: the client may come again."""
    seconds = math.ceil(error.retry_after_s) if error.retry_after_s else 1
    return Refused(
        "temporarily_unavailable",
        "The request could not be checked just now. Try again.",
        status=503,
        headers={"retry-after": str(seconds)},
    )


def post(path: str, handle: Handle, admit: Callable[[Request], None]) -> Route:
    """An endpoint for programs: POST from any origin, since what they present is in the request and never a cookie."""

    async def admitted(request: Request) -> Response:
        admit(request)
        return await handle(request)

    app = _limited(request_response(_spoken(admitted)))
    return Route(path, _any_origin(app, "POST"), methods=["POST", "OPTIONS"])


def get(path: str, handle: Handle) -> Route:
    """A document for programs of any origin."""
    return Route(path, _any_origin(request_response(_spoken(handle)), "GET"), methods=["GET", "OPTIONS"])


def page(path: str, handle: Handle) -> Route:
    """A page for persons, for its own origin alone."""
    return Route(path, _limited(request_response(handle)), methods=["GET", "POST"])


def _spoken(handle: Handle) -> Handle:
    async def spoken(request: Request) -> Response:
        try:
            return await handle(request)
        except Refused as refused:
            return refusal(refused)
        except UpstreamError as error:
            return refusal(unavailable(error))

    return spoken


def _limited(app: ASGIApp) -> ASGIApp:
    return RequestBodyLimitMiddleware(app, MAX_BODY_BYTES)


def _any_origin(app: ASGIApp, method: str) -> ASGIApp:
    return CORSMiddleware(
        app,
        allow_origins=["*"],
        allow_methods=[method],
        allow_headers=["authorization", "mcp-protocol-version"],
        expose_headers=["retry-after", "www-authenticate"],
    )
