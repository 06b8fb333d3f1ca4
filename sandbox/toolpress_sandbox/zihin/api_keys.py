"""API keys. A key is shown when it is made and never again; the store keeps its hash."""

from __future__ import annotations

from datetime import timedelta

from toolpress.contract import JsonObject
from toolpress_sandbox.calls import Call, shown
from toolpress_sandbox.clock import iso
from toolpress_sandbox.identifiers import fingerprint
from toolpress_sandbox.replies import Refusal, Reply
from toolpress_sandbox.zihin.plans import plan_of

_SUFFIX = 4


def list_api_keys(call: Call) -> Reply:
    rows = [_shown(call, row) for row in call.records.all("api_keys")]
    return Reply({"keys": rows, "count": len(rows)})


def get_api_key(call: Call) -> Reply:
    return Reply({"key": _shown(call, call.records.get("api_keys", call.arguments["key_id"]))})


def create_api_key(call: Call) -> Reply:
    arguments = call.arguments
    _refuse_escalation(call, arguments["role"])
    key = arguments["prefix"] + call.records.new_token()
    days = arguments.get("expires_in_days")
    rpm, _ = _within_plan(call, arguments.get("rate_limit_per_minute"))
    row = call.records.insert(
        "api_keys",
        {
            "name": arguments["name"],
            "description": arguments.get("description"),
            "role": arguments["role"],
            "prefix": arguments["prefix"],
            "suffix": key[-_SUFFIX:],
            "key_hash": fingerprint(key),
            "rate_limit_per_minute": rpm,
            "quota_limit": arguments.get("quota_limit"),
            "expires_at": iso(call.now() + timedelta(days=days)) if days else None,
            "created_by": call.caller.key_id,
        },
    )
    return Reply(
        {
            "data": {**_shown(call, row), "api_key": key},
            "warning": "Store the key now: it is not shown again.",
        }
    )


def update_api_key(call: Call) -> Reply:
    key = call.records.get("api_keys", call.arguments["key_id"])
    rpm, warnings = _within_plan(call, call.arguments["rate_limit_per_minute"])
    row = call.records.update("api_keys", key["id"], {"rate_limit_per_minute": rpm})
    return Reply({"key": _shown(call, row), "warnings": warnings})


def delete_api_key(call: Call) -> Reply:
    key = call.records.get("api_keys", call.arguments["key_id"])
    call.records.update("api_keys", key["id"], {"status": "revoked", "revoked_at": call.records.now()})
    return Reply({"key_id": key["id"], "status": "revoked"})


def _refuse_escalation(call: Call, role: str) -> None:
    order = call.definition.roles
    if order.index(role) < order.index(call.caller.role):
        raise Refusal(
            403,
            "ROLE_ESCALATION_DENIED",
            f"A key of role {call.caller.role} may not create one of role {role}",
            {"field": "role", "caller_role": call.caller.role, "requested_role": role},
        )


def _within_plan(call: Call, wanted: int | None) -> tuple[int, list[JsonObject]]:
    """The rate that the plan allows; None asks for the most."""
    most = int(plan_of(call)["max_rpm"])
    if wanted is None or wanted <= most:
        return wanted or most, []
    message = f"the plan allows at most {most} requests a minute"
    return most, [{"code": "RATE_CAPPED", "field": "rate_limit_per_minute", "message": message}]


def _shown(call: Call, row: JsonObject) -> JsonObject:
    tiers = [item["tier"] for item in call.settings["key_tiers"] if item["from"] <= row["rate_limit_per_minute"]]
    return {**shown(call.definition.collections["api_keys"], row), "calculated_tier": tiers[-1]}
