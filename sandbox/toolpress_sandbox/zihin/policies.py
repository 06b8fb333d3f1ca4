"""Contextual security policies: which hold for an agent and what they add up to."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

from toolpress.contract import JsonObject
from toolpress_sandbox.calls import Call

SCOPES = ("tenant", "team", "agent", "user")
_PROHIBITIONS = {
    "must_not_tools", "must_not", "require_approval_for", "never_expose", "sensitive_fields", "restricted_entities",
    "blocked_dates",
}  # fmt: skip
_DAYS = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")


def effective(call: Call, targets: dict[str, str]) -> list[JsonObject]:
    """Active policies, broad to narrow; in one scope the higher priority first. `targets` is scope -> id."""
    rows = call.records.all("csps", is_active=True)
    chosen: list[JsonObject] = []
    for scope in SCOPES:
        if scope == "tenant":
            found = [row for row in rows if row["scope"] == scope]
        elif scope in targets:
            found = [row for row in rows if row["scope"] == scope and row["scope_target_id"] == targets[scope]]
        else:
            continue
        chosen += sorted(found, key=lambda row: -int(row["priority"]))
    return chosen


def merged(policies: list[JsonObject]) -> dict[str, JsonObject]:
    """Rules by policy type: a narrower scope overrides a broader one, in a scope the higher priority wins.

    Prohibitions add up instead: a narrower policy may forbid more, it cannot lift what a broader one forbids.
    """
    result: dict[str, JsonObject] = {}
    for scope in SCOPES:
        for policy in reversed([item for item in policies if item["scope"] == scope]):
            rules = dict(flat(policy["rules"]))
            if policy["policy_type"] == "schedule":
                rules.setdefault("timezone", "UTC")
            whole = result.setdefault(policy["policy_type"], {})
            for name in _PROHIBITIONS & rules.keys() & whole.keys():
                rules[name] = [*whole[name], *(item for item in rules[name] if item not in whole[name])]
            whole.update(rules)
    return result


def flat(rules: JsonObject) -> JsonObject:
    """Rules may stand one level down under `behavior`; both forms count."""
    nested = rules.get("behavior")
    if not isinstance(nested, dict):
        return rules
    return {**{name: value for name, value in rules.items() if name != "behavior"}, **nested}


def rules_for(call: Call, agent_id: str) -> dict[str, JsonObject]:
    return merged(effective(call, {"agent": agent_id}))


def is_closed(schedule: JsonObject, now: datetime) -> bool:
    """Whether a schedule policy refuses turns at this moment."""
    local = now.astimezone(ZoneInfo(schedule.get("timezone", "UTC")))
    if local.date().isoformat() in schedule.get("blocked_dates", ()):
        return True
    days = schedule.get("allowed_days")
    if days and local.isoweekday() % 7 not in {_day(day) for day in days}:
        return True
    hours: JsonObject | None = schedule.get("allowed_hours")
    return hours is not None and not hours["start"] <= local.strftime("%H:%M") < hours["end"]


def _day(day: str | int) -> int:
    if isinstance(day, int):
        return day % 7
    short = day.lower()[:3]
    return _DAYS.index(short) if short in _DAYS else -1


def needs_approval(behavior: JsonObject, tool: JsonObject) -> bool:
    """Whether `require_approval_for` names the tool, its source or its MCP server."""
    for matcher in behavior.get("require_approval_for", ()):
        if isinstance(matcher, str) and matcher == tool["name"]:
            return True
        if isinstance(matcher, dict) and (
            matcher.get("source") == tool["source"] or matcher.get("mcp_server_id", "") == tool.get("mcp_server_id")
        ):
            return True
    return False
