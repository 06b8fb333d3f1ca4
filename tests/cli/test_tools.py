"""`toolpress tools`: the list, whole or as one role sees it."""

from __future__ import annotations

import pytest

from tests.cli.conftest import Command
from toolpress.authorize import audience
from toolpress.catalog import CatalogIndex, find_catalog


def test_every_tool_has_a_line(toolpress: Command, zihin: CatalogIndex) -> None:
    ran = toolpress("tools", "zihin")
    *lines, count = ran.out.splitlines()
    assert [line.split()[:4] for line in lines] == [
        [tool.name, tool.category, tool.effect, tool.observed] for tool in zihin.tools
    ]
    assert all(line.endswith(zihin.listing(line.split()[0])["title"]) for line in lines)
    assert count == f"{len(zihin.tools)} tools of zihin"
    assert (ran.code, ran.err) == (0, "")


def test_a_role_sees_its_own(toolpress: Command, zihin: CatalogIndex) -> None:
    counts = set()
    for role in zihin.catalog.roles:
        *lines, count = toolpress("tools", "zihin", "--role", role).out.splitlines()
        own = [tool.name for tool in zihin.tools if role in audience(tool, zihin.catalog)]
        assert [line.split()[0] for line in lines] == own
        assert count == f"{len(own)} tools of zihin for the role {role}"
        counts.add(len(own))
    assert len(counts) > 1


FACTS = ("module", "category", "effect", "observed")


@pytest.mark.parametrize("name", ["mihu", "zihin"])
def test_json_is_what_mcp_lists_and_where_it_comes_from(toolpress: Command, name: str) -> None:
    index = CatalogIndex(find_catalog(name))
    entries = toolpress("tools", name, "--json").json
    assert [[entry.pop(fact) for fact in FACTS] for entry in entries] == [
        [getattr(tool, fact) for fact in FACTS] for tool in index.tools
    ]
    assert entries == [index.listing(tool.name) for tool in index.tools]


def test_json_for_a_role(toolpress: Command, zihin: CatalogIndex) -> None:
    lowest = zihin.catalog.roles[-1]
    shown = toolpress("tools", "zihin", "--json", "--role", lowest).json
    assert [tool["name"] for tool in shown] == [
        tool.name for tool in zihin.tools if lowest in audience(tool, zihin.catalog)
    ]


def test_a_catalogue_outside_the_entry_points(toolpress: Command) -> None:
    ran = toolpress("tools", "tests.runtime.fixture_catalog.catalog:CATALOG", "--role", "member")
    assert [line.split()[0] for line in ran.out.splitlines()] == ["ask_note", "whoami", "2"]


@pytest.mark.parametrize(
    ("words", "code", "told"),
    [
        (["zihin", "--role", "boss"], 2, "zihin has no role boss. Use one of: owner, "),
        (["nothing"], 3, "No catalogue is called nothing; installed: "),
        (["no.such.module:CATALOG"], 3, "cannot be imported: No module named 'no'. Install the package"),
        (["json:loads"], 3, "json:loads is not a catalogue."),
    ],
)
def test_what_it_cannot_list(toolpress: Command, words: list[str], code: int, told: str) -> None:
    ran = toolpress("tools", *words)
    assert ran.code == code
    assert told in ran.complaint
