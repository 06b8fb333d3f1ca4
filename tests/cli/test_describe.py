"""`toolpress describe`: one tool on a page, and how a tool is found."""

from __future__ import annotations

import json
import re

import pytest

from tests.cli.conftest import Command
from toolpress.authorize import audience
from toolpress.catalog import CatalogIndex

ZIHIN = ("--catalog", "zihin")
"""Names such as list_agents are in another catalogue too."""


def test_every_tool_has_a_page(toolpress: Command, zihin: CatalogIndex) -> None:
    for tool in zihin.tools:
        listing, route = zihin.listing(tool.name), zihin.operation(tool).route
        ran = toolpress("describe", tool.name, *ZIHIN)
        lines = ran.out.splitlines()
        assert lines[0] == f"{tool.name} - {listing['title']} (zihin)"
        assert " ".join(listing["description"].split()) in " ".join(ran.out.split())
        facts = dict(re.findall(r"^(category|roles|effect|facts|hints|request) +(.*)$", ran.out, re.MULTILINE))
        assert facts == {
            "category": tool.category,
            "roles": ", ".join(audience(tool, zihin.catalog)),
            "effect": tool.effect,
            "facts": tool.observed,
            "hints": ", ".join(name for name, value in listing["annotations"].items() if value is True) or "none",
            "request": f"{route.method} {route.path}",
        }
        schema = listing["inputSchema"]
        shown = re.findall(r"^([* ]) ([a-z][a-z0-9_]*) {2,}.*\|", ran.out, re.MULTILINE)
        required = schema.get("required", [])
        assert shown == [("*" if name in required else " ", name) for name in schema.get("properties", {})]
        assert ran.code == 0


def test_an_argument_shows_its_type_choices_and_default(toolpress: Command) -> None:
    agents = toolpress("describe", "list_agents", *ZIHIN).out
    assert re.search(r"^  status +string \| .*one of \"draft\", \"published\", \"archived\"$", agents, re.MULTILINE)
    assert re.search(r"^  include_archived +boolean \| .*default false$", agents, re.MULTILINE)
    assert re.search(r"^\* agent_id +string \(uuid\) \| ", toolpress("describe", "get_agent", *ZIHIN).out, re.MULTILINE)
    assert re.search(r"quota_limit +integer or null \| ", toolpress("describe", "create_api_key").out)


def test_the_kind_of_an_array_names_its_items(toolpress: Command, zihin: CatalogIndex) -> None:
    name, argument, kind = next(
        (tool.name, argument, rule["items"]["type"])
        for tool in zihin.tools
        for argument, rule in zihin.listing(tool.name)["inputSchema"].get("properties", {}).items()
        if rule.get("type") == "array" and "format" not in rule["items"]
    )
    assert re.search(rf"{argument} +array of {kind}", toolpress("describe", name, *ZIHIN).out)


def test_every_route_of_a_switch_is_shown(toolpress: Command, zihin: CatalogIndex) -> None:
    operations = [zihin.operation(tool) for tool in zihin.tools]
    switching = [operation for operation in operations if operation.switch]
    assert switching
    for operation in switching:
        assert operation.switch is not None
        page = toolpress("describe", operation.name, *ZIHIN).out
        for when, route in operation.switch.cases:
            assert f"{operation.switch.argument}={json.dumps(when)}: {route.method} {route.path}\n" in page


def test_a_tool_without_arguments_says_so(toolpress: Command) -> None:
    assert toolpress("describe", "whoami").out.endswith("\nno arguments\n")


def test_json_is_what_mcp_lists(toolpress: Command, zihin: CatalogIndex) -> None:
    assert toolpress("describe", "create_agent", "--json", *ZIHIN).json == zihin.listing("create_agent")


def test_an_unknown_tool_gets_the_nearest_name_or_the_way_to_the_list(toolpress: Command) -> None:
    near, far = toolpress("describe", "creat_agent"), toolpress("describe", "zzz", *ZIHIN)
    assert (near.code, far.code) == (2, 2)
    assert near.complaint == "toolpress describe: No tool is called creat_agent. Did you mean create_agent?"
    assert far.complaint == "toolpress describe: No tool is called zzz. List tools: toolpress tools zihin"


@pytest.mark.usefixtures("notebook_installed")
def test_a_tool_is_found_in_any_installed_catalogue(toolpress: Command) -> None:
    assert "(notebook)" in toolpress("describe", "create_note").out
    assert "(zihin)" in toolpress("describe", "toggle_csp").out
    both = toolpress("describe", "whoami")
    assert both.code == 3
    assert both.complaint.endswith("whoami is in several catalogues: notebook, zihin. Choose one with --catalog.")
    assert "(notebook)" in toolpress("describe", "whoami", "--catalog", "notebook").out
    elsewhere = toolpress("describe", "toggle_csp", "--catalog", "notebook")
    assert elsewhere.complaint.endswith("No tool is called toggle_csp. List tools: toolpress tools notebook")
    assert toolpress("describe", "zzz").complaint.endswith("List tools: toolpress tools CATALOG")


def test_without_any_catalogue_no_tool_is_known(toolpress: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("toolpress.cli.find.installed", dict)
    assert toolpress("describe", "whoami").complaint.endswith("List tools: toolpress tools CATALOG")
