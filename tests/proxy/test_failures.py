"""Each class of failure by its status, its code or its type, and what is known of the call."""

from __future__ import annotations

from typing import Any

import httpx2
import pytest
from mcp import MCPError
from mcp.client.subscriptions import SubscriptionLost
from mcp_types import (
    CONNECTION_CLOSED,
    HEADER_MISMATCH,
    INTERNAL_ERROR,
    INVALID_PARAMS,
    INVALID_REQUEST,
    METHOD_NOT_FOUND,
    REQUEST_TIMEOUT,
    UNSUPPORTED_PROTOCOL_VERSION,
)

from toolpress.proxy.failures import FATAL, FailedError, Failure, Kind, classify

AUTH, PROTOCOL, TIMEOUT, CONNECTION, OTHER = Kind.AUTH, Kind.PROTOCOL, Kind.TIMEOUT, Kind.CONNECTION, Kind.OTHER


def answered(code: int, data: Any = None) -> MCPError:
    return MCPError(code, "as the server said", data)


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        *[(status, AUTH) for status in (401, 403)],
        *[(status, CONNECTION) for status in (404, 408, 502, 503, 504)],
        *[(status, OTHER) for status in (400, 405, 406, 409, 413, 421, 429, 500, 501)],
    ],
)
@pytest.mark.parametrize("code", [INTERNAL_ERROR, INVALID_REQUEST, REQUEST_TIMEOUT, CONNECTION_CLOSED])
def test_the_status_decides_before_the_code(status: int, kind: Kind, code: int) -> None:
    failure = classify(answered(code, {"status": status, "code": "ITS_OWN"}))
    assert (failure.kind, failure.status, failure.facts) == (kind, status, {"code": "ITS_OWN"})


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        (UNSUPPORTED_PROTOCOL_VERSION, PROTOCOL),
        (REQUEST_TIMEOUT, TIMEOUT),
        (CONNECTION_CLOSED, CONNECTION),
        *[
            (code, OTHER)
            for code in (METHOD_NOT_FOUND, INVALID_PARAMS, INVALID_REQUEST, INTERNAL_ERROR, HEADER_MISMATCH)
        ],
    ],
)
def test_the_code_decides_without_a_status(code: int, kind: Kind) -> None:
    assert classify(answered(code)).kind is kind


@pytest.mark.parametrize(
    ("code", "status", "kind"),
    [
        (METHOD_NOT_FOUND, 404, OTHER),
        (UNSUPPORTED_PROTOCOL_VERSION, 400, PROTOCOL),
    ],
)
def test_codes_that_have_a_status_of_their_own(code: int, status: int, kind: Kind) -> None:
    assert classify(answered(code, {"status": status})).kind is kind


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (TimeoutError(), TIMEOUT),
        (ConnectionResetError("reset"), CONNECTION),
        (OSError("no route"), CONNECTION),
        (httpx2.ConnectError("refused"), CONNECTION),
        (httpx2.ReadTimeout("slow"), CONNECTION),
        (SubscriptionLost("gone"), CONNECTION),
        (RuntimeError("401 Unauthorized"), AUTH),
        (RuntimeError("the network is down"), CONNECTION),
        (RuntimeError("something else"), OTHER),
        (ValueError(), OTHER),
    ],
)
def test_other_exceptions_by_type_and_then_by_words(error: Exception, kind: Kind) -> None:
    assert classify(error).kind is kind
    assert classify(error).message


@pytest.mark.parametrize("words", ["unauthorized", "Forbidden", "the api key is wrong", "connection refused", "abort"])
def test_words_of_a_tool_decide_nothing(words: str) -> None:
    assert classify(MCPError(INTERNAL_ERROR, words)).kind is OTHER


def test_a_group_is_what_the_server_said_in_it() -> None:
    inner = ExceptionGroup("inner", [OSError("closed"), answered(INTERNAL_ERROR, {"status": 401})])
    assert classify(ExceptionGroup("outer", [RuntimeError("first"), inner])).kind is AUTH
    assert classify(ExceptionGroup("outer", [OSError("first"), ValueError("second")])).message == "first"


def test_what_is_classified_stays_so() -> None:
    failure = Failure(PROTOCOL, "too old")
    assert classify(FailedError(failure)) is failure


def test_only_the_key_and_the_protocol_are_fatal() -> None:
    assert {kind for kind in Kind if Failure(kind, "").fatal} == FATAL == {AUTH, PROTOCOL}


@pytest.mark.parametrize(
    ("error", "untouched"),
    [
        (answered(CONNECTION_CLOSED, {"broken": "connecting"}), True),
        (answered(CONNECTION_CLOSED, {"broken": "answering"}), False),
        (answered(CONNECTION_CLOSED), False),
        (answered(INTERNAL_ERROR, {"status": 404}), True),
        (answered(INTERNAL_ERROR, {"status": 408}), False),
        (answered(INTERNAL_ERROR, {"status": 429}), True),
        (answered(INTERNAL_ERROR, {"status": 502}), False),
        (answered(INTERNAL_ERROR, {"status": 502, "outcome": "not_sent"}), True),
        (answered(INTERNAL_ERROR, {"status": 404, "outcome": "unknown"}), False),
        (answered(INVALID_PARAMS), True),
        (answered(INTERNAL_ERROR), False),
        (TimeoutError(), False),
        (OSError(), False),
    ],
)
def test_whether_the_server_has_done_something(error: Exception, untouched: bool) -> None:
    assert classify(error).not_sent is untouched
