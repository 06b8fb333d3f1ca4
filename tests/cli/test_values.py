"""`key=value` words become arguments by the types of the tool's schema."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from toolpress.cli.values import read
from toolpress.errors import InvalidArguments

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=5,
)
TYPES = ("integer", "number", "boolean", "array", "object", "null")


def schema(**types: Any) -> dict[str, Any]:
    return {"properties": {name: {"type": kind} for name, kind in types.items()}}


@given(value=JSON, kind=st.sampled_from(TYPES) | st.lists(st.sampled_from(TYPES), min_size=1, unique=True))
def test_what_is_not_text_is_read_as_json(value: Any, kind: Any) -> None:
    assert read([f"a={json.dumps(value)}"], None, schema(a=kind)) == {"a": value}


@given(text=st.text(), kind=st.sampled_from(["string", ["string", "null"], ["integer", "string"]]))
def test_text_stays_text(text: str, kind: Any) -> None:
    assert read([f"a={text}"], None, schema(a=kind)) == {"a": text}


@given(text=st.text())
def test_the_tool_judges_what_its_schema_does_not_name(text: str) -> None:
    assert read([f"other={text}"], None, schema(a="integer")) == {"other": text}
    assert read([f"a={text}"], None, {}) == {"a": text}


def test_words_win_over_the_object_and_later_words_over_earlier_ones() -> None:
    given_json = '{"a": 1, "b": {"c": [true]}}'
    assert read(["a=2", "a=3"], given_json, schema(a="integer")) == {"a": 3, "b": {"c": [True]}}
    assert read([], given_json, {}) == {"a": 1, "b": {"c": [True]}}
    assert read([], None, {}) == {}


@pytest.mark.parametrize("word", ["a", "=1", "", "secret-value"])
def test_a_word_without_a_name_and_a_value(word: str) -> None:
    with pytest.raises(InvalidArguments, match="Not an argument") as caught:
        read([word], None, {})
    assert caught.value.fix == "Write key=value."


def test_text_that_is_not_the_json_of_its_type() -> None:
    with pytest.raises(InvalidArguments) as caught:
        read(["a=s3cr3t"], None, schema(a=["integer", "null"]))
    assert (caught.value.field, caught.value.message) == ("a", "a must be integer or null, written as JSON.")


@pytest.mark.parametrize(("text", "message"), [("{", "not JSON"), ("[1]", "a JSON object"), ("null", "a JSON object")])
def test_an_object_that_is_none(text: str, message: str) -> None:
    with pytest.raises(InvalidArguments, match=message):
        read([], text, {})
