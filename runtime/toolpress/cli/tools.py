"""`toolpress tools`."""

from __future__ import annotations

import argparse
import json

from toolpress.authorize import decide
from toolpress.catalog import CatalogIndex, find_catalog
from toolpress.cli import exits
from toolpress.contract import Catalog, JsonObject, ToolInfo
from toolpress.errors import InvalidArguments
from toolpress.principal import Principal


def run(args: argparse.Namespace) -> int:
    catalog = find_catalog(args.catalog)
    index = CatalogIndex(catalog)
    shown = [tool for tool in index.tools if args.role is None or _sees(args.role, tool, catalog)]
    if args.json:
        print(json.dumps([_entry(index, tool) for tool in shown], ensure_ascii=False, indent=2))
        return exits.OK
    width = max((len(tool.name) for tool in shown), default=0)
    for tool in shown:
        title = index.listing(tool.name).get("title", "")
        print(f"{tool.name:{width}}  {tool.category:16}  {tool.effect:8}  {tool.observed:8}  {title}")
    whose = f" for the role {args.role}" if args.role else ""
    print(f"{len(shown)} tools of {catalog.name}{whose}")
    return exits.OK


def _entry(index: CatalogIndex, tool: ToolInfo) -> JsonObject:
    """The tool as MCP lists it, and what the catalogue knows beside that."""
    facts = {"module": tool.module, "category": tool.category, "effect": tool.effect, "observed": tool.observed}
    return {**index.listing(tool.name), **facts}


def _sees(role: str, tool: ToolInfo, catalog: Catalog) -> bool:
    if role not in catalog.roles:
        raise InvalidArguments(f"{catalog.name} has no role {role}.", fix=f"Use one of: {', '.join(catalog.roles)}.")
    return decide(Principal(role, "", ""), tool, catalog).visible
