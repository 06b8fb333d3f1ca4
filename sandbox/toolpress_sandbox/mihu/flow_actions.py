"""What the actions of apps do. `live` does it; otherwise it is checked, and the answer shows what would come of it."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

from toolpress.contract import JsonObject
from toolpress_sandbox.mihu import calls, contacts, data_tables, flow_apps
from toolpress_sandbox.mihu.answers import refused
from toolpress_sandbox.records import Records
from toolpress_sandbox.replies import Refusal

_NOT_MADE = "00000000-0000-4000-8000-000000000000"
"""Stands for the id of what a dry run does not make."""
_MOST_ROWS = 10
_E164 = re.compile(r"\+[1-9][0-9]{6,14}")

Action = Callable[[Records, JsonObject, JsonObject, bool], JsonObject]


def is_dry(records: Records, step: JsonObject, *, dry_run: bool, live: bool) -> bool:
    """Whether a test of the step only shows what would come of it."""
    action = _offered(records, step)
    return dry_run or bool(action.get("never_tested")) or (action["changes"] and not live)


def perform(records: Records, step: JsonObject, config: JsonObject, *, live: bool) -> JsonObject:
    """What the action gives with these settings, references filled in. Raises Refusal (422)."""
    flow_apps.check(records, step)
    act = _ACTIONS.get((step["app_uid"], step["action_key"]))
    return act(records, step, config, live) if act else dict(_offered(records, step)["sample"])


def _offered(records: Records, step: JsonObject) -> JsonObject:
    return flow_apps.offer(flow_apps.app_of(records, step), "action", step["action_key"]) or {"changes": False}


def _query_table(records: Records, _step: JsonObject, config: JsonObject, _live: bool) -> JsonObject:
    table = _table(records, config)
    rows = data_tables.found(records, table, str(config.get("query") or ""))
    most = config.get("max_results")
    kept = rows[: max(most, 0) if isinstance(most, int) else _MOST_ROWS]
    return {"rows": [row["values"] for row in kept], "count": len(kept)}


def _create_row(records: Records, _step: JsonObject, config: JsonObject, live: bool) -> JsonObject:
    table = _table(records, config)
    values = data_tables.checked(table, config["values"], "config.values")
    if not live:
        return {"uuid": _NOT_MADE, "values": values}
    row = data_tables.insert(records, table, values)
    return {"uuid": row["uuid"], "values": values}


def _find_contact(records: Records, _step: JsonObject, config: JsonObject, _live: bool) -> JsonObject:
    rows = records.all("contacts", phone_number=str(config["phone_number"]))
    return {"found": bool(rows), **(contacts.shown(records, rows[0]) if rows else {})}


def _create_contact(records: Records, _step: JsonObject, config: JsonObject, live: bool) -> JsonObject:
    given = {name: str(config[name]) for name in ("phone_number", "name", "surname") if config.get(name)}
    if not _E164.fullmatch(given.get("phone_number", "")):
        raise refused("config.phone_number", "must be a number in E.164")
    if not live:
        return {"uuid": _NOT_MADE, **given}
    uuid, _ = contacts.take_in(records, given, "create")
    return {"uuid": uuid, **given}


def _ask_agent(records: Records, step: JsonObject, config: JsonObject, _live: bool) -> JsonObject:
    agent = records.get("agents", step["agent_uuid"])
    return {"answer": f"{agent['name']} on {config['question']!r}: yes, gladly."}


def _start_call(records: Records, step: JsonObject, config: JsonObject, live: bool) -> JsonObject:
    found = records.all("contacts", phone_number=str(config["phone_number"]))
    if not found:
        raise refused("config.phone_number", "is not the number of a contact")
    if not live:
        return {"call_uuid": _NOT_MADE, "status": "queued"}
    try:
        call = calls.place(records, records.get("agents", step["agent_uuid"]), found[0])
    except Refusal as refusal:
        raise refused("config.phone_number", f"cannot be called: {refusal.message}") from refusal
    return {"call_uuid": call["uuid"], "status": call["status"]}


def _condition(_records: Records, _step: JsonObject, config: JsonObject, _live: bool) -> JsonObject:
    holds = _OPERATORS.get(str(config["operator"]))
    if holds is None:
        raise refused("config.operator", f"must be one of {', '.join(_OPERATORS)}")
    return {"result": holds(config["left"], config.get("right"))}


def _table(records: Records, config: JsonObject) -> JsonObject:
    table = records.find("data_tables", str(config["table_uuid"]))
    if table is None:
        raise refused("config.table_uuid", "is not a table of this workspace")
    return table


def _folded(value: Any) -> str:
    return "" if value is None else str(value).casefold()


def _order(left: Any, right: Any) -> int:
    """Negative, zero or positive: by number where both are numbers, else by text."""
    try:
        first, second = float(left), float(right)
    except (TypeError, ValueError):
        return (_folded(left) > _folded(right)) - (_folded(left) < _folded(right))
    return (first > second) - (first < second)


_OPERATORS: Mapping[str, Callable[[Any, Any], bool]] = MappingProxyType(
    {
        "equals": lambda left, right: _order(left, right) == 0,
        "not_equals": lambda left, right: _order(left, right) != 0,
        "contains": lambda left, right: _folded(right) in _folded(left),
        "greater_than": lambda left, right: _order(left, right) > 0,
        "less_than": lambda left, right: _order(left, right) < 0,
        "is_empty": lambda left, _right: left in (None, "", [], {}),
    }
)
_ACTIONS: Mapping[tuple[str, str], Action] = MappingProxyType(
    {
        ("tables", "ai_query"): _query_table,
        ("tables", "create_row"): _create_row,
        ("contacts", "find_contact"): _find_contact,
        ("contacts", "create_contact"): _create_contact,
        ("agents", "ask_agent"): _ask_agent,
        ("agents", "start_call"): _start_call,
        ("logic", "if_condition"): _condition,
    }
)
"""Others work outside, or on a call that is going on: they give their sample."""
