"""The three faces of a tool's arguments: what clients see, what models are made from, what annotations say."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from toolpress_codegen.manifest import PROPERTY_WORDS, Input, JsonSchema
from toolpress_codegen.naming import class_name

URI_PATTERN = r"^[A-Za-z][A-Za-z0-9+.-]*:\S+$"
"""Stands in for `format: uri` in models: Pydantic's URL types would send another spelling than the one given."""

_CONSTRAINTS = frozenset({"enum", "pattern", "minLength", "maxLength", "minimum", "maximum", "format"})
_ITEM_CONSTRAINTS = _CONSTRAINTS - {"enum", "format"}


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
    if isinstance(result.get("items"), Mapping):
        result["items"] = _client_property(result["items"])
    return result


def model_definitions(tool: str, schema: JsonSchema) -> dict[str, JsonSchema]:
    """`schema` cut into named definitions, nested ones first; references are `#/components/schemas/{name}`.

    Defaults are left out: an argument that is not given is not sent, so the upstream's own default counts.
    """
    found: dict[str, JsonSchema] = {}
    found[class_name(tool, "arguments")] = _object(schema, (tool,), found)
    return found


def _object(schema: JsonSchema, path: tuple[str, ...], found: dict[str, JsonSchema]) -> JsonSchema:
    result = {key: value for key, value in schema.items() if key in {"type", "required", "additionalProperties"}}
    result["type"] = "object"
    result["properties"] = {
        name: _property(value, (*path, name), found) for name, value in schema["properties"].items()
    }
    return result


def _property(schema: JsonSchema, path: tuple[str, ...], found: dict[str, JsonSchema]) -> JsonSchema:
    result = {key: value for key, value in schema.items() if key not in {"default", "examples", "title"}}
    if result.get("format") == "uri":
        del result["format"]
        result["pattern"] = URI_PATTERN
    if schema.get("properties"):
        name = class_name(*path)
        found[name] = _object(schema, path, found)
        reference = {"$ref": f"#/components/schemas/{name}"}
        if is_nullable(schema):
            return {"anyOf": [reference, {"type": "null"}], "description": schema.get("description", "")}
        return {**reference, "description": schema["description"]} if "description" in schema else reference
    if "items" in result:
        result["items"] = _item(result["items"], (*path, "item"), found)
    return result


def _item(schema: JsonSchema, path: tuple[str, ...], found: dict[str, JsonSchema]) -> JsonSchema:
    item = _property(schema, path, found)
    if _ITEM_CONSTRAINTS.isdisjoint(item):
        return item
    name = class_name(*path)
    found[name] = item
    return {"$ref": f"#/components/schemas/{name}"}


def is_nullable(schema: Mapping[str, Any]) -> bool:
    """Whether null is among the types."""
    kind = schema.get("type")
    return isinstance(kind, list) and "null" in kind


def plain_type(schema: Mapping[str, Any]) -> str:
    """The one JSON type beside null."""
    kind = schema.get("type", "object")
    if isinstance(kind, list):
        return str(next((item for item in kind if item != "null"), "null"))
    return str(kind)


def annotation(schema: JsonSchema, path: tuple[str, ...]) -> str:
    """The Python annotation of an argument in the emitted function."""
    base = _annotation(schema, path)
    return f"{base} | None" if is_nullable(schema) else base


def _annotation(schema: JsonSchema, path: tuple[str, ...]) -> str:
    if "enum" in schema:
        values = [value for value in schema["enum"] if value is not None]
        return f"Literal[{', '.join(repr(value) for value in values)}]"
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
            return f"models.{class_name(*path)}" if schema.get("properties") else "Mapping[str, Any]"


def enumerations(schema: JsonSchema, prefix: str = "") -> Iterator[tuple[str, list[Any]]]:
    """Dotted argument paths with their allowed values, in written order."""
    for name, value in schema.get("properties", {}).items():
        inner, path = value, f"{prefix}{name}"
        while plain_type(inner) == "array" and "items" in inner:
            inner, path = inner["items"], f"{path}[]"
        if "enum" in inner:
            yield path, [item for item in inner["enum"] if item is not None]
        yield from enumerations(inner, f"{path}.")
