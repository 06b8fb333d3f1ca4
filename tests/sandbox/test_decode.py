from __future__ import annotations

import json
from typing import Any

import pytest

from toolpress.contract import JsonObject, Param
from toolpress_sandbox.decode import decode, with_defaults
from toolpress_sandbox.definition import Address, OperationDef
from toolpress_sandbox.replies import Refusal
from toolpress_sandbox.routing import Match

PROPERTIES: JsonObject = {
    "item_id": {"type": "integer"},
    "limit": {"type": "integer", "default": 20},
    "deep": {"type": "boolean", "default": False},
    "share": {"type": ["number", "null"]},
    "tags": {"type": "array", "items": {"type": "integer"}},
    "codes": {"type": "array", "items": {"type": "string"}},
    "marks": {"type": "array", "items": {"type": "string"}},
    "trace": {"type": "string"},
    "size": {"type": "integer"},
}
PARAMS = (
    Param("item_id", "path", "item_id"),
    Param("limit", "query", "pageSize"),
    Param("deep", "query", "deep"),
    Param("share", "query", "share"),
    Param("tags", "query", "tags"),
    Param("codes", "query", "codes", "comma"),
    Param("marks", "query", "marks", "brackets"),
    Param("trace", "header", "X-Trace"),
    Param("size", "body", "itemSize"),
)
JSON = {"content-type": "application/json; charset=utf-8"}


def operation(effect: str = "read") -> OperationDef:
    return OperationDef("one", "any", effect, (Address("POST", "/i/{item_id}"),), PARAMS, {"properties": PROPERTIES})


def decoded(query: str = "", headers: dict[str, str] | None = None, body: Any = b"", item: str = "7") -> JsonObject:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    match = Match(operation(), operation().addresses[0], {"item_id": item})
    return decode(match, query.encode(), headers or JSON, raw)


def test_texts_become_the_types_of_the_schema() -> None:
    assert decoded("pageSize=5&deep=true&share=1.5") == {"item_id": 7, "limit": 5, "deep": True, "share": 1.5}


def test_a_text_of_the_wrong_type_stays_for_the_schema_to_refuse() -> None:
    assert decoded("pageSize=five&deep=yes", item="x") == {"item_id": "x", "limit": "five", "deep": "yes"}


def test_arrays_travel_in_their_style() -> None:
    assert decoded("tags=1&tags=2&codes=a,b&marks[]=x&marks%5B%5D=y") == {
        "item_id": 7,
        "tags": [1, 2],
        "codes": ["a", "b"],
        "marks": ["x", "y"],
    }


def test_headers_and_body_members_are_known_by_their_wire_names() -> None:
    assert decoded(headers={**JSON, "x-trace": "t"}, body={"itemSize": 3}) == {"item_id": 7, "trace": "t", "size": 3}


@pytest.mark.parametrize(
    ("query", "headers", "body", "field"),
    [
        ("limit=5", None, b"", "limit"),
        ("deep=true&deep=false", None, b"", "deep"),
        ("deep=%ff", None, b"", "query"),
        ("", None, {"size": 3}, "size"),
        ("", None, b"{", "body"),
        ("", None, [1], "body"),
        ("", {"content-type": "text/plain"}, {"itemSize": 1}, "Content-Type"),
    ],
)
def test_what_the_operation_does_not_know_is_refused(
    query: str, headers: dict[str, str] | None, body: Any, field: str
) -> None:
    with pytest.raises(Refusal) as caught:
        decoded(query, headers, body)
    assert (caught.value.code, (caught.value.details or {})["field"]) == ("VALIDATION_ERROR", field)


def test_defaults_fill_all_but_partial_updates() -> None:
    assert with_defaults(operation(), {"deep": True}) == {"limit": 20, "deep": True}
    assert with_defaults(operation("update"), {"deep": True}) == {"deep": True}
