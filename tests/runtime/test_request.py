"""Arguments become exactly one request, whatever they hold."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

import httpx
import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from tests.runtime.fixture_catalog.tools.notes import CREATE_NOTE, GET_NOTE, LIST_NOTES, MOVE_NOTE
from toolpress.contract import Operation, Param, Route
from toolpress.errors import InvalidArguments
from toolpress.request import build

TWO = Operation(
    name="two",
    effect="read",
    route=Route("GET", "/a/{one}/b/{two}"),
    params=(Param("one", "path", "one"), Param("two", "path", "two"), Param("q", "query", "q")),
    model="",
)
TEXT = st.text(st.characters(exclude_categories=("Cs", "Cc")), min_size=1)


def sent_target(request: Any) -> str:
    """The request line as httpx writes it."""
    return httpx.Request(request.method, "http://host.example" + request.target).url.raw_path.decode("ascii")


@given(one=TEXT, two=TEXT, q=TEXT)
@example(one="../../x", two="%2e%2e%2f", q="a&b=c#d")
@example(one="a/b", two="?x=1#y", q="+ %")
@example(one="%2F", two=";v=1", q="=")
@example(one="\u00e9\u20ac", two="a\\b", q="\u2028")
def test_values_stay_in_their_place(one: str, two: str, q: str) -> None:
    assume(not any(part in {".", ".."} for value in (one, two) for part in value.replace("\\", "/").split("/")))
    target = sent_target(build(TWO, {"one": one, "two": two, "q": q}))
    parts = urlsplit(target)
    segments = parts.path.split("/")
    assert [unquote(segment) for segment in segments] == ["", "a", one, "b", two]
    assert parse_qsl(parts.query, keep_blank_values=True) == [("q", q)]
    assert parts.fragment == ""


@pytest.mark.parametrize(
    "value", ["", ".", "..", "a/../b", "..\\x", "/.", "a\nb", "\r\nHost: evil", "\x00", "\x7f", None, [], {}]
)
def test_unsafe_path_values_are_refused(value: Any) -> None:
    with pytest.raises(InvalidArguments) as caught:
        build(GET_NOTE, {"note_id": value})
    assert caught.value.field == "note_id"
    assert caught.value.outcome == "not_sent"


def test_a_missing_path_value_is_refused() -> None:
    with pytest.raises(InvalidArguments, match="note_id: is required"):
        build(GET_NOTE, {})


@pytest.mark.parametrize(
    ("value", "text"), [(7, "7"), (True, "true"), (False, "false"), (0.5, "0.5"), ("A b", "A%20b")]
)
def test_scalars_in_paths(value: Any, text: str) -> None:
    assert build(GET_NOTE, {"note_id": value}).path == f"/api/notes/{text}"


@pytest.mark.parametrize(
    ("style", "pairs"),
    [
        ("repeat", [("w", "x"), ("w", "y z"), ("w", "3")]),
        ("comma", [("w", "x,y z,3")]),
        ("brackets", [("w[]", "x"), ("w[]", "y z"), ("w[]", "3")]),
    ],
)
def test_array_styles(style: Any, pairs: list[tuple[str, str]]) -> None:
    operation = Operation("t", "read", Route("GET", "/x"), (Param("a", "query", "w", style),), "")
    request = build(operation, {"a": ["x", "y z", None, 3]})
    assert parse_qsl(urlsplit(request.target).query) == pairs
    assert build(operation, {"a": []}).target == "/x"


def test_a_comma_in_a_comma_list_is_refused() -> None:
    operation = Operation("t", "read", Route("GET", "/x"), (Param("a", "query", "a", "comma"),), "")
    with pytest.raises(InvalidArguments, match="comma"):
        build(operation, {"a": ["x,y"]})


def test_query_booleans_wire_names_and_null() -> None:
    request = build(LIST_NOTES, {"include_archived": True, "tags": ["a"], "status": None})
    assert request.query == (("filter[tags][]", "a"), ("includeArchived", "true"))
    assert request.target == "/api/notes?filter%5Btags%5D%5B%5D=a&includeArchived=true"
    assert request.content is None


def test_an_object_in_a_query_is_json() -> None:
    operation = Operation("t", "read", Route("GET", "/x"), (Param("a", "query", "a"),), "")
    assert build(operation, {"a": {"b": [1, "é"]}}).query == (("a", '{"b":[1,"é"]}'),)


def test_bodies_keep_null_and_leave_out_what_is_not_given() -> None:
    request = build(CREATE_NOTE, {"title": "é", "remind_at": None, "from": "desk"})
    assert request.body == {"title": "é", "remindAt": None}
    assert json.loads(request.content or b"") == request.body
    assert request.headers == (("X-From", "desk"),)


def test_bodies_exist_only_where_the_tool_has_body_arguments() -> None:
    assert build(CREATE_NOTE, {}).content == b"{}"
    assert build(MOVE_NOTE, {"note_id": "n", "archived": True}).content is None
    delete = Operation("t", "delete", Route("DELETE", "/x"), (Param("why", "body", "why"),), "")
    assert build(delete, {}).content is None
    assert build(delete, {"why": "x"}).content == b'{"why":"x"}'


@pytest.mark.parametrize("value", ["a\r\nX-Evil: 1", "a\nb", "\x00", " lead", "trail ", "\u00e9", ""])
def test_header_values_cannot_break_out(value: str) -> None:
    with pytest.raises(InvalidArguments, match="from"):
        build(CREATE_NOTE, {"title": "x", "from": value})


def test_null_headers_are_dropped() -> None:
    assert build(CREATE_NOTE, {"title": "x", "from": None}).headers == ()


@pytest.mark.parametrize(("archived", "method"), [(True, "POST"), (False, "DELETE")])
def test_a_switch_picks_the_route_and_is_not_sent(archived: bool, method: str) -> None:
    request = build(MOVE_NOTE, {"note_id": "n", "archived": archived})
    assert (request.method, request.target, request.body) == (method, "/api/notes/n/archive", None)


def test_a_switch_compares_types() -> None:
    with pytest.raises(InvalidArguments, match="must be one of true, false"):
        build(MOVE_NOTE, {"note_id": "n", "archived": 1})


def test_a_switch_without_its_argument_takes_the_default_route() -> None:
    assert build(MOVE_NOTE, {"note_id": "n"}).method == "POST"
