"""The three faces of a tool's arguments: what clients see, what models are made from, what annotations say."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from toolpress_codegen.manifest import PROPERTY_WORDS, Input, JsonSchema
from toolpress_codegen.naming import class_name

URI_PATTERN = r"^[A-Za-z][A-Za-z0-9+.-]*:\S+$"
"""Stands in for `format: uri` in models: Pydantic's URL types would send another spelling than the one given."""

_ITEM_CONSTRAINTS = frozenset(
    {
        *("pattern", "minLength", "maxLength", "minItems", "maxItems"),
        *("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"),
    }
)


@dataclass(frozen=True, slots=True)
class Definition:
    """A schema that becomes a class or alias: its name, and the dotted path of the argument that asks for it."""

    name: str
    place: str
    schema: JsonSchema


def client_schema(arguments: Input) -> JsonSchema:
    """The input schema of `tools/list`: an object without our own words, closed to unknown arguments."""
    schema: JsonSchema = {
        "type": "object",
        "properties": {name: _client_property(value) for name, value in arguments.properties.items()},
        "required": list(arguments.required),
        "additionalProperties": False,
    }
    if not arguments.required:
        del schema["required"]
    return schema


def _client_property(schema: Mapping[str, Any]) -> JsonSchema:
    result = {key: value for key, value in schema.items() if key not in PROPERTY_WORDS}
    if "properties" in result:
        result["properties"] = {name: _client_property(value) for name, value in result["properties"].items()}
        result.setdefault("additionalProperties", False)
    for word in ("items", "additionalProperties"):
        if isinstance(result.get(word), Mapping):
            result[word] = _client_property(result[word])
    return result


def definitions(tool: str, schema: JsonSchema) -> tuple[Definition, ...]:
    """`schema` cut into named parts, nested ones first; references are `#/components/schemas/{name}`.

    Two parts may ask for one name; whoever makes classes of them must refuse that. Defaults are left out: an argument
    that is not given is not sent, so the upstream's own default counts.
    """
    found: list[Definition] = []
    arguments = _object(schema, (tool,), found)
    return (*found, Definition(class_name(tool, "arguments"), tool, arguments))


def _object(schema: JsonSchema, path: tuple[str, ...], found: list[Definition]) -> JsonSchema:
    result = {key: value for key, value in schema.items() if key in {"required", "additionalProperties"}}
    result["type"] = "object"
    if isinstance(result.get("additionalProperties"), Mapping):
        result["additionalProperties"] = _part(result["additionalProperties"], (*path, "value"), found)
    if _has_class(schema):
        result["properties"] = {
            name: _property(value, (*path, name), found) for name, value in schema.get("properties", {}).items()
        }
    return result


def _property(schema: JsonSchema, path: tuple[str, ...], found: list[Definition]) -> JsonSchema:
    result = {key: value for key, value in schema.items() if key not in {"default", "examples", "title"}}
    if result.get("format") == "uri":
        del result["format"]
        result.setdefault("pattern", URI_PATTERN)
    if plain_type(schema) == "object":
        return _member(schema, path, found)
    if not is_nullable(schema):
        result["type"] = plain_type(schema)
    if "items" in result:
        result["items"] = _part(result["items"], (*path, "item"), found)
    return result


def _member(schema: JsonSchema, path: tuple[str, ...], found: list[Definition]) -> JsonSchema:
    """An object among the arguments: a reference to its class, or a mapping where its members are not known."""
    kind = _object(schema, path, found)
    if _has_class(schema):
        kind = _named(kind, path, found)
    described = {"description": schema["description"]} if "description" in schema else {}
    return {**({"anyOf": [kind, {"type": "null"}]} if is_nullable(schema) else kind), **described}


def _part(schema: JsonSchema, path: tuple[str, ...], found: list[Definition]) -> JsonSchema:
    """An item or value. One with constraints is named here, lest the generator invents a name."""
    part = _property(schema, path, found)
    return part if _ITEM_CONSTRAINTS.isdisjoint(part) else _named(part, path, found)


def _named(schema: JsonSchema, path: tuple[str, ...], found: list[Definition]) -> JsonSchema:
    name = class_name(*path)
    found.append(Definition(name, ".".join(path), schema))
    return {"$ref": f"#/components/schemas/{name}"}


def _has_class(schema: JsonSchema) -> bool:
    """Whether its members are known; an object without is a plain mapping."""
    return bool(schema.get("properties")) or schema.get("additionalProperties") is False


def is_nullable(schema: Mapping[str, Any]) -> bool:
    """Whether null is among the types, and among the values where they are listed."""
    return isinstance(schema["type"], list) and None in schema.get("enum", (None,))


def plain_type(schema: Mapping[str, Any]) -> str:
    """The one JSON type beside null."""
    kind = schema["type"]
    return str(kind[0] if isinstance(kind, list) else kind)


def annotation(schema: JsonSchema, path: tuple[str, ...]) -> str:
    """The Python annotation of an argument in the emitted function."""
    base = _annotation(schema, path)
    return f"{base} | None" if is_nullable(schema) else base


def _annotation(schema: JsonSchema, path: tuple[str, ...]) -> str:
    values = [value for value in schema.get("enum", ()) if value is not None]
    if values and not any(isinstance(value, float) for value in values):  # Python has no literal type of a fraction
        return f"Literal[{', '.join(map(repr, values))}]"
    match plain_type(schema):
        case "string":
            return "str"
        case "integer":
            return "int"
        case "number":
            return "float"
        case "boolean":
            return "bool"
        case "array":
            return f"Sequence[{annotation(schema['items'], (*path, 'item'))}]"
        case _:
            return f"models.{class_name(*path)}" if _has_class(schema) else "Mapping[str, Any]"


def enumerations(schema: JsonSchema, prefix: str = "") -> Iterator[tuple[str, list[Any]]]:
    """Dotted argument paths with their allowed values, in written order."""
    for name, value in schema.get("properties", {}).items():
        inner, path = value, f"{prefix}{name}"
        while "items" in inner:
            inner, path = inner["items"], f"{path}[]"
        if "enum" in inner:
            yield path, [item for item in inner["enum"] if item is not None]
        yield from enumerations(inner, f"{path}.")


def spelled(value: Any) -> str:
    """A value of an enum as people write it: text bare, all else as JSON."""
    return value if isinstance(value, str) else json.dumps(value)
