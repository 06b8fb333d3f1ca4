"""Contextual security policies and what they add up to for an agent."""

from __future__ import annotations

from difflib import get_close_matches

from toolpress.contract import JsonObject
from toolpress_sandbox.calls import Call
from toolpress_sandbox.replies import Reply
from toolpress_sandbox.zihin import surface
from toolpress_sandbox.zihin.documents import accept
from toolpress_sandbox.zihin.policies import SCOPES, effective, flat, merged


def create_csp(call: Call) -> Reply:
    row = dict(call.arguments)
    warnings = _judged(call, row)
    return Reply({"csp": call.records.insert("csps", row), "warnings": warnings})


def update_csp(call: Call) -> Reply:
    """`rules` replaces the stored rules as a whole."""
    policy = call.records.get("csps", call.arguments["csp_id"])
    changes = call.changes()
    names = ("name", "policy_type", "scope", "scope_target_id", "rules", "priority", "is_active")
    warnings = _judged(call, {**{name: policy[name] for name in names}, **changes})
    return Reply({"csp": call.records.update("csps", policy["id"], changes), "warnings": warnings})


def get_effective_csps(call: Call) -> Reply:
    agent = call.records.get("agents", call.arguments["agent_id"])
    targets = {"agent": agent["id"]}
    for scope in ("team", "user"):
        if f"{scope}_id" in call.arguments:
            targets[scope] = call.arguments[f"{scope}_id"]
    policies = effective(call, targets)
    names = ("id", "name", "policy_type", "scope", "scope_target_id", "priority", "rules")
    return Reply(
        {
            "data": [{name: row[name] for name in names} for row in policies],
            "resolution_chain": [scope for scope in SCOPES if scope == "tenant" or scope in targets],
            "merged": merged(policies),
        }
    )


def _judged(call: Call, policy: JsonObject) -> list[JsonObject]:
    target = policy.get("scope_target_id")
    agent = call.records.get("agents", target) if policy["scope"] == "agent" and target else None
    warnings = accept(call, "csp_config", policy)
    return warnings if agent is None else warnings + _not_in_surface(call, agent, flat(policy["rules"]))


def _not_in_surface(call: Call, agent: JsonObject, rules: JsonObject) -> list[JsonObject]:
    """Blocked names that the agent does not have: kept, but they block nothing."""
    known = sorted(surface.names(call, agent))
    return [
        {
            "reason": "not_in_surface",
            "tool": name,
            "suggestion": next(iter(get_close_matches(name, known, 1)), None),
        }
        for name in rules.get("must_not_tools", ())
        if name not in known
    ]
