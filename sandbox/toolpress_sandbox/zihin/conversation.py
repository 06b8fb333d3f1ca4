"""Sessions, their messages and the consumers behind them."""

from __future__ import annotations

from datetime import datetime, timedelta

from toolpress.contract import JsonObject
from toolpress_sandbox.calls import Call
from toolpress_sandbox.clock import iso, parse_iso
from toolpress_sandbox.records import Records
from toolpress_sandbox.zihin.plans import plan_of

ENGAGED = "engaged"
VISIBLE_ROLES = ("user", "assistant")


def open_session(
    records: Records, agent_id: str, *, consumer_key: str | None = None, channel: str = "api", **more: str | None
) -> JsonObject:
    row = {"agent_id": agent_id, "consumer_key": consumer_key, "channel": channel, **more}
    return records.insert("sessions", row)


def append(
    records: Records, session_id: str, role: str, content: str, metadata: JsonObject | None = None
) -> JsonObject:
    """Store a message; only what both sides said counts as a message of the session."""
    row = {"session_id": session_id, "role": role, "content": content, "metadata": metadata or {}}
    message = records.insert("messages", row)
    count = records.get("sessions", session_id)["message_count"] + (role in VISIBLE_ROLES)
    records.update("sessions", session_id, {"message_count": count})
    return message


def history(records: Records, session_id: str) -> list[JsonObject]:
    return [row for row in records.all("messages", session_id=session_id) if row["role"] in VISIBLE_ROLES]


def control_of(session: JsonObject, now: datetime) -> tuple[str, JsonObject]:
    """Mode and metadata as they hold now: past its end a suspension or handoff is over by itself."""
    metadata: JsonObject = session["control_metadata"]
    until = metadata.get("expires_at")
    if session["control_mode"] != ENGAGED and until and parse_iso(until) <= now:
        return ENGAGED, {}
    return session["control_mode"], metadata


def is_expired(call: Call, session: JsonObject) -> bool:
    lifetime = timedelta(hours=plan_of(call)["session_ttl_hours"])
    return parse_iso(session["updated_at"]) + lifetime <= call.now()


def listed(call: Call, session: JsonObject) -> JsonObject:
    """A session as lists show it."""
    mode, metadata = control_of(session, call.now())
    names = ("id", "agent_id", "consumer_key", "channel", "parent_session_id", "message_count")
    row = {name: session[name] for name in names}
    times = {"created_at": session["created_at"], "updated_at": session["updated_at"]}
    return {**row, "control_mode": mode, "control_metadata": metadata, **times}


def meet(records: Records, consumer_key: str, now: datetime) -> JsonObject:
    """The consumer's row, made or touched."""
    if records.find("consumers", consumer_key):
        return records.update("consumers", consumer_key, {"last_seen_at": iso(now)})
    return records.insert(
        "consumers", {"consumer_key": consumer_key, "first_seen_at": iso(now), "last_seen_at": iso(now)}
    )


def is_denied(records: Records, consumer_key: str | None) -> bool:
    consumer = records.find("consumers", consumer_key) if consumer_key else None
    return bool(consumer and consumer["flags"].get("do_not_contact"))
