"""What was done: actions of tasks, workflows and intents, and requests of the API, which the engine writes down."""

from __future__ import annotations

from functools import partial
from typing import Any

from toolpress.contract import JsonObject
from toolpress_sandbox.calls import Call, shown
from toolpress_sandbox.mihu import filters
from toolpress_sandbox.mihu.answers import done, listed
from toolpress_sandbox.records import Records
from toolpress_sandbox.replies import Reply

_TIMES = ("created_at", "updated_at")
_DETAILS = ("description", "request", "response", "error", "extras")
"""Members that the list of actions leaves out."""


def write(records: Records, kind: str, name: str, error: str | None, **members: Any) -> None:
    """An action that was carried out, or failed for the reason given: a task, workflow or intent."""
    status = "failed" if error else "success"
    records.insert("action_logs", {"type": kind, "name": name, "status": status, "error": error, **members})


def get_action_log(call: Call) -> Reply:
    row = call.records.get("action_logs", call.arguments["uuid"], type=call.arguments["type"])
    return done("Action log retrieved successfully", _action(call.records, row))


def list_action_logs(call: Call) -> Reply:
    rows = call.records.all("action_logs", **filters.sent(call, "type", "status", "agent_uuid"))
    rows = filters.newest_first(filters.from_to(call, rows, "created_at"))
    return listed(call, "Action logs retrieved successfully", rows, lambda row: _in_short(call.records, row))


def list_api_request_logs(call: Call) -> Reply:
    given = call.arguments
    rows = filters.from_to(call, call.records.all("api_logs", **filters.sent(call, "method")), "created_at")
    status = str(given.get("status_code", "")).rstrip("x")
    rows = [row for row in rows if str(row["status_code"]).startswith(status)]
    rows = [row for row in rows if given.get("endpoint", "") in row["endpoint"]]
    show = partial(_request, call.records, listed=True)
    return listed(call, "API request logs retrieved successfully", filters.newest_first(rows), show)


def get_api_request_log(call: Call) -> Reply:
    row = call.records.get("api_logs", call.arguments["uuid"])
    return done("API request log retrieved successfully", _request(call.records, row, listed=False))


def _request(records: Records, row: JsonObject, *, listed: bool) -> JsonObject:
    seen = shown(records.collection("api_logs"), row, listed=listed)
    return {"timestamp": row["created_at"], **{name: seen[name] for name in seen if name not in _TIMES}}


def _in_short(records: Records, row: JsonObject) -> JsonObject:
    return {name: value for name, value in _action(records, row).items() if name not in _DETAILS}


def _action(records: Records, row: JsonObject) -> JsonObject:
    """The row with those who took part by name; whoever has been deleted since is left without one."""
    agent = records.find("agents", row["agent_uuid"] or "")
    contact = records.find("contacts", row["contact_uuid"] or "")
    ours = ("agent_uuid", "contact_uuid", "phone_number", "updated_at")
    return {
        **{name: value for name, value in row.items() if name not in ours},
        "agent": agent and {"uuid": agent["agent_uuid"], "name": agent["name"]},
        "contact": contact and {name: contact[name] for name in ("uuid", "name", "phone_number")},
        "customer": row["phone_number"] and {"number": row["phone_number"]},
    }
