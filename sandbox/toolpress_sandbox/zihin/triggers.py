"""Triggers: what starts an agent from outside, and which of them opened a session."""

from __future__ import annotations

from toolpress.contract import JsonObject
from toolpress_sandbox.calls import Call
from toolpress_sandbox.replies import Reply
from toolpress_sandbox.verbs import select
from toolpress_sandbox.zihin.documents import accept

_AUTH = {"api_key": "X-Api-Key", "signature": "X-Webhook-Signature"}
WEBHOOK_PATH = "/api/triggers/webhook"


def list_triggers(call: Call) -> Reply:
    rows = select(call, call.definition.collections["triggers"], {"filter": ["agent_id", "trigger_type", "enabled"]})
    return Reply({"triggers": [with_call(call, row) for row in rows], "count": len(rows)})


def get_trigger(call: Call) -> Reply:
    return Reply({"trigger": with_call(call, call.records.get("triggers", call.arguments["trigger_id"]))})


def create_trigger(call: Call) -> Reply:
    """The webhook's secret is in this answer only."""
    call.records.get("agents", call.arguments["agent_id"])
    row = dict(call.arguments)
    warnings = accept(call, "trigger_config", row, row["agent_id"])
    trigger = with_call(call, call.records.insert("triggers", row))
    secret = give_secret(call, trigger)
    if secret is None:
        return Reply({"trigger": trigger, "warnings": warnings})
    return Reply(
        {
            "trigger": {**trigger, "webhook_secret": secret},
            "webhook_url": trigger["call"]["url"],
            "call": trigger["call"],
            "warnings": warnings,
        }
    )


def update_trigger(call: Call) -> Reply:
    trigger = call.records.get("triggers", call.arguments["trigger_id"])
    changes = call.changes()
    merged = {name: trigger[name] for name in ("agent_id", "name", "trigger_type", "enabled", "trigger_config")}
    warnings = accept(call, "trigger_config", {**merged, **changes}, trigger["agent_id"])
    row = with_call(call, call.records.update("triggers", trigger["id"], changes))
    return Reply({"trigger": row, "warnings": warnings})


def toggle_trigger(call: Call) -> Reply:
    trigger = call.records.get("triggers", call.arguments["trigger_id"])
    row = call.records.update("triggers", trigger["id"], {"enabled": call.arguments["enabled"]}, change="toggle")
    return Reply({"trigger": with_call(call, row)})


def get_session_trigger_context(call: Call) -> Reply:
    """Both are null for a session that no trigger opened."""
    session = call.records.get("sessions", call.arguments["session_id"])
    trigger = call.records.find("triggers", session["trigger_id"] or "", deleted=True)
    execution = call.records.find("trigger_executions", session["trigger_execution_id"] or "")
    return Reply(
        {
            "session_id": session["id"],
            "trigger": with_call(call, trigger) if trigger else None,
            "execution": execution,
        }
    )


def with_call(call: Call, trigger: JsonObject) -> JsonObject:
    """The trigger with how to call it, if it is a webhook."""
    if trigger["trigger_type"] != "webhook":
        return trigger
    kind = trigger["trigger_config"].get("auth", {}).get("type", "none")
    header = _AUTH.get(kind)
    base = call.origin or call.settings["public_base_url"]
    url = f"{base}{WEBHOOK_PATH}/{trigger['id']}"
    return {**trigger, "call": {"method": "POST", "url": url, "auth": {"type": kind, "header": header}}}


def give_secret(call: Call, trigger: JsonObject) -> str | None:
    """A webhook's own secret, stored beside the trigger so that no version or snapshot holds it."""
    if trigger["trigger_type"] != "webhook":
        return None
    secret = f"whs_{call.records.new_token()}"
    call.records.insert("webhook_secrets", {"id": trigger["id"], "secret": secret})
    return secret
