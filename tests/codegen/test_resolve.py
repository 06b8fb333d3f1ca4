"""Where each argument travels, what a client reads, and the digest that tells a change."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.codegen.scratch import HINTS, module, resolved, tool
from toolpress.contract import Param, ResponseRule, Route, Switch
from toolpress_codegen.resolve import ResolvedTool, canonical, digest

TEXT = {"type": "string", "description": "Some text."}
SWITCH = {
    "argument": "on",
    "cases": [{"when": True, "method": "POST", "path": "/on/{id}"}, {"when": False, "method": "PUT", "path": "/off"}],
}


def only(data: dict[str, Any]) -> ResolvedTool:
    (found,) = resolved(module("things", data)).tools
    return found


def params(properties: dict[str, Any], **request: Any) -> tuple[Param, ...]:
    return only(tool("probe", properties, request={"method": "GET", "path": "/things", **request})).operation.params


@pytest.mark.parametrize(
    ("method", "place"),
    [("GET", "query"), ("DELETE", "query"), ("POST", "body"), ("PUT", "body"), ("PATCH", "body")],
)
def test_arguments_travel_as_the_method_has_it(method: str, place: str) -> None:
    assert params({"a": TEXT}, method=method) == (Param("a", place, "a"),)


def test_placeholders_travel_in_the_path() -> None:
    found = params({"id": TEXT, "other": TEXT}, method="POST", path="/things/{id}")
    assert [param.location for param in found] == ["path", "body"]


def test_placeholders_of_a_case_travel_in_the_path() -> None:
    on = {"type": "boolean", "in": "route"}
    found = params({"id": TEXT, "on": on}, method="POST", path="/off", switch=SWITCH)
    assert [param.location for param in found] == ["path", "route"]


def test_words_of_an_argument_decide() -> None:
    words = {"in": "query", "wire_name": "filter[a]", "style": "comma"}
    assert params({"a": {**TEXT, **words}}, method="POST") == (Param("a", "query", "filter[a]", "comma"),)


def test_operation_carries_the_request() -> None:
    data = tool(
        "toggle_thing",
        {"id": TEXT, "on": {"type": "boolean", "in": "route"}},
        effect="update",
        request={"method": "POST", "path": "/on/{id}", "switch": SWITCH, "timeout_s": 5},
        response={"data_as": "thing", "format": "sse", "events": ["done"]},
    )
    operation = only(data).operation
    assert operation.model == "toolpress_catalogs.fragment.models.things:ToggleThingArguments"
    assert (operation.effect, operation.timeout_s) == ("update", 5)
    assert operation.route == Route("POST", "/on/{id}")
    assert operation.switch == Switch("on", ((True, Route("POST", "/on/{id}")), (False, Route("PUT", "/off"))))
    assert operation.response == ResponseRule("sse", "thing", ("done",))


def test_modules_come_by_name_and_tools_as_written() -> None:
    catalog = resolved(module("b", tool("z"), tool("a")), module("a", tool("m")))
    assert [(item.info.module, item.info.name) for item in catalog.tools] == [("a", "m"), ("b", "z"), ("b", "a")]


def test_description_closes_with_what_a_call_needs() -> None:
    data = tool(
        "probe",
        {"kind": {"type": ["string", "null"], "enum": ["a", "b", None]}, "n": {"type": "integer", "enum": [1, 2]}},
    )
    data["input"]["required"] = ["n"]
    data["examples"] = [{"input": {"n": 1, "kind": "ä"}}, {"input": {"n": 2}}]
    assert only(data).listing["description"].splitlines() == [
        data["description"],
        "Required: n.",
        "Values: kind = a | b; n = 1 | 2.",
        'Example: {"n": 1, "kind": "ä"}',
    ]
    assert only(tool("probe")).listing["description"].splitlines()[1:] == ["Required: none.", "Example: {}"]


@pytest.mark.parametrize(
    "change",
    [
        {"title": "Other"},
        {"description": "Something else."},
        {"annotations": HINTS},
        {"input": {"properties": {"a": TEXT}}},
        {"examples": [{"input": {"a": 1}}]},
    ],
    ids=lambda change: next(iter(change)),
)
def test_digest_tells_every_change_that_a_client_sees(change: dict[str, Any]) -> None:
    assert only(tool("probe")).info.digest != only(tool("probe", **change)).info.digest


def test_digest_ignores_what_no_client_sees() -> None:
    changes = {"request": {"method": "GET", "path": "/elsewhere"}, "source": {"observed": "listed"}}
    assert only(tool("probe")).info.digest == only(tool("probe", **changes)).info.digest


TEXTS = st.text(max_size=5)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=6,
)


@given(st.dictionaries(TEXTS, JSON, max_size=4))
def test_canonical_text_is_the_value_whatever_the_order(value: dict[str, Any]) -> None:
    assert json.loads(canonical(value)) == value
    assert canonical(dict(reversed(value.items()))) == canonical(value)
    assert digest(value) == digest(json.loads(canonical(value)))
