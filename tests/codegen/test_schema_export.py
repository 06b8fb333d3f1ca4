"""`specs/manifest.schema.json`: an editor's opinion of a manifest is that of the press."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from pydantic import BaseModel, ValidationError

from tests.codegen.scratch import FRAGMENTS, ROOT, manifest, module, tool
from toolpress_codegen.load import SANDBOX, SERVER
from toolpress_codegen.manifest import PROPERTY_WORDS, Module, Server
from toolpress_codegen.rules.schemas import KEYWORDS
from toolpress_codegen.schema_export import manifest_schema
from toolpress_codegen.shape import parse
from toolpress_codegen.write import MARK

SCHEMA = json.loads(manifest_schema())
JUDGE = Draft202012Validator(SCHEMA)
MANIFESTS = sorted(path for path in (ROOT / "specs").glob("*/*.yaml") if path.name != SANDBOX)
SANDBOXES = sorted((ROOT / "specs").glob(f"*/{SANDBOX}"))


def relative(path: Any) -> str:
    return str(path.relative_to(ROOT))


def test_schema_is_a_schema() -> None:
    Draft202012Validator.check_schema(SCHEMA)
    assert SCHEMA["$schema"] == Draft202012Validator.META_SCHEMA["$id"]
    assert MARK in manifest_schema()[:400]


def test_stored_schema_is_the_printed_one() -> None:
    assert (ROOT / "specs" / "manifest.schema.json").read_text(encoding="utf-8") == manifest_schema()


@pytest.mark.parametrize("path", [*MANIFESTS, *sorted(FRAGMENTS.rglob("*.yaml"))], ids=relative)
def test_every_manifest_fits(path: Any) -> None:
    assert [error.message for error in JUDGE.iter_errors(manifest(path))] == []


@pytest.mark.parametrize("path", SANDBOXES, ids=relative)
def test_sandbox_data_is_no_manifest(path: Any) -> None:
    assert not JUDGE.is_valid(manifest(path))


@pytest.mark.parametrize("path", MANIFESTS, ids=relative)
def test_every_manifest_names_the_schema_for_editors(path: Any) -> None:
    first = path.read_text(encoding="utf-8").splitlines()[0]
    assert first == "# yaml-language-server: $schema=../manifest.schema.json"


def test_properties_know_the_keywords_that_lint_knows() -> None:
    assert SCHEMA["$defs"]["Property"]["properties"].keys() == {*KEYWORDS, *PROPERTY_WORDS}


def with_property(schema: Any) -> dict[str, Any]:
    return module("things", tool("probe", {"a": schema}))


@pytest.mark.parametrize(
    "schema",
    [
        {"type": "string"},
        {"type": ["string", "null"], "enum": ["a", None]},
        {"type": "array", "items": {"type": "object", "properties": {"b": {"type": "number"}}}, "style": "comma"},
        {"type": "object", "additionalProperties": {"type": "integer", "exclusiveMinimum": 0.5}, "secret": True},
        {"type": "string", "in": "header", "wire_name": "X-Key", "format": "uri", "pattern": "^a", "maxLength": 3},
    ],
)
def test_properties_may_say(schema: dict[str, Any]) -> None:
    assert JUDGE.is_valid(with_property(schema))


@pytest.mark.parametrize(
    "schema",
    [
        {},
        "string",
        {"type": "text"},
        {"type": ["string"]},
        {"type": ["null", "string"]},
        {"type": ["string", "null", "integer"]},
        {"type": "string", "oneOf": []},
        {"type": "string", "format": "ipv4"},
        {"type": "string", "enum": []},
        {"type": "string", "in": "cookie"},
        {"type": "string", "style": "pipes"},
        {"type": "string", "minLength": -1},
        {"type": "array", "items": {"type": "text"}},
        {"type": "object", "properties": {"b": {"typ": "string"}}},
        {"type": "object", "additionalProperties": {"type": "text"}},
    ],
    ids=str,
)
def test_properties_may_not_say(schema: Any) -> None:
    assert not JUDGE.is_valid(with_property(schema))


def damaged(data: Any) -> Iterator[Any]:
    """Copies of `data`, each with one member missing, renamed or of another type; arguments are left alone."""
    for path in places(data):
        *way, last = path
        for change in ("missing", "renamed", "nested", "number"):
            copied = copy.deepcopy(data)
            holder = copied
            for step in way:
                holder = holder[step]
            value = holder.pop(last)
            if change == "renamed":
                holder[f"{last}_"] = value
            elif change == "nested":
                holder[last] = {"odd": value}
            elif change == "number":
                holder[last] = 7
            yield copied


def places(data: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    for step, value in data.items() if isinstance(data, dict) else ():
        if step != "properties":  # what lint judges, and the schema with it
            yield (*path, step)
            yield from places(value, (*path, step))
    for index, value in enumerate(data) if isinstance(data, list) else ():
        yield from places(value, (*path, index))


SWITCH = {"argument": "on", "cases": [{"when": on, "method": "GET", "path": "/on"} for on in (True, "off", 3)]}
EVERY_WORD = module(
    "things",
    tool(
        "probe",
        request={"method": "GET", "path": "/probe", "switch": SWITCH, "timeout_s": 2.5},
        response={"data_as": "things", "format": "sse", "events": ["done"], "shape": {"type": "object"}},
        errors={"NOT_FOUND": {"when": "Gone.", "example": {"input": {}, "role": "owner", "key": "revoked"}}},
        examples=[{"title": "One", "input": {}}],
        source={"observed": "full", "note": "Seen."},
    ),
)


@pytest.mark.parametrize(
    ("kind", "data"),
    [(Server, manifest(ROOT / "specs" / "zihin" / SERVER)), (Module, EVERY_WORD)],
    ids=["server", "module"],
)
def test_editor_and_press_agree_on_what_is_no_manifest(kind: type[BaseModel], data: dict[str, Any]) -> None:
    judge = Draft202012Validator({"$ref": f"#/$defs/{kind.__name__}", "$defs": SCHEMA["$defs"]})
    assert judge.is_valid(data)
    for copied in damaged(data):
        try:
            parse(kind, copied)
        except ValidationError:
            accepted = False
        else:
            accepted = True
        assert judge.is_valid(copied) == accepted, copied
