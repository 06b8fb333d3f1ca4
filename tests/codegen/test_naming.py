"""Names of emitted code: valid, and each a function of its own item alone."""

from __future__ import annotations

import keyword

import pytest
from hypothesis import given
from hypothesis import strategies as st

from toolpress_codegen.naming import argument_name, class_name, constant_name

TOOL_NAMES = st.from_regex(r"[a-z][a-z0-9_]{0,20}", fullmatch=True)
ARGUMENT_NAMES = st.from_regex(r"[A-Za-z][A-Za-z0-9_]{0,20}", fullmatch=True)


@pytest.mark.parametrize(
    ("parts", "name"),
    [
        (("create_agent", "arguments"), "CreateAgentArguments"),
        (("create_agent", "llm_config"), "CreateAgentLlmConfig"),
        (("create_agent", "llmConfig"), "CreateAgentLlmConfig"),
        (("add", "rows", "item"), "AddRowsItem"),
        (("list_v2_things", "x"), "ListV2ThingsX"),
        (("a__b_", "HTTP"), "ABHTTP"),
    ],
)
def test_class_names(parts: tuple[str, ...], name: str) -> None:
    assert class_name(*parts) == name


@given(TOOL_NAMES, st.lists(ARGUMENT_NAMES, min_size=1, max_size=3))
def test_class_names_are_capitalised_identifiers(tool: str, path: list[str]) -> None:
    name = class_name(tool, *path)
    assert name.isidentifier()
    assert name[0].isupper()
    assert not keyword.iskeyword(name)


@given(TOOL_NAMES, TOOL_NAMES)
def test_constants_of_two_tools_differ(first: str, second: str) -> None:
    assert (constant_name(first) == constant_name(second)) == (first == second)
    assert constant_name(first).isidentifier()


@pytest.mark.parametrize("word", keyword.kwlist)
def test_keywords_become_arguments_with_an_underscore(word: str) -> None:
    assert argument_name(word) == f"{word}_"


@given(ARGUMENT_NAMES)
def test_other_arguments_keep_their_names(name: str) -> None:
    assert argument_name(name) == (f"{name}_" if keyword.iskeyword(name) else name)
