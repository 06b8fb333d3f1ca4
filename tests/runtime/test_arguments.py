"""What is wrong with arguments is said at once, by name, without their values."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.runtime.fixture_catalog.tools.notes import CREATE_NOTE, LIST_NOTES
from toolpress.arguments import load_model, nearest, repair, validate
from toolpress.contract import Operation, Route
from toolpress.errors import ConfigurationError, InvalidArguments

OWNER = "0A000000-0000-4000-8000-000000000001"


def refused(operation: Operation, arguments: dict[str, Any]) -> InvalidArguments:
    with pytest.raises(InvalidArguments) as caught:
        validate(operation, arguments)
    return caught.value


def test_what_is_given_and_null_stay_apart() -> None:
    assert validate(CREATE_NOTE, {"title": "t"}) == {"title": "t"}
    assert validate(CREATE_NOTE, {"title": "t", "remind_at": None}) == {"title": "t", "remind_at": None}


def test_aliases_and_formats() -> None:
    checked = validate(CREATE_NOTE, {"title": "t", "from": "x", "owner": OWNER, "extra": {"a": [1, None]}})
    assert checked == {"title": "t", "from": "x", "owner": OWNER.lower(), "extra": {"a": [1, None]}}


def test_every_problem_in_one_message() -> None:
    error = refused(
        CREATE_NOTE,
        {
            "titel": "x",
            "meta": {"author": {"nam": "y", "age": -1}, "labels": [1, "a", 2]},
            "weight": "heavy",
            "owner": "me",
        },
    )
    assert error.code == "VALIDATION_ERROR"
    assert error.outcome == "not_sent"
    for part in (
        "title: is required",
        "titel: is unknown (did you mean title?)",
        "meta.author.name: is required",
        "meta.author.nam: is unknown (did you mean name?)",
        "meta.author.age: must be a number of at least 0",
        "meta.labels.0: must be a string",
        "meta.labels.2: must be a string",
        "weight: must be a number",
        "owner: must be a UUID",
    ):
        assert part in error.message
    assert len(error.details) == 9


def test_unknown_names_without_a_neighbour_list_the_known() -> None:
    assert "zzz: is unknown (known: status, tags, include_archived, limit)" in refused(LIST_NOTES, {"zzz": 1}).message


def test_enums_and_bounds_name_what_is_expected() -> None:
    assert "status: must be one of 'open' or 'archived'" in refused(LIST_NOTES, {"status": "live"}).message
    assert "limit: must be a number of at most 100" in refused(LIST_NOTES, {"limit": 101}).message
    assert "title: must be at most 40 characters" in refused(CREATE_NOTE, {"title": "x" * 41}).message


@given(st.text(min_size=6, max_size=30).filter(lambda text: text.strip() and not text.isalnum()))
def test_values_never_show(secret: str) -> None:
    marked = f"S3CR3T{secret}"
    error = refused(
        CREATE_NOTE, {"owner": marked, "weight": marked, "meta": marked, "title": [marked], "extra": marked}
    )
    assert "S3CR3T" not in json.dumps(error.to_payload())


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -float("inf")])
def test_numbers_that_json_lacks_are_refused(value: float) -> None:
    assert "NaN" in refused(CREATE_NOTE, {"title": "t", "weight": value}).message
    assert "NaN" in refused(CREATE_NOTE, {"title": "t", "extra": {"a": [value]}}).message


SCHEMA = {
    "type": "object",
    "properties": {
        "list": {"type": "array", "items": {"type": "object", "properties": {"a": {"type": "array"}}}},
        "object": {"type": "object"},
        "maybe": {"type": ["object", "null"]},
        "text": {"type": "string"},
        "either": {"type": ["string", "object"]},
        "count": {"type": ["integer", "null"]},
        "share": {"type": "number"},
        "on": {"type": "boolean"},
        "any": {},
        "branch": {"anyOf": [{"type": "object"}, {"type": "array"}]},
        "open": {"anyOf": [{"type": "object"}, {}]},
    },
}


@pytest.mark.parametrize(
    ("given", "wanted"),
    [
        ({"list": '[{"a": 1}]'}, {"list": [{"a": 1}]}),
        ({"list": [{"a": "[1]"}]}, {"list": [{"a": [1]}]}),
        ({"list": '[{"a": "[1]"}]'}, {"list": [{"a": [1]}]}),
        ({"object": '{"b": 2}', "maybe": "{}"}, {"object": {"b": 2}, "maybe": {}}),
        ({"branch": "[]"}, {"branch": []}),
        ({"object": "[1]"}, {"object": "[1]"}),
        ({"object": "{broken"}, {"object": "{broken"}),
        (
            {"text": '{"b": 2}', "either": "{}", "any": "[]", "open": "{}"},
            {"text": '{"b": 2}', "either": "{}", "any": "[]", "open": "{}"},
        ),
        ({"unknown": "[]"}, {"unknown": "[]"}),
        ({"count": "5", "share": "0.5", "on": "true"}, {"count": 5, "share": 0.5, "on": True}),
        ({"count": 3.0, "share": 3.0, "on": 1}, {"count": 3, "share": 3.0, "on": 1}),
        ({"count": "0.5", "share": "true", "on": "1"}, {"count": "0.5", "share": "true", "on": "1"}),
        ({"count": "null", "share": "", "on": "yes"}, {"count": "null", "share": "", "on": "yes"}),
    ],
)
def test_stringified_json_is_repaired_only_where_no_string_may_stand(given: Any, wanted: Any) -> None:
    assert repair(given, SCHEMA) == wanted


def test_a_model_that_cannot_be_loaded_is_a_fault_of_the_installation() -> None:
    for reference in ("no.such.module:Model", "json:Nothing", "json:JSONDecoder", "json"):
        with pytest.raises(ConfigurationError, match=r"[Mm]odel|import"):
            load_model(reference)


def test_nearest() -> None:
    assert nearest("agentid", ["agent_id", "name"]) == "agent_id"
    assert nearest("zzz", ["agent_id"]) is None


def test_validate_loads_the_model_by_reference() -> None:
    broken = Operation("x", "read", Route("GET", "/"), (), "no.such:Model")
    with pytest.raises(ConfigurationError):
        validate(broken, {})
