"""Answers are delivered as they come, refused as they say, and doubted when they cannot be read."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.runtime.fixture_catalog.catalog import CATALOG
from tests.runtime.fixture_catalog.tools.notes import ASK_NOTE, CREATE_NOTE, GET_NOTE, LIST_NOTES, WHOAMI
from toolpress.contract import ResponseRule
from toolpress.errors import RateLimited, ToolpressError, UpstreamGarbled, UpstreamRefused
from toolpress.response import UpstreamResponse, read

RULES = CATALOG.errors


def answer(
    body: Any, status: int = 200, content_type: str = "application/json", wait: float | None = None
) -> UpstreamResponse:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    return UpstreamResponse(status, {"content-type": content_type}, raw, wait)


def refusal(operation: Any, response: UpstreamResponse) -> ToolpressError:
    with pytest.raises(ToolpressError) as caught:
        read(operation, RULES, response)
    return caught.value


def test_data_gets_its_name_in_its_place() -> None:
    result = read(LIST_NOTES, RULES, answer({"success": True, "data": [1], "count": 1})).payload
    assert list(result.items()) == [("success", True), ("notes", [1]), ("count", 1)]


@pytest.mark.parametrize(
    ("body", "wanted"),
    [
        ({"success": True, "other": 1}, {"success": True, "other": 1}),
        ({"data": None}, {"notes": None}),
        ({"data": 1, "notes": 2}, {"data": 1, "notes": 2}),
        ([1, 2], {"success": True, "notes": [1, 2]}),
        ("text", {"success": True, "notes": "text"}),
        (None, {"success": True, "notes": None}),
        ({}, {}),
    ],
)
def test_deviating_shapes_are_delivered(body: Any, wanted: Any) -> None:
    assert read(LIST_NOTES, RULES, answer(body)).payload == wanted


def test_without_a_name_data_stays_data() -> None:
    assert read(WHOAMI, RULES, answer({"data": 1})).payload == {"data": 1}
    assert read(WHOAMI, RULES, answer([1])).payload == {"success": True, "data": [1]}


@pytest.mark.parametrize("body", [b"", b" \r\n"])
def test_an_empty_success_is_a_success(body: bytes) -> None:
    assert read(GET_NOTE, RULES, answer(body, 204)).payload == {"success": True}


@pytest.mark.parametrize("body", [b"<html>", b'{"a": 1', b"[" * 100_000, b"\xff\xfe"])
def test_what_is_not_json_is_garbled(body: bytes) -> None:
    read_error, write_error = refusal(GET_NOTE, answer(body)), refusal(CREATE_NOTE, answer(body, 201))
    assert isinstance(read_error, UpstreamGarbled)
    assert (read_error.outcome, read_error.retryable) == (None, True)
    assert (write_error.outcome, write_error.retryable) == ("unknown", False)


def test_what_json_cannot_say_again_is_cleaned() -> None:
    body = b'\xef\xbb\xbf{"a": NaN, "b": "\\ud800x", "\\udfff": "\\ud83d\\ude00", "c": ["\\uDC00"]}'
    result = read(GET_NOTE, RULES, answer(body)).payload
    assert result == {"a": None, "b": "\ufffdx", "\ufffd": "\U0001f600", "c": ["\ufffd"]}
    json.dumps(result, ensure_ascii=False).encode("utf-8")


@pytest.mark.parametrize(
    ("status", "body", "code", "message"),
    [
        (404, {"success": False, "error": "No such note", "code": "NOT_FOUND"}, "NOT_FOUND", "No such note"),
        (404, {"error": "agent_not_found", "message": "No agent", "status": "error"}, "AGENT_NOT_FOUND", "No agent"),
        (400, {"error": {"code": "BAD_MODEL", "message": "No model"}}, "BAD_MODEL", "No model"),
        (403, {"error": {"code": "X1", "message": "m", "details": {"reason": "ACCESS_DENIED"}}}, "ACCESS_DENIED", "m"),
        (404, {"error": "Not found"}, "NOT_FOUND", "Not found"),
        (404, b"<html>", "NOT_FOUND", "The upstream answered with status 404."),
        (418, {}, "UPSTREAM_ERROR", "The upstream answered with status 418."),
        (500, [], "UPSTREAM_ERROR", "The upstream answered with status 500."),
        (200, {"success": False, "error": "Spent", "code": "BUDGET_EXCEEDED"}, "BUDGET_EXCEEDED", "Spent"),
    ],
)
def test_errors_by_the_declared_paths(status: int, body: Any, code: str, message: str) -> None:
    error = refusal(GET_NOTE, answer(body, status))
    assert isinstance(error, UpstreamRefused)
    assert (error.code, error.message, error.status) == (code, message, status)


def test_field_and_details_travel() -> None:
    body = {"error": "Bad", "code": "VALIDATION_ERROR", "field": "title", "details": {"max": 40}}
    payload = refusal(CREATE_NOTE, answer(body, 400)).to_payload()
    assert payload == {
        "success": False,
        "error": "Bad",
        "code": "VALIDATION_ERROR",
        "field": "title",
        "details": {"max": 40},
    }


def test_a_rate_limit_says_how_long() -> None:
    error = refusal(CREATE_NOTE, answer({"error": "Slow down"}, 429, wait=7.0))
    assert isinstance(error, RateLimited)
    assert (error.code, error.retryable, error.retry_after_s, error.outcome) == ("RATE_LIMITED", True, 7.0, None)
    assert "7 seconds" in str(error.fix)


def test_a_used_up_quota_is_not_worth_repeating() -> None:
    assert refusal(ASK_NOTE, answer({"error": "Spent", "code": "QUOTA_EXCEEDED"}, 429)).retryable is None


@pytest.mark.parametrize(
    ("status", "outcome"), [(400, None), (404, None), (408, "unknown"), (500, "unknown"), (503, "unknown")]
)
def test_a_write_is_in_doubt_only_when_the_answer_leaves_it_so(status: int, outcome: str | None) -> None:
    assert refusal(CREATE_NOTE, answer({}, status)).outcome == outcome
    assert refusal(GET_NOTE, answer({}, status)).outcome is None


def test_redirects_are_errors() -> None:
    error = refusal(CREATE_NOTE, answer(b"", 302))
    assert isinstance(error, UpstreamGarbled)
    assert (error.status, error.outcome) == (302, "unknown")


def stream(*lines: str, end: str = "\n") -> UpstreamResponse:
    return answer(end.join(lines).encode(), content_type="text/event-stream; charset=utf-8")


METRICS = ("event: metrics", 'data: {"tokens": 7}', "", "")


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_events_are_merged_in_order(end: str) -> None:
    response = stream(
        "\ufeff: hello", "event: response", 'data: {"answer": "a",', 'data: "tokens": 1}', "id: 3", "",
        "event: token", "data: ignored", "", *METRICS, end=end,
    )  # fmt: skip
    assert read(ASK_NOTE, RULES, response).payload == {"success": True, "answer": "a", "tokens": 7}


def test_text_payloads_and_a_missing_last_blank_line() -> None:
    response = stream("event:response", "data:hello", "", "event: metrics", 'data: {"tokens": 7}')
    assert read(ASK_NOTE, RULES, response).payload == {"success": True, "response": "hello", "tokens": 7}


def test_an_error_event_is_the_error() -> None:
    response = stream("event: error", 'data: {"error": {"code": "TURN_TIMEOUT", "message": "Too slow"}}', "", *METRICS)
    error = refusal(ASK_NOTE, response)
    assert (error.code, error.message, error.outcome) == ("TURN_TIMEOUT", "Too slow", "unknown")
    assert refusal(ASK_NOTE, stream("event: error", "data: oops", "", "")).code == "STREAM_ERROR"


@pytest.mark.parametrize(
    "lines",
    [
        ("event: response", 'data: {"answer": "a"}', "", ""),
        ("event: response", 'data: {"answer": "a"}', "", "event: metrics", 'data: {"tok'),
        (": nothing", ""),
        ("",),
    ],
)
def test_a_stream_that_ends_early_is_in_doubt(lines: tuple[str, ...]) -> None:
    error = refusal(ASK_NOTE, stream(*lines))
    assert isinstance(error, UpstreamGarbled)
    assert error.outcome == "unknown"


def test_a_json_answer_to_a_stream_tool_is_read_as_json() -> None:
    assert read(ASK_NOTE, RULES, answer({"success": True, "gated": True})).payload == {"success": True, "gated": True}


def test_without_named_events_all_are_gathered() -> None:
    operation = replace(ASK_NOTE, response=ResponseRule(format="sse"))
    assert read(operation, RULES, stream('data: {"a": 1}', "", *METRICS)).payload == {
        "success": True,
        "a": 1,
        "tokens": 7,
    }
    assert refusal(operation, stream(": nothing", "")).code == "UPSTREAM_BAD_ANSWER"


@given(
    st.recursive(
        st.none() | st.booleans() | st.floats(allow_nan=False) | st.text(),
        lambda c: st.lists(c) | st.dictionaries(st.text(), c),
    )
)
def test_any_json_is_an_object_afterwards(body: Any) -> None:
    if isinstance(body, dict) and body.get("success") is False:
        return
    delivered = read(LIST_NOTES, RULES, answer(body))
    assert isinstance(delivered.payload, dict)
    assert json.loads(delivered.text) == delivered.payload


@given(st.dictionaries(st.text(), st.none() | st.integers() | st.text(), min_size=1), st.sampled_from([None, 1]))
def test_the_upstreams_own_text_is_handed_on_in_one_line_or_not_at_all(
    body: dict[str, Any], indent: int | None
) -> None:
    raw = json.dumps(body, ensure_ascii=False, indent=indent).encode()
    delivered = read(WHOAMI, RULES, answer(raw))
    assert delivered.raw in (raw, None)
    assert (delivered.raw is None) is (indent is not None or any(word in str(body) for word in ("NaN", "Infinity")))
    assert json.loads(delivered.text) == delivered.payload == body
    assert "\n" not in delivered.text


def test_what_was_mended_or_renamed_is_written_anew() -> None:
    for body in (b'{"a": NaN}', b'{"a": "\\ud800"}', b'\xef\xbb\xbf{"a": 1}', b'{"a": "\xff"}', b'{"data": [1]}'):
        delivered = read(LIST_NOTES, RULES, answer(body))
        assert delivered.raw is None
        assert json.loads(delivered.text) == delivered.payload
