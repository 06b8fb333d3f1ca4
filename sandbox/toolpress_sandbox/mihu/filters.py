"""Which rows a list keeps, and in what order: equal members, a text, a stretch of time, newest first."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from toolpress.contract import JsonObject
from toolpress_sandbox.calls import Call
from toolpress_sandbox.clock import parse_iso

Rows = list[JsonObject]


def equal(call: Call, rows: Rows, members: Mapping[str, str]) -> Rows:
    """Rows whose members equal the sent arguments; `members` is {argument: member}."""
    wanted = {member: call.arguments[name] for name, member in members.items() if name in call.sent}
    return [row for row in rows if all(row.get(member) == value for member, value in wanted.items())]


def sent(call: Call, *names: str) -> JsonObject:
    """The sent ones of these arguments, to be looked for in members of the same names."""
    return {name: call.arguments[name] for name in names if name in call.sent}


def searched(call: Call, rows: Rows, *members: str) -> Rows:
    """Rows of which one of these members holds the argument `search`, whatever the case."""
    wanted = folded(call.arguments.get("search"))
    return [row for row in rows if any(wanted in folded(row.get(name)) for name in members)]


def folded(value: Any) -> str:
    """A value as a search compares it."""
    return "" if value is None else str(value).casefold()


def within(rows: Rows, member: str, start: datetime | None, end: datetime | None) -> Rows:
    """Rows whose time is at or after `start` and before `end`."""
    return [
        row
        for row in rows
        if (start is None or parse_iso(row[member]) >= start) and (end is None or parse_iso(row[member]) < end)
    ]


def from_to(call: Call, rows: Rows, member: str) -> Rows:
    """The same for the arguments `from` and `to`, each of which may be absent."""
    start, end = (parse_iso(call.arguments[name]) if name in call.sent else None for name in ("from", "to"))
    return within(rows, member, start, end)


def oldest_first(rows: Rows, member: str = "created_at") -> Rows:
    return sorted(rows, key=lambda row: str(row[member]))


def newest_first(rows: Rows, member: str = "created_at") -> Rows:
    """Of rows of one moment, the last one written comes first."""
    return oldest_first(rows, member)[::-1]
