"""Every installed catalogue agrees with itself, and zihin with the numbers of its product page."""

from __future__ import annotations

import inspect
import json
import types
import typing
from collections import Counter
from collections.abc import Mapping, Sequence
from importlib import import_module
from importlib.resources import files
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from pydantic import BaseModel

from toolpress.arguments import load_model
from toolpress.authorize import audience
from toolpress.catalog import CatalogIndex, find_catalog, installed
from toolpress.contract import Observed, ToolInfo, Unset
from toolpress_codegen.naming import argument_name
from toolpress_codegen.resolve import digest
from toolpress_codegen.schemas import spelled

HINTS = {"readOnlyHint", "destructiveHint", "idempotentHint", "openWorldHint"}
INDEXES = {name: CatalogIndex(find_catalog(name)) for name in installed()}
TOOLS = [pytest.param(index, tool, id=tool.name) for index in INDEXES.values() for tool in index.tools]
every_tool = pytest.mark.parametrize(("index", "tool"), TOOLS)


def stored(index: CatalogIndex, name: str) -> dict[str, Any]:
    found = json.loads(files(index.catalog.package).joinpath(name).read_text(encoding="utf-8"))
    assert isinstance(found, dict)
    return found


def function_of(index: CatalogIndex, tool: ToolInfo) -> types.FunctionType:
    found = getattr(import_module(f"{index.catalog.package}.tools.{tool.module}"), tool.name)
    assert isinstance(found, types.FunctionType)
    return found


@every_tool
def test_list_entry_is_complete(index: CatalogIndex, tool: ToolInfo) -> None:
    entry = index.listing(tool.name)
    assert list(entry) == ["name", "title", "description", "inputSchema", "annotations"]
    assert entry["name"] == tool.name
    assert len(tool.name) <= 45
    assert entry["title"]
    assert entry["annotations"]["title"] == entry["title"]
    assert {name: type(value) for name, value in entry["annotations"].items() if name != "title"} == dict.fromkeys(
        HINTS, bool
    )
    Draft202012Validator.check_schema(entry["inputSchema"])


def enumerated(schema: Mapping[str, Any]) -> list[list[Any]]:
    own = [schema["enum"]] if "enum" in schema else []
    inner = [*schema.get("properties", {}).values(), *([schema["items"]] if "items" in schema else [])]
    return own + [values for part in inner for values in enumerated(part)]


@every_tool
def test_description_closes_with_what_a_call_needs(index: CatalogIndex, tool: ToolInfo) -> None:
    entry = index.listing(tool.name)
    schema = entry["inputSchema"]
    lines = entry["description"].splitlines()
    values = [line for line in lines if line.startswith("Values: ")]
    example = json.loads(lines[-1].removeprefix("Example: "))
    closing = [f"Required: {', '.join(schema.get('required', ())) or 'none'}.", *values, lines[-1]]
    assert lines[-len(closing) :] == closing
    assert len(lines) > len(closing)
    assert len(values) == bool(enumerated(schema))
    for choice in enumerated(schema):
        assert " | ".join(spelled(value) for value in choice if value is not None) in values[0]
    assert Draft202012Validator(schema).is_valid(example)
    load_model(index.operation(tool).model).model_validate(example)


@every_tool
def test_docstring_tells_what_the_list_tells(index: CatalogIndex, tool: ToolInfo) -> None:
    entry, operation = index.listing(tool.name), index.operation(tool)
    if operation.switch is None:
        request = f"{operation.route.method} {operation.route.path}"
    else:
        routes = "; ".join(f"{route.method} {route.path}" for _, route in operation.switch.cases)
        request = f"by {operation.switch.argument}: {routes}"
    told = f"{entry['title']}. {entry['description']} Request: {request}. Facts: {tool.observed}."
    assert (inspect.getdoc(function_of(index, tool)) or "").split() == told.split()


@every_tool
def test_operation_is_the_tool_s(index: CatalogIndex, tool: ToolInfo) -> None:
    operation = index.operation(tool)
    schema = index.listing(tool.name)["inputSchema"]
    assert (operation.name, operation.effect) == (tool.name, tool.effect)
    assert [param.name for param in operation.params] == list(schema["properties"])
    placed = {param.name: param.location for param in operation.params}
    routes = [operation.route] if operation.switch is None else [route for _, route in operation.switch.cases]
    for route in routes:
        assert {name for name, place in placed.items() if place == "path"} == {
            name for name in placed if f"{{{name}}}" in route.path
        }
        assert route.path.count("{") == list(placed.values()).count("path")


@every_tool
def test_function_takes_the_listed_arguments(index: CatalogIndex, tool: ToolInfo) -> None:
    schema = index.listing(tool.name)["inputSchema"]
    function = function_of(index, tool)
    hints = typing.get_type_hints(function)
    client, *parameters = inspect.signature(function).parameters.values()
    assert (client.name, client.kind) == ("client", inspect.Parameter.POSITIONAL_OR_KEYWORD)
    assert {parameter.name for parameter in parameters} == {argument_name(name) for name in schema["properties"]}
    for name, part in schema["properties"].items():
        parameter = inspect.signature(function).parameters[argument_name(name)]
        required = name in schema.get("required", ())
        assert parameter.kind is inspect.Parameter.KEYWORD_ONLY
        assert parameter.default is (inspect.Parameter.empty if required else Unset.UNSET)
        assert spells(hints[parameter.name], part, optional=not required), (name, hints[parameter.name], part)


PLAIN = {"string": str, "integer": int, "number": float, "boolean": bool}


def spells(hint: Any, schema: Mapping[str, Any], *, optional: bool = False) -> bool:
    """Whether an annotation says of a value what the schema says."""
    choices = set(typing.get_args(hint)) if isinstance(hint, types.UnionType | typing._UnionGenericAlias) else {hint}
    kinds = schema["type"] if isinstance(schema["type"], list) else [schema["type"]]
    if (Unset in choices) != optional or (types.NoneType in choices) != ("null" in kinds):
        return False
    (core,) = choices - {Unset, types.NoneType}
    if "enum" in schema:
        return list(typing.get_args(core)) == [value for value in schema["enum"] if value is not None]
    if kinds[0] == "array":
        return typing.get_origin(core) is Sequence and spells(typing.get_args(core)[0], schema["items"])
    if kinds[0] != "object":
        return core is PLAIN[kinds[0]]
    if not schema.get("properties"):
        return typing.get_origin(core) is Mapping
    fields = core.model_fields if issubclass(core, BaseModel) else {}
    return {field.alias or name for name, field in fields.items()} == set(schema["properties"])


@pytest.mark.parametrize("index", INDEXES.values(), ids=INDEXES)
def test_index_list_and_lock_hold_the_same_tools(index: CatalogIndex) -> None:
    lock = stored(index, "tools.lock")
    listed = {entry["name"]: digest(entry) for entry in stored(index, "tools.json")["tools"]}
    assert listed == lock["tools"] == {tool.name: tool.digest for tool in index.tools}
    assert list(listed) == [tool.name for tool in index.tools]
    assert lock["digest"] == digest(lock["tools"])


@pytest.mark.parametrize("index", INDEXES.values(), ids=INDEXES)
def test_sandbox_is_given_the_same_operations(index: CatalogIndex) -> None:
    behaviours = {item["name"]: item for item in index.sandbox["operations"]}
    assert list(behaviours) == [tool.name for tool in index.tools]
    for tool in index.tools:
        told, operation = behaviours[tool.name], index.operation(tool)
        assert told["input"] == index.listing(tool.name)["inputSchema"]
        assert (told["module"], told["category"], told["effect"]) == (tool.module, tool.category, tool.effect)
        assert [(item["name"], item["location"], item["wire_name"], item["style"]) for item in told["params"]] == [
            (param.name, param.location, param.wire_name, param.style) for param in operation.params
        ]


@pytest.mark.parametrize("index", INDEXES.values(), ids=INDEXES)
def test_provenance_is_carried_into_the_openapi_document(index: CatalogIndex) -> None:
    operations = [item for path in stored(index, "openapi.json")["paths"].values() for item in path.values()]
    told = {name: item["x-observed"] for item in operations for name in item["x-tools"][:1]}
    assert set(told.values()) <= set(typing.get_args(Observed))
    assert {tool.name: tool.observed for tool in index.tools if tool.name in told} == told
    assert {name for item in operations for name in item["x-tools"]} == {tool.name for tool in index.tools}


ZIHIN = INDEXES["zihin"]


def hinted(hint: str) -> set[str]:
    return {tool.name for tool in ZIHIN.tools if ZIHIN.listing(tool.name)["annotations"][hint]}


def named(*beginnings: str) -> set[str]:
    return {tool.name for tool in ZIHIN.tools if tool.name.startswith(beginnings)}


def test_zihin_has_the_tools_of_its_page() -> None:
    assert len(ZIHIN.tools) == 96
    assert Counter(tool.category for tool in ZIHIN.tools) == {
        "consumer": 5,
        "consumer-profile": 3,
        "consumer-ops": 4,
        "builder-read": 44,
        "builder-write": 40,
    }


def test_zihin_roles_see_what_the_page_says() -> None:
    seen = Counter(role for tool in ZIHIN.tools for role in audience(tool, ZIHIN.catalog))
    assert ZIHIN.catalog.roles == ("owner", "admin", "editor", "member")
    assert seen == {"owner": 96, "admin": 96, "editor": 52, "member": 5}


def test_zihin_hints_are_those_of_the_page() -> None:
    reads = named("list_", "get_", "validate_", "compare_") | {"whoami"}
    destructive = named("delete_", "rollback_") | {"cancel_agent_turn"}
    idempotent = named("update_", "set_") | {"publish_agent", "invalidate_mcp_cache"}
    reaching_out = {
        "chat_with_agent",
        "test_trigger",
        "test_connection",
        "refresh_connection_schema",
        "test_mcp_server",
        "send_manual_message",
        "invalidate_mcp_cache",
    }
    assert hinted("readOnlyHint") == reads
    assert hinted("destructiveHint") == destructive
    assert hinted("idempotentHint") == idempotent
    assert hinted("openWorldHint") == reaching_out
    assert [len(found) for found in (destructive, idempotent, reaching_out)] == [12, 14, 7]
