"""Every row of the conformance table names a test that exists, and its numbers are the catalogue's."""

from __future__ import annotations

import ast
from collections.abc import Iterable

from tests.docs.pages import ROOT, inline_code, table
from tests.docs.products import PRODUCTS
from toolpress.authorize import audience

PAGE = "docs/zihin/conformance.md"
ROWS = table(PAGE, "Statements")


def test_every_row_names_a_test_that_exists() -> None:
    assert ROWS
    for _, statement, cell in ROWS:
        [name] = inline_code(cell)
        file, _, function = name.partition("::")
        tree = ast.parse((ROOT / file).read_text(encoding="utf-8"))
        functions = {node.name for node in tree.body if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)}
        assert function.startswith("test_"), statement
        assert function in functions, statement


def test_no_statement_stands_twice() -> None:
    assert len({(section, statement) for section, statement, _ in ROWS}) == len(ROWS)


def test_the_numbers_are_those_of_the_catalogue() -> None:
    product = PRODUCTS["zihin"]
    index, catalog = product.index, product.catalog
    sizes = [sum(tool.category == category.name for tool in index.tools) for category in catalog.categories]
    seen = [sum(role in audience(tool, catalog) for tool in index.tools) for role in catalog.roles]
    hints = [
        sum(bool(index.listing(tool.name)["annotations"][f"{hint}Hint"]) for tool in index.tools)
        for hint in ("readOnly", "destructive", "idempotent", "openWorld")
    ]
    assert catalog.sessions is not None
    hours = [f"{hours:g}" for _, hours in catalog.sessions.lifetime_hours]
    settings = index.sandbox["data"]["settings"]
    wanted = [
        f"{len(index.tools)} tools, in five categories of {listed(sizes)}",
        f"{len(index.surface.resources)} resources",
        f"{len(index.surface.prompts)} prompts",
        f"{len(index.sandbox['contracts'])} contracts",
        f"{len(catalog.authentication.prefixes)} key prefixes",
        f"{listed(seen)} tools for {listed(catalog.roles)}",
        "{} read-only, {} destructive, {} idempotent and {} open-world".format(*hints),
        f"sessions of {listed(hours)} hours",
        f"{settings['mcp_servers_per_agent']} MCP servers",
        f"cached for {settings['mcp_cache_ttl_s'] // 60} minutes",
        f"check each {settings['health_check_interval_s']} seconds",
        f"{catalog.limits.call_timeout_s:g} seconds for a call",
        f"{catalog.limits.connect_timeout_s:g} seconds to connect",
    ]
    statements = "\n".join(statement for _, statement, _ in ROWS)
    assert [text for text in wanted if text not in statements] == []


def listed(values: Iterable[object]) -> str:
    """1, 2 and 3."""
    *most, last = map(str, values)
    return f"{', '.join(most)} and {last}"
