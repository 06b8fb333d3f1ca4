"""How the endpoint says no: a JSON-RPC error over the fitting HTTP status that tells what to do about it.

Both a person with curl and an MCP client can read it: `error.data` holds the code and the fix.
"""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from typing import Any

from starlette.datastructures import Headers
from starlette.responses import Response
from starlette.types import Message, Send

from toolpress.errors import RateLimited, ToolpressError, UpstreamError

UNAUTHENTICATED = -32001
UNAVAILABLE = -32002
TOO_LARGE = -32003
INVALID_REQUEST = -32600
PARSE_ERROR = -32700

_MALFORMED = frozenset({INVALID_REQUEST, -32602})
"""How the protocol library calls JSON that is no message: the second where it looks for a known request."""

JSON = "application/json"
EVENTS = "text/event-stream"

_NO_JSON = ToolpressError(
    "The body is not JSON.", code="INVALID_JSON", fix="Send one JSON-RPC message as JSON in UTF-8."
)
_NO_MESSAGE = ToolpressError(
    "The body is not one JSON-RPC message.",
    code="INVALID_MESSAGE",
    fix='Send one object with "jsonrpc": "2.0" and "method", and with an "id" to get an answer; no batch.',
)


class Refused(Exception):  # noqa: N818 - named for what happened
    """A request that goes no further, with its answer."""

    def __init__(self, response: Response) -> None:
        super().__init__(response.status_code)
        self.response = response


def refusal(
    status: int, code: int, error: ToolpressError, headers: dict[str, str] | None = None, request_id: Any = None
) -> Response:
    """`code` is JSON-RPC's; the error's own code and what is known beside it stand in `data`."""
    payload = error.to_payload()
    data = {name: value for name, value in payload.items() if name not in ("success", "error")}
    problem: dict[str, Any] = {"code": code, "message": error.message, "data": data}
    body = json.dumps({"jsonrpc": "2.0", "id": request_id, "error": problem})
    return Response(body, status_code=status, headers=headers, media_type=JSON)


def unavailable(error: UpstreamError) -> Response:
    """The caller may come back: 429 or 503 with Retry-After."""
    status = 429 if isinstance(error, RateLimited) else 503
    wait = 1 if error.retry_after_s is None else math.ceil(error.retry_after_s)
    error.retryable = True
    return refusal(status, UNAVAILABLE, error, {"retry-after": str(wait)})


def method_not_allowed(method: str, allowed: Sequence[str]) -> Response:
    listed = ", ".join(allowed)
    error = ToolpressError(f"The endpoint does not take {method}.", code="METHOD_NOT_ALLOWED", fix=f"Use: {listed}.")
    return refusal(405, INVALID_REQUEST, error, {"allow": listed})


def check_accept(headers: Headers, *wanted: str) -> None:
    """Every wanted media type must be named. A single one may also be covered by a wildcard.

    Raises:
        Refused: 406.
    """
    listed = {part.partition(";")[0].strip().lower() for line in headers.getlist("accept") for part in line.split(",")}
    wildcards = {"*/*", f"{wanted[0].partition('/')[0]}/*"} if len(wanted) == 1 else set[str]()
    if not listed.issuperset(wanted) and not listed & wildcards:
        error = ToolpressError(
            "The client does not accept the answer's media type.",
            code="NOT_ACCEPTABLE",
            fix=f"Send the header Accept: {', '.join(wanted)}",
        )
        raise Refused(refusal(406, INVALID_REQUEST, error))


def check_content_type(headers: Headers) -> None:
    """Raises Refused (415) unless the body is said to be JSON."""
    if headers.get("content-type", "").partition(";")[0].strip().lower() != JSON:
        error = ToolpressError(
            "The body is not said to be JSON.",
            code="UNSUPPORTED_MEDIA_TYPE",
            fix=f"Send the header Content-Type: {JSON}",
        )
        raise Refused(refusal(415, INVALID_REQUEST, error))


def explaining(send: Send) -> Send:
    """A send that puts our words into the answer to a body that cannot be read.

    Those of the protocol library repeat the body and name its own classes. It answers so with status 400 and without
    an id; every other answer passes as it is.
    """
    held: Message | None = None

    async def explained(message: Message) -> None:
        nonlocal held
        if message["type"] == "http.response.start" and message["status"] == 400:
            held = message
            return
        if held is None:
            await send(message)
            return
        start, held = held, None
        better = _in_our_words(message.get("body", b""))
        if better is not None:
            message = {**message, "body": better}
            kept = [pair for pair in start["headers"] if pair[0].lower() != b"content-length"]
            start = {**start, "headers": [*kept, (b"content-length", str(len(better)).encode())]}
        await send(start)
        await send(message)

    return explained


def _in_our_words(body: bytes) -> bytes | None:
    try:
        answer = json.loads(body)
        code, known = answer["error"]["code"], answer["id"] is not None
    except (ValueError, KeyError, TypeError):
        return None
    if known or "data" in answer["error"]:
        return None
    if code == PARSE_ERROR:
        return bytes(refusal(400, PARSE_ERROR, _NO_JSON).body)
    return bytes(refusal(400, INVALID_REQUEST, _NO_MESSAGE).body) if code in _MALFORMED else None
