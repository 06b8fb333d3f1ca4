"""Turn an upstream answer into a tool result, or raise what it says went wrong.

The declared shape is advisory: any JSON that comes with a success status is delivered. Only what cannot be read at
all is an error, and then a write's outcome is `unknown`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from toolpress import sse
from toolpress.contract import Effect, ErrorRules, JsonObject, Operation, ResponseRule
from toolpress.errors import Outcome, RateLimited, UpstreamError, UpstreamGarbled, UpstreamRefused
from toolpress.paths import first_text, lookup

_CODE = re.compile(r"[A-Z][A-Z0-9_]{2,79}|[a-z][a-z0-9]*(?:_[a-z0-9]+){1,12}")
_MESSAGE_LIMIT = 2000
_MENDED = re.compile(rb"[\r\n]|\\u[dD]|NaN|Infinity")
"""Line breaks, which an event stream would cut at, and what `_parse` replaces; inside a text it costs a rewriting."""
_PASSING = frozenset({408, 425, 429, 502, 503, 504})
"""Statuses of a moment: the same read may succeed later."""


@dataclass(frozen=True, slots=True)
class UpstreamResponse:
    """A whole answer; header names are lower case, `retry_after_s` is the header of that name in seconds."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    retry_after_s: float | None = None


@dataclass(frozen=True, slots=True)
class Answer:
    """What a tool answers; `raw` is the upstream's own JSON where it says just that, in one line of UTF-8."""

    payload: JsonObject
    raw: bytes | None = None
    is_error: bool = False

    @property
    def text(self) -> str:
        """The payload as JSON."""
        if self.raw is not None:
            return self.raw.decode("utf-8")
        return json.dumps(self.payload, ensure_ascii=False, separators=(",", ":"))


def read(operation: Operation, errors: ErrorRules, response: UpstreamResponse) -> Answer:
    """The result of the tool.

    Raises:
        UpstreamRefused: The answer is an error, by its status or by `success: false`.
        UpstreamGarbled: The answer cannot be read.
    """
    if 300 <= response.status < 400:
        raise UpstreamGarbled(
            f"The upstream answered with a redirect ({response.status}), which is never followed.",
            fix="Check the base URL of the catalogue.",
            status=response.status,
            outcome=_doubt(operation.effect),
        )
    if response.status >= 400:
        doubtful = response.status >= 500 or response.status == 408
        raise _refusal(_try_json(response.body), response, errors, operation.effect, doubtful=doubtful)
    if not response.body.strip():
        if operation.response.format == "sse":
            raise _garbled("The upstream's event stream was empty.", response, operation.effect)
        return Answer({"success": True})
    content_type = response.headers.get("content-type", "").lower()
    if operation.response.format == "sse" and not content_type.startswith("application/json"):
        body, whole = _gather(operation, errors, response), False
    else:
        body, whole = _json(response, operation.effect), True
    if isinstance(body, dict) and body.get("success") is False:
        raise _refusal(body, response, errors, operation.effect, doubtful=False)
    payload = _deliver(body, operation.response)
    return Answer(payload, response.body if whole and payload is body and _passes(response.body) else None)


def _deliver(body: Any, rule: ResponseRule) -> JsonObject:
    """The envelope with `data` under its declared name; anything but an object is put into an envelope first."""
    if not isinstance(body, dict):
        return {"success": True, rule.data_as or "data": body}
    if rule.data_as is None or "data" not in body or rule.data_as in body:
        return body
    return {rule.data_as if name == "data" else name: value for name, value in body.items()}


def _gather(operation: Operation, errors: ErrorRules, response: UpstreamResponse) -> JsonObject:
    wanted = operation.response.events
    result: JsonObject = {}
    seen: set[str] = set()
    for event in sse.parse(response.body.decode("utf-8", errors="replace")):
        payload = _try_json(event.data.encode("utf-8"))
        if event.name == "error":
            raise _refusal(payload, response, errors, operation.effect, doubtful=True, fallback="STREAM_ERROR")
        if wanted and event.name not in wanted:
            continue
        seen.add(event.name)
        result.update(payload if isinstance(payload, dict) else {event.name: event.data})
    final = wanted[-1] if wanted else None
    if not seen or (final is not None and final not in seen):
        raise _garbled(
            f"The upstream's event stream ended before its {final or 'first'} event.", response, operation.effect
        )
    return {"success": True, **result}


def _json(response: UpstreamResponse, effect: Effect) -> Any:
    try:
        return _parse(response.body)
    except (ValueError, RecursionError):
        raise _garbled(
            f"The upstream answered {response.status} with a body that is not whole JSON.", response, effect
        ) from None


def _try_json(body: bytes) -> Any:
    try:
        return _parse(body)
    except (ValueError, RecursionError):
        return None


def _parse(body: bytes) -> Any:
    """JSON as a client can be given it: NaN and Infinity become null, lone surrogates the replacement character."""
    value = json.loads(body.decode("utf-8-sig", errors="replace"), parse_constant=lambda _: None)
    return _clean(value) if b"\\ud" in body or b"\\uD" in body else value


def _passes(body: bytes) -> bool:
    """Whether the bytes of an object may be handed on as they are: in one line, and nothing in them was mended."""
    return body[:1] == b"{" and body[-1:] == b"}" and not _MENDED.search(body) and _is_utf8(body)


def _is_utf8(body: bytes) -> bool:
    if body.isascii():
        return True
    try:
        body.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def _clean(value: Any) -> Any:
    if isinstance(value, str):
        return value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    if isinstance(value, dict):
        return {_clean(name): _clean(item) for name, item in value.items()}
    if isinstance(value, list):
        return [_clean(item) for item in value]
    return value


def _refusal(
    body: Any,
    response: UpstreamResponse,
    rules: ErrorRules,
    effect: Effect,
    *,
    doubtful: bool,
    fallback: str = "UPSTREAM_ERROR",
) -> UpstreamError:
    """The error that an answer states. `doubtful`: a write may have happened all the same."""
    status, wait = response.status, response.retry_after_s
    by_status = dict(rules.by_status).get(status)
    code = _code(body, rules) or by_status or fallback
    outcome = _doubt(effect) if doubtful else None
    waits = status == 429 and (wait is not None or code == by_status)
    passing = waits or (effect == "read" and status in _PASSING)
    return (RateLimited if status == 429 else UpstreamRefused)(
        (first_text(body, rules.message) or f"The upstream answered with status {status}.")[:_MESSAGE_LIMIT],
        code=code,
        field=first_text(body, rules.field),
        fix=dict(rules.fixes).get(code) if wait is None else f"Wait {wait:g} seconds and call again.",
        retryable=True if passing else False if outcome else None,
        retry_after_s=wait,
        outcome=outcome,
        status=status,
        details=next((found for path in rules.details if isinstance(found := lookup(body, path), (dict, list))), None),
    )


def _code(body: Any, rules: ErrorRules) -> str | None:
    """The first text that looks like a code; a member may hold a sentence in one answer and a code in another."""
    for path in rules.code:
        found = lookup(body, path)
        if isinstance(found, str) and _CODE.fullmatch(found):
            return found.upper()
    return None


def _garbled(message: str, response: UpstreamResponse, effect: Effect) -> UpstreamGarbled:
    return UpstreamGarbled(
        message,
        fix="Call again." if effect == "read" else "Look whether the change was made before calling again.",
        retryable=effect == "read",
        status=response.status,
        outcome=_doubt(effect),
    )


def _doubt(effect: Effect) -> Outcome | None:
    return None if effect == "read" else "unknown"
