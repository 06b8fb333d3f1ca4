"""What went wrong between proxy and server, in the classes that decide what is done about it.

| Kind | Known by | What follows |
|---|---|---|
| AUTH | status 401, 403 | the proxy ends |
| PROTOCOL | error -32022 | the proxy ends |
| TIMEOUT | error -32001, our own limit | nothing: other calls are doing well |
| CONNECTION | status 404, 408, 502, 503, 504; error -32000; no connection | reconnect |
| OTHER | all else | nothing |

The status decides before the code, and words only where there is neither: an error of a tool may hold any word.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

import httpx2
from mcp import MCPError
from mcp.client.subscriptions import SubscriptionLost
from mcp_types import (
    CONNECTION_CLOSED,
    INVALID_PARAMS,
    INVALID_REQUEST,
    METHOD_NOT_FOUND,
    REQUEST_TIMEOUT,
    UNSUPPORTED_PROTOCOL_VERSION,
    ErrorData,
)

BROKEN, STATUS = "broken", "status"
"""Members that `edge` puts into an error's data: what broke, and the HTTP status."""
CONNECTING, ANSWERING = "connecting", "answering"

_AUTH_STATUS = frozenset({401, 403})
_LOST_STATUS = frozenset({404, 408, 502, 503, 504})
_NOT_RUN = frozenset({METHOD_NOT_FOUND, INVALID_PARAMS, INVALID_REQUEST})
_AUTH_WORDS = ("unauthorized", "forbidden")
_LOST_WORDS = ("connection", "network", "socket", "abort")


class Kind(Enum):
    AUTH = "auth"
    PROTOCOL = "protocol"
    TIMEOUT = "timeout"
    CONNECTION = "connection"
    OTHER = "other"


FATAL = frozenset({Kind.AUTH, Kind.PROTOCOL})


@dataclass(frozen=True, slots=True)
class Failure:
    """A failure in words and with what is known: `not_sent` is that the server has done nothing."""

    kind: Kind
    message: str
    not_sent: bool = False
    status: int | None = None
    facts: Mapping[str, Any] = field(default_factory=dict)
    """What the server said beside the message, such as its own code and a fix."""

    @property
    def fatal(self) -> bool:
        return self.kind in FATAL


class FailedError(Exception):
    """A failure that is already classified."""

    def __init__(self, failure: Failure) -> None:
        super().__init__(failure.message)
        self.failure = failure


def classify(error: BaseException) -> Failure:
    """The failure behind an exception, groups included."""
    error = _leaf(error)
    if isinstance(error, FailedError):
        return error.failure
    if isinstance(error, MCPError):
        return _of_answer(error.error)
    message = str(error) or type(error).__name__
    if isinstance(error, TimeoutError):
        return Failure(Kind.TIMEOUT, message)
    if isinstance(error, OSError | httpx2.TransportError | SubscriptionLost):
        return Failure(Kind.CONNECTION, message)
    return Failure(_by_words(message.lower()), message)


def lost(error: BaseException) -> BaseException:
    """The same error where it means that the link is no good, unless it is worse than that."""
    failure = classify(error)
    return error if failure.fatal else FailedError(Failure(Kind.CONNECTION, failure.message))


def _leaf(error: BaseException) -> BaseException:
    """The exception that says most: in a group, the first answer of the server, else the first of all."""
    if not isinstance(error, BaseExceptionGroup):
        return error
    leaves = [_leaf(part) for part in error.exceptions]
    return next((leaf for leaf in leaves if isinstance(leaf, MCPError | FailedError)), leaves[0])


def _of_answer(error: ErrorData) -> Failure:
    data = error.data if isinstance(error.data, Mapping) else {}
    status = data.get(STATUS)
    status = status if isinstance(status, int) else None
    facts = {name: value for name, value in data.items() if name not in (STATUS, BROKEN)}
    kind = _kind(error.code, status)
    return Failure(kind, error.message, _untouched(error.code, status, data), status, facts)


def _kind(code: int, status: int | None) -> Kind:
    if code == UNSUPPORTED_PROTOCOL_VERSION:
        return Kind.PROTOCOL
    if status in _AUTH_STATUS:
        return Kind.AUTH
    if code == METHOD_NOT_FOUND:  # its status is 404 on the 2026-07-28 wire
        return Kind.OTHER
    if status in _LOST_STATUS or (status is None and code == CONNECTION_CLOSED):
        return Kind.CONNECTION
    return Kind.TIMEOUT if code == REQUEST_TIMEOUT and status is None else Kind.OTHER


def _untouched(code: int, status: int | None, data: Mapping[str, Any]) -> bool:
    if "outcome" in data:
        return bool(data["outcome"] == "not_sent")
    refused = status is not None and 400 <= status < 500 and status != 408
    return refused or code in _NOT_RUN or data.get(BROKEN) == CONNECTING


def _by_words(message: str) -> Kind:
    if any(word in message for word in _AUTH_WORDS):
        return Kind.AUTH
    return Kind.CONNECTION if any(word in message for word in _LOST_WORDS) else Kind.OTHER
