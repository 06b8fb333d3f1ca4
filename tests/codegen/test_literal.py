"""Text reaches emitted code as itself, whatever it holds."""

from __future__ import annotations

import ast
import inspect

import pytest
from hypothesis import given
from hypothesis import strategies as st

from toolpress.contract import Param, Route
from toolpress_codegen.literal import docstring, literal

HOSTILE = st.text(st.sampled_from(list("\"'\\{}%#$n \n\tä漢")), max_size=30) | st.text(max_size=30)


@given(HOSTILE)
def test_docstring_holds_the_text(text: str) -> None:
    source = f"def f():\n    {docstring(text, '    ')}\n"
    function = ast.parse(source).body[0]
    assert isinstance(function, ast.FunctionDef)
    found = ast.get_docstring(function, clean=False)
    assert found is not None
    assert inspect.cleandoc(found).split() == inspect.cleandoc(text).split()


@given(st.recursive(st.none() | st.booleans() | st.integers() | HOSTILE, lambda inner: st.tuples(inner, inner)))
def test_literal_evaluates_to_the_value(value: object) -> None:
    assert ast.literal_eval(literal(value)) == value


@pytest.mark.parametrize("value", [[1], {"a": 1}, {1}, b"a", Param])
def test_what_has_no_literal_is_refused(value: object) -> None:
    with pytest.raises(TypeError, match="no literal for"):
        literal((value,))


def test_dataclasses_leave_out_their_defaults() -> None:
    assert literal(Param("a", "query", "a")) == "Param(name='a', location='query', wire_name='a')"
    assert literal((Route("GET", "/x"),)) == "(Route(method='GET', path='/x'), )"
