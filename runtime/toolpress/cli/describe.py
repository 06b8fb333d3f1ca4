"""`toolpress describe`."""

from __future__ import annotations

import argparse
import json
import textwrap
from collections.abc import Iterator
from typing import Any

from toolpress.authorize import audience
from toolpress.catalog import CatalogIndex
from toolpress.cli import exits
from toolpress.cli.find import index_with
from toolpress.contract import Operation, Route, ToolInfo


def run(args: argparse.Namespace) -> int:
    index = index_with(args.tool, args.catalog)
    tool = index.require(args.tool)
    listing = index.listing(tool.name)
    if args.json:
        print(json.dumps(listing, ensure_ascii=False, indent=2))
        return exits.OK
    print("\n".join(_page(index, tool, listing, index.operation(tool))))
    return exits.OK


def _page(index: CatalogIndex, tool: ToolInfo, listing: dict[str, Any], operation: Operation) -> Iterator[str]:
    catalog = index.catalog
    hints = [name for name, value in listing.get("annotations", {}).items() if value is True]
    yield f"{tool.name} - {listing.get('title', '')} ({catalog.name})"
    yield ""
    for paragraph in str(listing.get("description", "")).splitlines():
        yield from textwrap.wrap(paragraph, 100) or [""]
    yield ""
    yield f"category  {tool.category}"
    yield f"roles     {', '.join(audience(tool, catalog))}"
    yield f"effect    {tool.effect}"
    yield f"facts     {tool.observed}"
    yield f"hints     {', '.join(hints) or 'none'}"
    yield f"request   {_route(operation.route)}"
    if operation.switch is not None:
        for when, route in operation.switch.cases:
            yield f"          {operation.switch.argument}={json.dumps(when)}: {_route(route)}"
    yield ""
    yield from _arguments(listing.get("inputSchema", {}))


def _arguments(schema: dict[str, Any]) -> Iterator[str]:
    properties: dict[str, Any] = schema.get("properties", {})
    if not properties:
        yield "no arguments"
        return
    required = set(schema.get("required", ()))
    width = max(map(len, properties))
    yield "arguments (* required)"
    for name, rule in properties.items():
        mark = "*" if name in required else " "
        facts = [_kind(rule), str(rule.get("description", ""))]
        if "enum" in rule:
            facts.append(f"one of {', '.join(map(json.dumps, rule['enum']))}")
        if "default" in rule:
            facts.append(f"default {json.dumps(rule['default'])}")
        yield f"{mark} {name:{width}}  {' | '.join(fact for fact in facts if fact)}"


def _kind(rule: dict[str, Any]) -> str:
    kind = rule.get("type", "any")
    text = " or ".join(kind) if isinstance(kind, list) else str(kind)
    if kind == "array" and isinstance(rule.get("items"), dict):
        text = f"array of {_kind(rule['items'])}"
    return f"{text} ({rule['format']})" if "format" in rule else text


def _route(route: Route) -> str:
    return f"{route.method} {route.path}"
