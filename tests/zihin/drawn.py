"""Hypothesis strategies for documents: whatever a contract's JSON Schema allows, and what is one step beside it."""

from __future__ import annotations

import copy
from typing import Any

from hypothesis import strategies as st

JsonSchema = dict[str, Any]
_TEXT = st.text(st.characters(codec="utf-8", categories=("L", "N", "P", "Zs")), max_size=40)
_FORMATS = {
    "uri": st.sampled_from(["https://api.example.com", "helpdesk://articles/1", "http://localhost:8080/a?b=c"]),
    "uuid": st.uuids().map(str),
    "date": st.dates().map(str),
    "date-time": st.just("2026-03-10T12:00:00Z"),
}
_ANYTHING = st.one_of(st.booleans(), st.integers(-5, 5), _TEXT)


def documents(contract: JsonSchema) -> st.SearchStrategy[Any]:
    """Values that satisfy the contract, all words of its schema heeded."""
    return _of(contract, contract, 6)


def _of(schema: JsonSchema, whole: JsonSchema, depth: int) -> st.SearchStrategy[Any]:
    if "$ref" in schema:
        return _of(_found(schema["$ref"], whole), whole, depth - 1)
    if "const" in schema:
        return st.just(schema["const"])
    if "enum" in schema:
        return st.sampled_from(schema["enum"])
    if "anyOf" in schema:
        return st.one_of(*(_of(part, whole, depth - 1) for part in schema["anyOf"]))
    kinds = schema.get("type", "any")
    return st.one_of(*(_typed(kind, schema, whole, depth) for kind in ([kinds] if isinstance(kinds, str) else kinds)))


def _typed(kind: str, schema: JsonSchema, whole: JsonSchema, depth: int) -> st.SearchStrategy[Any]:
    match kind:
        case "object":
            return _object(schema, whole, depth)
        case "array":
            items = _of(schema.get("items", {}), whole, depth - 1)
            least = schema.get("minItems", 0)
            return st.lists(items, min_size=least, max_size=max(least, 2))
        case "string":
            return _string(schema)
        case "integer":
            low = schema.get("minimum", -(2**31))
            return st.integers(low, schema.get("maximum", 2**31))
        case "boolean":
            return st.booleans()
        case "null":
            return st.none()
    return _ANYTHING


def _string(schema: JsonSchema) -> st.SearchStrategy[str]:
    if "format" in schema:
        return _FORMATS[schema["format"]]
    if "pattern" in schema:
        return st.from_regex(schema["pattern"], fullmatch=True)
    least = schema.get("minLength", 0)
    return _TEXT.map(lambda text: (text + "-" * least)[: schema.get("maxLength", 10_000)])


@st.composite
def _object(draw: st.DrawFn, schema: JsonSchema, whole: JsonSchema, depth: int) -> dict[str, Any]:
    properties, needed = schema.get("properties", {}), schema.get("required", ())
    optional = [name for name in properties if name not in needed and depth > 0]
    chosen = draw(st.lists(st.sampled_from(optional), unique=True)) if optional else []
    drawn = {name: draw(_of(properties.get(name, {}), whole, depth - 1)) for name in (*needed, *chosen)}
    for part in schema.get("allOf", ()):
        if all(drawn.get(name) == test["const"] for name, test in part["if"]["properties"].items()):
            then = part["then"]
            for name in {*then.get("required", ()), *(then.get("properties", {}).keys() & drawn.keys())}:
                drawn[name] = draw(_of(then.get("properties", properties)[name], whole, depth - 1))
    extra = schema.get("additionalProperties")
    if isinstance(extra, dict):
        drawn |= draw(st.dictionaries(_TEXT, _of(extra, whole, depth - 1), max_size=2))
    return drawn


def _found(reference: str, whole: JsonSchema) -> JsonSchema:
    found: Any = whole
    for step in reference.removeprefix("#/").split("/"):
        found = found[step]
    return found


@st.composite
def altered(draw: st.DrawFn, document: Any) -> Any:
    """A copy in which one member at any depth is gone, or of another type."""
    changed = copy.deepcopy(document)
    places = [(parent, key) for parent, key in _members(changed)]
    parent, key = draw(st.sampled_from(places))
    if isinstance(parent, dict) and draw(st.booleans()):
        del parent[key]
    else:
        parent[key] = 7 if isinstance(parent[key], str) else "not this"
    return changed


def _members(value: Any) -> list[tuple[Any, Any]]:
    if not isinstance(value, (dict, list)):
        return []
    own = [(value, key) for key in (list(value) if isinstance(value, dict) else range(len(value)))]
    return own + [place for _, key in own for place in _members(value[key])]
