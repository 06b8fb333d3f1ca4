"""Contact rules: a rule for messages is one-shot, so it loses what only calls have."""

from __future__ import annotations

from toolpress.contract import JsonObject
from toolpress_sandbox.calls import Call
from toolpress_sandbox.mihu.answers import conflict, done, refused
from toolpress_sandbox.records import Records
from toolpress_sandbox.replies import Reply

_CALLS_ONLY: JsonObject = {
    "retry_interval_minutes": 120,
    "end_time": "18:00:00",
    "escalation_after_failed_attempts": 0,
    "escalation_type": None,
    "escalation_target": None,
}
_ONE_SHOT: JsonObject = {"max_calls_per_day": 1, "max_total_calls": 1, **dict.fromkeys(_CALLS_ONLY)}
_CAPS: JsonObject = {"max_calls_per_day": 3, "max_total_calls": 10}
_USUAL: JsonObject = {"type": "call", "start_time": "09:00:00", "dnc_check": True, "remove_on_opt_out": True}


def create_campaign_rule(call: Call) -> Reply:
    return done("Rule created successfully", keep(call.records, call.changes()))


def update_campaign_rule(call: Call) -> Reply:
    row = call.records.get("listing_rules", call.arguments["uuid"])
    changed = _whole(row, call.changes())
    return done("Rule updated successfully", call.records.update("listing_rules", row["uuid"], changed))


def delete_campaign_rule(call: Call) -> Reply:
    uuid = call.arguments["uuid"]
    call.records.get("listing_rules", uuid)
    for collection in ("campaigns", "listings"):
        if call.records.all(collection, rule_uuid=uuid):
            raise conflict(f"The rule is attached to one of the {collection}")
    call.records.remove("listing_rules", uuid)
    return done("Rule deleted successfully")


def keep(records: Records, given: JsonObject) -> JsonObject:
    """A new rule with the usual values where nothing is given. Raises Refusal (422) for hours in the wrong order."""
    return records.insert("listing_rules", _whole({}, given))


def _whole(row: JsonObject, given: JsonObject) -> JsonObject:
    times: JsonObject = {name: f"{given[name]}:00" for name in ("start_time", "end_time") if name in given}
    rule: JsonObject = {**_USUAL, **row, **given, **times}
    if rule["type"] == "text":
        return {**rule, **_ONE_SHOT}
    usual: JsonObject = {} if row.get("type") == "call" else {**_CALLS_ONLY, **_CAPS}
    rule.update({name: value for name, value in usual.items() if name not in given})
    if rule["end_time"] <= rule["start_time"]:
        raise refused("end_time", "must be after start_time")
    return rule
