"""The shapes in which products answer with one page of a list; a list's `page` word names one."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

from toolpress.contract import JsonObject
from toolpress_sandbox.calls import Call

OFFSET_PAGE = 20
NUMBERED_PAGE = 15

Show = Callable[[JsonObject], JsonObject]
Rows = list[JsonObject]


def page(call: Call, rows: Rows) -> tuple[Rows, JsonObject]:
    """One page by limit and offset, and the numbers that go with it: count, total, limit, offset."""
    start = int(call.arguments.get("offset", 0))
    limit = int(call.arguments.get("limit", OFFSET_PAGE))
    kept = rows[start : start + limit]
    return kept, {"count": len(kept), "total": len(rows), "limit": limit, "offset": start}


def offset(call: Call, part: str, rows: Rows, show: Show) -> JsonObject:
    """Arguments limit and offset; count, total, limit and offset beside the rows."""
    kept, numbers = page(call, rows)
    return {part: [show(row) for row in kept], **numbers}


def items(call: Call, part: str, rows: Rows, show: Show) -> JsonObject:
    """Arguments page and per_page; the rows as `items`, the numbers as `pagination`."""
    kept, numbers = numbered(call, rows)
    return {part: {"items": [show(row) for row in kept], "pagination": numbers}}


def laravel(call: Call, part: str, rows: Rows, show: Show) -> JsonObject:
    """Arguments page and per_page; the rows as `data` among the numbers, as Laravel's paginator writes them."""
    kept, numbers = numbered(call, rows)
    address = {"first_page_url": f"{call.origin}{call.path}?page=1"}
    return {part: {"current_page": numbers["current_page"], "data": [show(row) for row in kept], **address, **numbers}}


def plain(_call: Call, part: str, rows: Rows, show: Show) -> JsonObject:
    """All rows and nothing else."""
    return {part: [show(row) for row in rows]}


def whole(_call: Call, part: str, rows: Rows, show: Show) -> JsonObject:
    """All rows with count and total."""
    return {part: [show(row) for row in rows], "count": len(rows), "total": len(rows)}


PAGES: Mapping[str, Callable[[Call, str, Rows, Show], JsonObject]] = MappingProxyType(
    {"offset": offset, "items": items, "laravel": laravel, "plain": plain, "whole": whole}
)


def numbered(call: Call, rows: Rows) -> tuple[Rows, JsonObject]:
    """One page by page and per_page, and its numbers; a page past the last one is empty."""
    number, size = int(call.arguments.get("page", 1)), int(call.arguments.get("per_page", NUMBERED_PAGE))
    last = max(1, -(-len(rows) // size))
    numbers = {"current_page": number, "last_page": last, "per_page": size, "total": len(rows)}
    return rows[(number - 1) * size : number * size], numbers
