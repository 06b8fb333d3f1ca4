"""What clients see, what models enforce and what signatures say are one and the same."""

from __future__ import annotations

import ast
import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import ModuleType
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from pydantic import BaseModel, ValidationError

from toolpress.arguments import repair
from toolpress_codegen.manifest import Input
from toolpress_codegen.models import UnmodelledError, model_classes
from toolpress_codegen.naming import class_name
from toolpress_codegen.schemas import (
    URI_PATTERN,
    annotation,
    client_schema,
    definitions,
    enumerations,
)

TOOL = "probe"
ARGUMENTS = class_name(TOOL, "arguments")


def by_name(schema: dict[str, Any]) -> dict[str, Any]:
    return {part.name: part.schema for part in definitions(TOOL, schema)}


def emitted(schema: dict[str, Any]) -> str:
    return model_classes(by_name(schema), "# header")


@contextmanager
def model(schema: dict[str, Any]) -> Iterator[type[BaseModel]]:
    """The emitted class, in a module of its own for as long as it is used."""
    module = ModuleType("emitted_models")
    sys.modules[module.__name__] = module
    try:
        exec(compile(emitted(schema), module.__name__, "exec", dont_inherit=True), vars(module))
        yield vars(module)[ARGUMENTS]
    finally:
        del sys.modules[module.__name__]


def single(schema: dict[str, Any]) -> dict[str, Any]:
    """A tool's schema with one required argument."""
    return client_schema(Input(required=("x",), properties={"x": schema}))


def accepts(kind: type[BaseModel], value: Any) -> bool:
    try:
        kind.model_validate(value)
    except ValidationError:
        return False
    return True


# Random schemas of the portable kind, and values that nearly fit them.

NAMES = st.sampled_from(("name", "kind", "from", "schema", "list", "date", "int", "llmConfig", "a_b"))
WORDS = st.text("ab1 é😀", max_size=4)
BOUNDS = st.integers(-3, 3)
FRACTIONS = BOUNDS.map(lambda number: number + 0.5)


def nullable(schema: dict[str, Any]) -> st.SearchStrategy[dict[str, Any]]:
    forms = [schema, {**schema, "type": [schema["type"], "null"]}]
    if "enum" in schema:
        forms.append({**forms[1], "enum": [*schema["enum"], None]})
    return st.sampled_from(forms)


def of(kind: str, **optional: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    return st.fixed_dictionaries({"type": st.just(kind)}, optional=optional)


COUNTS = st.integers(0, 2)
STRINGS = of(
    "string", minLength=COUNTS, maxLength=st.integers(2, 4), pattern=st.sampled_from(("^a", "b$", "^[a-z ]*$"))
)
CHOICES = st.lists(WORDS, min_size=1, max_size=3, unique=True).map(lambda words: {"type": "string", "enum": words})
LEVELS = st.lists(st.integers(2, 9), min_size=1, max_size=3, unique=True)
INTEGERS = of("integer", minimum=BOUNDS, maximum=BOUNDS, exclusiveMinimum=BOUNDS, exclusiveMaximum=BOUNDS)
NUMBERS = of("number", minimum=FRACTIONS | BOUNDS, maximum=FRACTIONS, exclusiveMinimum=BOUNDS, exclusiveMaximum=BOUNDS)
LEAVES = (
    STRINGS | CHOICES | INTEGERS | NUMBERS | of("boolean") | LEVELS.map(lambda some: {"type": "integer", "enum": some})
).flatmap(nullable)


def containers(inner: st.SearchStrategy[dict[str, Any]]) -> st.SearchStrategy[dict[str, Any]]:
    arrays = st.fixed_dictionaries(
        {"type": st.just("array"), "items": inner}, optional={"minItems": COUNTS, "maxItems": COUNTS}
    )
    free = of("object", additionalProperties=st.booleans() | inner)
    objects = st.dictionaries(NAMES, inner, max_size=3).flatmap(
        lambda members: st.fixed_dictionaries(
            {"type": st.just("object"), "properties": st.just(members)},
            optional={
                "additionalProperties": st.booleans() | inner,
                "required": st.lists(st.sampled_from(sorted(members)), unique=True) if members else st.just([]),
            },
        )
    )
    return (arrays | free | objects).flatmap(nullable)


SCHEMAS = st.recursive(LEAVES, containers, max_leaves=4)
SCALARS = st.none() | st.booleans() | BOUNDS | st.integers(2, 9) | FRACTIONS | WORDS
JSON = st.recursive(SCALARS, lambda inner: st.lists(inner, max_size=2) | st.dictionaries(NAMES, inner, max_size=2))


def nearly(schema: dict[str, Any]) -> st.SearchStrategy[Any]:
    """Mostly values of the right kind, with anything at all in between."""
    if "enum" in schema:
        return st.sampled_from(schema["enum"]) | SCALARS
    kind = schema["type"] if isinstance(schema["type"], str) else schema["type"][0]
    fitting: st.SearchStrategy[Any]
    match kind:
        case "string":
            fitting = WORDS
        case "integer":
            fitting = BOUNDS
        case "number":
            fitting = BOUNDS | FRACTIONS
        case "boolean":
            fitting = st.booleans()
        case "array":
            fitting = st.lists(nearly(schema["items"]), max_size=3)
        case _:
            more = schema.get("additionalProperties")
            members = {name: nearly(value) for name, value in schema.get("properties", {}).items()}
            known = st.fixed_dictionaries({}, optional=members)
            others = st.dictionaries(NAMES, nearly(more) if isinstance(more, dict) else JSON, max_size=1)
            fitting = st.one_of(known, known, st.builds(lambda first, second: {**second, **first}, known, others))
    return st.one_of(fitting, fitting, fitting, fitting, fitting, JSON)


CASES = SCHEMAS.flatmap(
    lambda schema: st.tuples(st.just(schema), st.lists(nearly(client_schema_of(schema)), min_size=8, max_size=8))
)


def client_schema_of(schema: dict[str, Any]) -> dict[str, Any]:
    return dict(single(schema)["properties"]["x"])


@settings(deadline=None, max_examples=150)
@given(CASES)
@example(({"type": ["string", "null"], "enum": ["a"]}, [None, "a", "b"]))
@example(({"type": "array", "items": {"type": "number", "exclusiveMinimum": 0}}, [[0], [0.5], [-1]]))
@example(({"type": "array", "items": {"type": "array", "items": {"type": "string"}, "minItems": 1}}, [[[]], [["a"]]]))
@example(
    ({"type": "object", "additionalProperties": {"type": "object", "properties": {}}}, [{"a": {}}, {"a": {"b": 1}}])
)
def test_models_accept_exactly_what_the_listed_schema_accepts(case: tuple[dict[str, Any], list[Any]]) -> None:
    schema, values = case
    listed = single(schema)
    validator = Draft202012Validator(listed)
    with model(listed) as kind:
        for value in values:
            arguments = {"x": value}
            assert accepts(kind, arguments) == validator.is_valid(arguments), (listed, arguments)


@settings(deadline=None, max_examples=100)
@given(CASES)
def test_what_a_model_makes_of_a_value_obeys_the_listed_schema(case: tuple[dict[str, Any], list[Any]]) -> None:
    schema, values = case
    listed = single(schema)
    validator = Draft202012Validator(listed)
    with model(listed) as kind:
        for value in values:
            arguments = {"x": value}
            try:
                read = kind.model_validate(arguments).model_dump(mode="json", by_alias=True, exclude_unset=True)
            except ValidationError:
                assert not validator.is_valid(arguments)
                continue
            assert validator.is_valid(read), (listed, arguments, read)
            if validator.is_valid(arguments):
                assert read == arguments


@settings(deadline=None, max_examples=100)
@given(st.dictionaries(NAMES, SCHEMAS, min_size=1, max_size=4))
def test_every_emitted_class_has_a_name_of_ours(properties: dict[str, Any]) -> None:
    schema = client_schema(Input(properties=properties))
    tree = ast.parse(emitted(schema))
    classes = {node.name for node in tree.body if isinstance(node, ast.ClassDef)}
    aliases = {ast.unparse(node.targets[0]) for node in tree.body if isinstance(node, ast.Assign)}
    assert classes | aliases == by_name(schema).keys()


@pytest.mark.parametrize("value", [1.0, 2.0])
def test_a_whole_number_may_come_with_a_decimal_point(value: float) -> None:
    listed = single({"type": "integer", "maximum": 2})
    assert Draft202012Validator(listed).is_valid({"x": value})
    with model(listed) as kind:
        read = kind.model_validate(repair({"x": value}, listed)).model_dump(mode="json")
    assert json.dumps(read) == json.dumps({"x": int(value)})


FORMATS = {
    "uuid": (["0a000000-0000-4000-8000-000000000001", "0A000000-0000-4000-8000-00000000000F"], ["", "me", "0a00"]),
    "date": (["2026-02-28", "2024-02-29"], ["2026-02-30", "28.2.2026", "2026-2-8", "tomorrow"]),
    "date-time": (
        ["2026-02-28T10:00:00Z", "2026-02-28T10:00:00+02:00"],
        ["2026-02-28T10:00:00", "10:00", "2026-13-01T00:00:00Z"],
    ),
    "email": (["a@example.org"], ["a", "@", "a@", "@b"]),
    "uri": (["https://example.org/ä?q=1", "zihin://agents", "mailto:a@b"], ["no scheme", "//x", "http://a b"]),
}


@pytest.mark.parametrize("name", FORMATS)
@pytest.mark.parametrize("within", ["argument", "item", "value"])
def test_formats_are_enforced_wherever_they_stand(name: str, within: str) -> None:
    inner: dict[str, Any] = {"type": "string", "format": name}
    schema, wrap = {
        "argument": (inner, lambda text: text),
        "item": ({"type": "array", "items": inner}, lambda text: [text]),
        "value": ({"type": "object", "additionalProperties": inner}, lambda text: {"k": text}),
    }[within]
    good, bad = FORMATS[name]
    with model(single(schema)) as kind:
        for text in good:
            read = kind.model_validate({"x": wrap(text)}).model_dump(mode="json")
            assert json.dumps(read).lower() == json.dumps({"x": wrap(text)}).lower()
        for text in bad:
            assert not accepts(kind, {"x": wrap(text)}), text


@pytest.mark.parametrize("name", FORMATS)
def test_formats_are_judged_by_the_validator_of_examples_and_sandbox(name: str) -> None:
    judge = Draft202012Validator({"format": name}, format_checker=Draft202012Validator.FORMAT_CHECKER)
    good, _ = FORMATS[name]
    assert judge.is_valid(good[-1])
    assert not judge.is_valid("no such thing")


def test_an_argument_keeps_its_own_pattern_beside_a_uri() -> None:
    with model(single({"type": "string", "format": "uri", "pattern": "^https:"})) as kind:
        assert accepts(kind, {"x": "https://example.org"})
        assert not accepts(kind, {"x": "ftp://example.org"})


@pytest.mark.parametrize("schema", [{"format": "uuid", "pattern": "^0"}, {"format": "date", "maxLength": 4}])
def test_a_constraint_that_would_be_lost_is_refused(schema: dict[str, Any]) -> None:
    with pytest.raises(UnmodelledError, match=r"ProbeArguments\.x"):
        emitted(single({"type": "string", **schema}))


def test_models_are_one_module() -> None:
    with pytest.raises(TypeError, match="one module"):
        model_classes({"a.B": {"type": "object"}, "c.D": {"type": "object"}}, "# header")


def test_our_own_words_never_reach_a_client() -> None:
    words = {"in": "query", "wire_name": "w", "style": "comma", "secret": True}
    text = {"type": "string", **words}
    nested = {"type": "object", "properties": {"in": text}, "additionalProperties": text, **words}
    listed = client_schema(Input(properties={"style": {"type": "array", "items": nested, **words}}))
    assert listed == {
        "type": "object",
        "properties": {
            "style": {
                "type": "array",
                "items": {
                    "type": "object",
                    "properties": {"in": {"type": "string"}},
                    "additionalProperties": {"type": "string"},
                },
            }
        },
        "additionalProperties": False,
    }


def test_objects_with_members_are_closed_unless_they_say_otherwise() -> None:
    members = {"type": "object", "properties": {"a": {"type": "string"}}}
    listed = client_schema(
        Input(
            required=("closed",),
            properties={
                "closed": members,
                "open": {**members, "additionalProperties": True},
                "free": {"type": "object"},
                "values": {"type": "object", "additionalProperties": members},
            },
        )
    )
    assert listed["required"] == ["closed"]
    assert listed["properties"]["closed"]["additionalProperties"] is False
    assert listed["properties"]["open"]["additionalProperties"] is True
    assert "additionalProperties" not in listed["properties"]["free"]
    assert listed["properties"]["values"]["additionalProperties"]["additionalProperties"] is False


def test_nested_parts_come_before_what_needs_them_and_say_whose_they_are() -> None:
    inner = {"type": "object", "properties": {"tags": {"type": "array", "items": {"type": "string", "minLength": 1}}}}
    schema = client_schema(Input(properties={"rows": {"type": "array", "items": inner}, "plain": {"type": "string"}}))
    assert [(item.name, item.place) for item in definitions("add_rows", schema)] == [
        ("AddRowsRowsItemTagsItem", "add_rows.rows.item.tags.item"),
        ("AddRowsRowsItem", "add_rows.rows.item"),
        ("AddRowsArguments", "add_rows"),
    ]


def test_models_know_no_defaults() -> None:
    listed = single({"type": "integer", "default": 20, "examples": [1], "title": "Size", "description": "Page size."})
    (definition,) = definitions(TOOL, listed)
    assert definition.schema["properties"]["x"] == {"type": "integer", "description": "Page size."}


def test_a_uri_is_text_of_a_shape() -> None:
    (definition,) = definitions(TOOL, single({"type": "string", "format": "uri"}))
    assert definition.schema["properties"]["x"] == {"type": "string", "pattern": URI_PATTERN}


@pytest.mark.parametrize(
    ("schema", "spelled"),
    [
        ({"type": "string"}, "str"),
        ({"type": "string", "format": "date-time"}, "str"),
        ({"type": "integer"}, "int"),
        ({"type": "number"}, "float"),
        ({"type": "boolean"}, "bool"),
        ({"type": ["boolean", "null"]}, "bool | None"),
        ({"type": "string", "enum": ["on", "it's"]}, """Literal['on', "it's"]"""),
        ({"type": ["string", "null"], "enum": ["a", None]}, "Literal['a'] | None"),
        ({"type": ["string", "null"], "enum": ["a"]}, "Literal['a']"),
        ({"type": "integer", "enum": [1, 2]}, "Literal[1, 2]"),
        ({"type": "number", "enum": [1, 2.5]}, "float"),
        ({"type": "array", "items": {"type": "string"}}, "Sequence[str]"),
        ({"type": ["array", "null"], "items": {"type": ["integer", "null"]}}, "Sequence[int | None] | None"),
        ({"type": "object"}, "Mapping[str, Any]"),
        ({"type": "object", "additionalProperties": {"type": "string"}}, "Mapping[str, Any]"),
        ({"type": "object", "additionalProperties": False}, "models.AddRow"),
        ({"type": "object", "properties": {"a": {"type": "string"}}}, "models.AddRow"),
        (
            {"type": "array", "items": {"type": "object", "properties": {"a": {"type": "string"}}}},
            "Sequence[models.AddRowItem]",
        ),
    ],
)
def test_annotations_spell_the_schema(schema: dict[str, Any], spelled: str) -> None:
    assert annotation(schema, ("add", "row")) == spelled


def test_enumerations_are_found_at_any_depth() -> None:
    choice = {"type": ["string", "null"], "enum": ["a", None, "b"]}
    schema = client_schema(
        Input(
            properties={
                "plain": {"type": "integer", "enum": [1]},
                "grid": {"type": "array", "items": {"type": "array", "items": choice}},
                "rows": {"type": "array", "items": {"type": "object", "properties": {"pick": choice}}},
                "free": {"type": "object"},
            }
        )
    )
    assert dict(enumerations(schema)) == {"plain": [1], "grid[][]": ["a", "b"], "rows[].pick": ["a", "b"]}
