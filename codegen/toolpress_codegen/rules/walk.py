"""Every schema within a tool's input, with its place; judges nothing."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from toolpress_codegen.manifest import JsonSchema
from toolpress_codegen.source_file import DataPath

DEEPEST = 5
"""Levels of nesting that large clients accept; the arguments themselves are the first."""


@dataclass(frozen=True, slots=True)
class Part:
    """A schema below `input`. `name` is the property's, empty for items and additional properties."""

    path: DataPath
    schema: Mapping[str, Any]
    depth: int
    name: str

    @property
    def types(self) -> tuple[str, ...]:
        """The declared types; empty when `type` is not well written."""
        kind = self.schema.get("type")
        listed = kind if isinstance(kind, list) else [kind]
        return tuple(item for item in listed if isinstance(item, str))

    @property
    def title(self) -> str:
        return ".".join(str(step) for step in self.path[1:] if step != "properties")


def parts(properties: Mapping[str, JsonSchema]) -> Iterator[Part]:
    """The schemas of a tool's arguments, outer first, in written order; what is not a mapping is left out."""
    for name, schema in properties.items():
        yield from _parts(("input", "properties", name), schema, 1, name)


def _parts(path: DataPath, schema: Any, depth: int, name: str) -> Iterator[Part]:
    if not isinstance(schema, Mapping):
        return
    yield Part(path, schema, depth, name)
    properties = schema.get("properties")
    if isinstance(properties, Mapping):
        for inner, value in properties.items():
            yield from _parts((*path, "properties", inner), value, depth + 1, inner)
    yield from _parts((*path, "items"), schema.get("items"), depth, "")
    yield from _parts((*path, "additionalProperties"), schema.get("additionalProperties"), depth + 1, "")
