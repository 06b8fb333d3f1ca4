"""Consumers as the whole tenant sees them, across agents and sessions."""

from __future__ import annotations

from toolpress.contract import JsonObject
from toolpress_sandbox.calls import Call
from toolpress_sandbox.paging import page
from toolpress_sandbox.replies import Reply
from toolpress_sandbox.zihin.conversation import control_of, history


def get_consumer_profile(call: Call) -> Reply:
    return Reply({"consumer": _profile(call, call.records.get("consumers", call.arguments["consumer_key"]))})


def list_consumers(call: Call) -> Reply:
    rows = sorted(call.records.all("consumers"), key=lambda row: str(row["last_seen_at"]), reverse=True)
    wanted = str(call.arguments.get("search", "")).casefold()
    if wanted:
        rows = [row for row in rows if wanted in f"{row['display_name'] or ''}\n{row['consumer_key']}".casefold()]
    if "blocked" in call.arguments:
        rows = [row for row in rows if bool(row["flags"].get("do_not_contact")) == call.arguments["blocked"]]
    shown, numbers = page(call, rows)
    return Reply({"consumers": [_profile(call, row) for row in shown], **numbers})


def list_consumer_sessions(call: Call) -> Reply:
    consumer = call.records.get("consumers", call.arguments["consumer_key"])
    rows = _sessions(call, consumer)
    shown, numbers = page(call, sorted(rows, key=lambda row: str(row["updated_at"]), reverse=True))
    names = ("id", "agent_id", "channel", "message_count", "created_at", "updated_at")
    sessions = [
        {**{name: row[name] for name in names}, "control_mode": control_of(row, call.now())[0]} for row in shown
    ]
    return Reply({"sessions": sessions, **numbers})


def _sessions(call: Call, consumer: JsonObject) -> list[JsonObject]:
    return call.records.all("sessions", consumer_key=consumer["consumer_key"])


def _profile(call: Call, consumer: JsonObject) -> JsonObject:
    """Counters are worked out from the sessions, so that they cannot disagree with them."""
    sessions = _sessions(call, consumer)
    agents = sorted({row["agent_id"] for row in sessions})
    turns = sum(row["role"] == "user" for session in sessions for row in history(call.records, session["id"]))
    return {
        "consumer_key": consumer["consumer_key"],
        "display_name": consumer["display_name"],
        "channels": sorted({row["channel"] for row in sessions}),
        "total_sessions": len(sessions),
        "total_turns": turns,
        "agents": [_agent(call, agent_id) for agent_id in agents],
        "flags": consumer["flags"],
        "first_seen_at": consumer["first_seen_at"],
        "last_seen_at": consumer["last_seen_at"],
    }


def _agent(call: Call, agent_id: str) -> JsonObject:
    agent = call.records.find("agents", agent_id)
    return {"id": agent_id, "name": agent["name"] if agent else None}
