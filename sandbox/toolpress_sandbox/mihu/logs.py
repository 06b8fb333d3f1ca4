"""What was done: actions of tasks, workflows and intents, and requests of the API, which the engine writes down."""

from __future__ import annotations

from toolpress.contract import JsonObject
from toolpress_sandbox.calls import Call
from toolpress_sandbox.clock import parse_iso
from toolpress_sandbox.mihu.answers import done, listed
from toolpress_sandbox.records import Records
from toolpress_sandbox.replies import Reply

_DETAILS = ("description", "request", "response", "error", "extras")
"""Members that the list of actions leaves out."""


def get_action_log(call: Call) -> Reply:
    row = call.records.get("action_logs", call.arguments["uuid"], type=call.arguments["type"])
    return done("Action log retrieved successfully", _action(call.records, row))


def list_action_logs(call: Call) -> Reply:
    wanted = {name: call.arguments[name] for name in ("type", "status", "agent_uuid") if name in call.sent}
    rows = _newest_first(call, call.records.all("action_logs", **wanted))
    return listed(call, "Action logs retrieved successfully", rows, lambda row: _in_short(call.records, row))


def list_api_request_logs(call: Call) -> Reply:
    given = call.arguments
    wanted = {name: given[name] for name in ("method",) if name in call.sent}
    rows = _newest_first(call, call.records.all("api_logs", **wanted))
    status = str(given.get("status_code", "")).rstrip("x")
    rows = [row for row in rows if str(row["status_code"]).startswith(status)]
    rows = [row for row in rows if given.get("endpoint", "") in row["endpoint"]]
    return listed(call, "API request logs retrieved successfully", rows, lambda row: _request(row, listed=True))


def get_api_request_log(call: Call) -> Reply:
    row = call.records.get("api_logs", call.arguments["uuid"])
    return done("API request log retrieved successfully", _request(row, listed=False))


def _newest_first(call: Call, rows: list[JsonObject]) -> list[JsonObject]:
    """Rows from `from` on and before `to`; of those of one moment the last written comes first."""
    begin, end = (parse_iso(call.arguments[name]) if name in call.sent else None for name in ("from", "to"))
    timed = [(parse_iso(row["created_at"]), row) for row in reversed(rows)]
    kept = [(at, row) for at, row in timed if (begin is None or at >= begin) and (end is None or at < end)]
    return [row for _, row in sorted(kept, key=lambda pair: pair[0], reverse=True)]


def _request(row: JsonObject, *, listed: bool) -> JsonObject:
    members = ("uuid", "method", "endpoint", "status_code", "user_agent", *(() if listed else ("request_body",)))
    return {"timestamp": row["created_at"], **{name: row[name] for name in members}}


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
