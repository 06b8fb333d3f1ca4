"""Names, signatures and sentences of the output, and the clash that is refused."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.codegen.scratch import HINTS, manifest, module, resolved, tool
from toolpress import contract
from toolpress.contract import Catalog, Category, CredentialHeader, Limits, ToolInfo
from toolpress_codegen.manifest import Server
from toolpress_codegen.plan import CatalogPlan, NameClashError, ToolPlan, make_plan
from toolpress_codegen.schemas import definitions

TEXT = {"type": "string", "description": "Some text."}


def planned(*tools: dict[str, Any]) -> CatalogPlan:
    return make_plan(resolved(module("things", *tools)))


def only(data: dict[str, Any]) -> ToolPlan:
    return planned(data).modules[0].tools[0]


def holding(**members: Any) -> dict[str, Any]:
    return {"type": "object", "properties": members}


def test_signature_puts_required_arguments_first() -> None:
    data = tool("probe", {"late": {"type": ["integer", "null"]}, "from": TEXT, "deep": holding(a=TEXT)})
    data["input"]["required"] = ["from"]
    plan = only(data)
    assert plan.signature == (
        "client: Client, *, from_: str, late: int | None | Unset = UNSET, deep: models.ProbeDeep | Unset = UNSET"
    )
    assert plan.arguments == "'late': late, 'from': from_, 'deep': deep, "


def test_signature_without_arguments() -> None:
    assert (only(tool("probe")).signature, only(tool("probe")).arguments) == ("client: Client", "")


def test_rows_tell_every_argument_and_what_is_nested() -> None:
    rows = {
        "type": "array",
        "minItems": 1,
        "description": "One | two\nlines.",
        "items": {"type": "object", "required": ["key"], "properties": {"key": {**TEXT, "pattern": "^a|b$"}}},
    }
    size = {"type": ["integer", "null"], "exclusiveMinimum": 0, "maximum": 9, "default": 3, "enum": [3, 5, None]}
    data = tool("probe", {"rows": rows, "size": size, "deep": holding(on={"type": "boolean"})})
    data["input"]["required"] = ["rows"]
    assert only(data).rows == (
        r"| `rows` | array of object, minItems 1 | yes | One \| two lines. |",
        r"| `rows[].key` | string, pattern `^a\|b$` | yes | Some text. |",
        "| `size` | integer or null, maximum 9, exclusiveMinimum 0, one of `3`, `5`, `null`, default 3 |  |  |",
        "| `deep` | object |  |  |",
        "| `deep.on` | boolean |  |  |",
    )


@pytest.mark.parametrize(
    ("hints", "told"),
    [
        ({}, "none"),
        ({"readOnlyHint": True}, "readOnly"),
        (dict.fromkeys(HINTS, True), "readOnly, destructive, idempotent, openWorld"),
    ],
)
def test_hints_are_told_by_name(hints: dict[str, bool], told: str) -> None:
    assert only(tool("probe", annotations={**HINTS, **hints})).hints == told


def test_request_of_a_switch_tells_its_routes() -> None:
    cases = [{"when": True, "method": "POST", "path": "/on"}, {"when": False, "method": "PUT", "path": "/off"}]
    request = {"method": "POST", "path": "/on", "switch": {"argument": "on", "cases": cases}}
    plan = only(tool("probe", {"on": {"type": "boolean", "in": "route"}}, request=request))
    assert plan.request == "by on: POST /on; PUT /off"
    assert only(tool("probe")).request == "GET /probe"


def test_texts_are_brought_to_one_line() -> None:
    plan = only(tool("probe", description="Two\n  lines.", source={"observed": "listed", "note": "Of\na kind."}))
    assert (plan.summary, plan.note, plan.observed) == ("Two lines.", "Of a kind.", "listed")
    assert plan.errors == ("| `VALIDATION_ERROR` | An argument is wrong. |",)


def test_docstrings_are_wrapped() -> None:
    plan = only(tool("probe", description="word " * 60))
    assert max(map(len, plan.docstring.splitlines())) < 120
    assert plan.docstring.splitlines()[0] == '"""Probe.'
    assert plan.docstring.splitlines()[-2].strip() == "Request: GET /probe. Facts: full."


def test_catalogue_literal_holds_an_mcp_endpoint_if_the_manifest_does() -> None:
    assert "mcp_url" not in planned(tool("probe")).literal
    server = {**manifest("server.yaml"), "mcp_url": "https://desk.example/mcp"}
    catalog = resolved(module("things", tool("probe")))
    catalog = replace(catalog, server=Server.model_validate(server))
    assert "mcp_url='https://desk.example/mcp'" in make_plan(catalog).literal


def test_catalogue_literal_is_the_catalogue() -> None:
    plan = planned(tool("probe"), tool("list_things"))
    names = {**vars(contract)}
    tools = tuple(eval(row, names) for row in plan.rows)
    catalog = eval(plan.literal, {**names, "TOOLS": tools})
    server = manifest("server.yaml")
    assert isinstance(catalog, Catalog)
    assert (catalog.name, catalog.base_url) == (server["catalog"], server["base_url"])
    assert catalog.package == "toolpress_catalogs.fragment"
    assert catalog.roles == tuple(server["roles"])
    assert catalog.categories == (Category("all", "All", ("owner",)),)
    assert catalog.limits == Limits(**server["limits"])
    assert catalog.authentication.accept == (CredentialHeader("X-Api-Key"),)
    assert catalog.errors.by_status == ((400, "VALIDATION_ERROR"), (404, "NOT_FOUND"))
    assert catalog.tools == tuple(tool.info for tool in plan.resolved.tools)
    assert catalog.tools[0] == ToolInfo("probe", "things", "all", "read", "full", tools[0].digest)
    assert plan.size == 2


CLASHES = {
    "two tools": (
        [tool("add_row", {"key_set": holding(a=TEXT)}), tool("add", {"row_key_set": holding(a=TEXT)})],
        "add_row.key_set and add.row_key_set both need a class AddRowKeySet",
    ),
    "two arguments": (
        [tool("add", {"a": holding(b_c=holding(d=TEXT)), "a_b": holding(c=holding(d=TEXT))})],
        "add.a.b_c and add.a_b.c both need a class AddABC",
    ),
    "spelling": (
        [tool("add", {"rowKey": holding(a=TEXT), "row_key": holding(a=TEXT)})],
        "add.rowKey and add.row_key both need a class AddRowKey",
    ),
    "an item and an argument": (
        [tool("add", {"rows": {"type": "array", "items": holding(a=TEXT)}, "rows_item": holding(a=TEXT)})],
        "add.rows.item and add.rows_item both need a class AddRowsItem",
    ),
    "the arguments themselves": (
        [tool("add", {"arguments": holding(a=TEXT)})],
        "add.arguments and add both need a class AddArguments",
    ),
}


@pytest.mark.parametrize("case", CLASHES)
def test_two_parts_with_one_class_name_are_refused_and_named(case: str) -> None:
    tools, told = CLASHES[case]
    with pytest.raises(NameClashError) as caught:
        planned(*tools)
    assert str(caught.value) == f"module things: {told}; rename one tool or argument"


def test_modules_do_not_share_class_names() -> None:
    first, second = tool("add_row", {"key": holding(a=TEXT)}), tool("add", {"row_key": holding(a=TEXT)})
    plan = make_plan(resolved(module("a", first), module("b", second)))
    assert ["AddRowKey" in item.definitions for item in plan.modules] == [True, True]


NAMES = st.text("ab_", min_size=1, max_size=4).filter(lambda name: name.strip("_") == name)
NESTED = st.recursive(
    st.just(TEXT), lambda inner: st.dictionaries(NAMES, inner, min_size=1, max_size=2).map(lambda some: holding(**some))
)


@settings(deadline=None, max_examples=100)
@given(st.dictionaries(NAMES, st.dictionaries(NAMES, NESTED, max_size=2), min_size=1, max_size=3))
def test_every_part_has_a_class_of_its_own_or_is_refused(tools: dict[str, dict[str, Any]]) -> None:
    catalog = resolved(module("things", *(tool(name, properties) for name, properties in tools.items())))
    parts = [part for item in catalog.tools for part in definitions(item.manifest.name, item.schema)]
    if len({part.name for part in parts}) < len(parts):
        with pytest.raises(NameClashError):
            make_plan(catalog)
    else:
        assert make_plan(catalog).modules[0].definitions == {part.name: part.schema for part in parts}


def test_a_new_tool_changes_nothing_about_the_others() -> None:
    known = tool("add_row", {"rows": {"type": "array", "items": holding(a=TEXT)}})
    before, after = planned(known), planned(tool("add_all", {"rows": holding(a=TEXT)}), known)
    assert after.modules[0].tools[1:] == before.modules[0].tools
    assert before.modules[0].definitions.items() <= after.modules[0].definitions.items()
