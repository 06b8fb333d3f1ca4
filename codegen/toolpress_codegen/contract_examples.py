"""What somebody who fills in a contract looks for: its fields, its examples and its rules, taken from the contract."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from toolpress_codegen.manifest import JsonSchema

_FACTS = ("default", "format", "pattern", "minLength", "maxLength", "minimum", "maximum", "minItems")


def examples_of(contracts: Mapping[str, JsonSchema]) -> dict[str, Any]:
    """One entry for each contract, by its name."""
    return {"templates": {name: _entry(contract) for name, contract in contracts.items()}}


def _entry(contract: JsonSchema) -> dict[str, Any]:
    variants = dict(_variants(contract))
    return {
        "title": contract.get("title", ""),
        "description": contract.get("description", ""),
        "usage": contract.get("mcp_usage", ""),
        "fields": dict(_fields(contract, contract)),
        **({"variants": variants} if variants else {}),
        "examples": contract.get("examples", []),
        "notes": [f"{rule['id']} ({rule['severity']}): {rule['text']}" for rule in contract.get("x-rules", ())],
    }


def _variants(contract: JsonSchema) -> Iterator[tuple[str, dict[str, str]]]:
    """Fields that count for one value of another field, as `if` and `then` say it."""
    for part in contract.get("allOf", ()):
        for name, condition in part.get("if", {}).get("properties", {}).items():
            yield f"{name}: {condition['const']}", dict(_fields(part["then"], contract))


def _fields(
    schema: JsonSchema, whole: JsonSchema, prefix: str = "", seen: tuple[str, ...] = ()
) -> Iterator[tuple[str, str]]:
    """Pairs of path and sentence, an outer field before its inner ones; a reference into itself is not followed."""
    for name, value in schema.get("properties", {}).items():
        found, within = _resolved(value, whole, seen)
        path = f"{prefix}{name}"
        description = value.get("description", found.get("description", ""))
        facts = ", ".join(_facts(found, needed=name in schema.get("required", ())))
        yield path, f"{facts}. {description}".strip()
        if within is None:
            continue
        yield from _fields(found, whole, f"{path}.", within)
        items, deeper = _resolved(found.get("items", {}), whole, within)
        if deeper is not None:
            yield from _fields(items, whole, f"{path}[].", deeper)


def _facts(schema: JsonSchema, *, needed: bool) -> Iterator[str]:
    kind = schema.get("type", "any")
    yield " or ".join(kind) if isinstance(kind, list) else kind
    if needed:
        yield "required"
    if "enum" in schema:
        yield "one of " + " | ".join(map(str, schema["enum"]))
    for word in _FACTS:
        if word in schema:
            yield f"{word} {json.dumps(schema[word])}"


def _resolved(
    schema: JsonSchema, whole: JsonSchema, seen: tuple[str, ...]
) -> tuple[JsonSchema, tuple[str, ...] | None]:
    """The schema behind a reference within the contract; None where the reference leads back into itself."""
    reference = schema.get("$ref")
    if not isinstance(reference, str):
        return schema, seen
    if reference in seen:
        return {}, None
    found: Any = whole
    for step in reference.removeprefix("#/").split("/"):
        found = found[step]
    return found, (*seen, reference)
