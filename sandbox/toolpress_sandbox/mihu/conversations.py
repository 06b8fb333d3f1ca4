"""Conversations as answers show them, and what a human operator does in them."""

from __future__ import annotations

from toolpress.contract import JsonObject
from toolpress_sandbox.calls import Call
from toolpress_sandbox.mihu import calls, filters, messaging, parties, threads
from toolpress_sandbox.mihu.answers import conflict, done, listed
from toolpress_sandbox.records import Records
from toolpress_sandbox.replies import Reply

_FILTERS = {
    name: name
    for name in (
        "contact_uuid", "agent_uuid", "campaign_uuid", "listing_uuid", "status", "responded_by", "is_simulation"
    )
}  # fmt: skip
_SHOWN = (
    "uuid", "type", "status", "responded_by", "is_simulation", "created_at", "updated_at", "agent_uuid",
    "campaign_uuid", "listing_uuid",
)  # fmt: skip
_MESSAGE = (
    "uuid", "conversation_uuid", "session_uuid", "contact_uuid", "agent_uuid", "sender", "direction", "message_type",
    "content", "created_at",
)  # fmt: skip


def list_conversations(call: Call) -> Reply:
    rows = filters.from_to(call, filters.equal(call, call.records.all("conversations"), _FILTERS), "created_at")
    if "phone" in call.sent:
        rows = [row for row in rows if call.arguments["phone"] in str(row["phone_number"])]
    if "channel" in call.sent:
        rows = [row for row in rows if parties.LABELS[row["channel"]] == call.arguments["channel"]]
    order = filters.oldest_first if call.arguments["sort_dir"] == "asc" else filters.newest_first
    rows = order(rows, call.arguments["sort_by"])
    return listed(call, "Conversations retrieved successfully", rows, lambda row: shown(call.records, row))


def get_conversation(call: Call) -> Reply:
    row = call.records.get("conversations", call.arguments["uuid"])
    return done("Conversation retrieved successfully", shown(call.records, row))


def list_conversation_messages(call: Call) -> Reply:
    row = call.records.get("conversations", call.arguments["uuid"])
    rows = call.records.all("messages", conversation_uuid=row["uuid"])
    return messages_page(call, "Conversation messages retrieved successfully", rows)


def send_conversation_message(call: Call) -> Reply:
    row = _open(call)
    message = messaging.reply(call.records, row, call.arguments["message"])
    return done("Message sent successfully", shown_message(message))


def takeover_conversation(call: Call) -> Reply:
    row = call.records.update("conversations", _open(call)["uuid"], {"responded_by": "Human"})
    return done("Conversation taken over", shown(call.records, row))


def release_conversation(call: Call) -> Reply:
    row = call.records.update("conversations", _open(call)["uuid"], {"responded_by": "AI"})
    return done("Conversation released", shown(call.records, row))


def messages_page(call: Call, said: str, rows: list[JsonObject]) -> Reply:
    """A page of messages by the arguments sender and sort_dir."""
    rows = filters.equal(call, rows, {"sender": "sender"})
    order = filters.newest_first if call.arguments["sort_dir"] == "desc" else filters.oldest_first
    return listed(call, said, order(rows), shown_message)


def shown_message(row: JsonObject) -> JsonObject:
    return {name: row.get(name) for name in _MESSAGE}


def shown(records: Records, row: JsonObject) -> JsonObject:
    """A conversation with its contact, sessions, tasks and call."""
    return {
        **{name: row[name] for name in _SHOWN},
        "timestamp": row["created_at"],
        "channel": parties.LABELS[row["channel"]],
        "contact": parties.person(records, row),
        "session_uuids": [item["uuid"] for item in records.all("sessions", conversation_uuid=row["uuid"])],
        "task_uuids": threads.task_uuids(records, row["uuid"]),
        "call": _call(records, row),
    }


def _call(records: Records, conversation: JsonObject) -> JsonObject | None:
    rows = records.all("calls", conversation_uuid=conversation["uuid"])
    if not rows:
        return None
    row = rows[-1]
    return {
        "uuid": row["uuid"],
        "direction": str(row["direction"]).capitalize(),
        "status": row["status"],
        "duration": row["duration"],
        "recording_url": calls.recording_url(records, row),
        "handled_by": row["handled_by"],
        "summary": row["analysis"],
        "timestamp": row["created_at"],
    }


def _open(call: Call) -> JsonObject:
    row = call.records.get("conversations", call.arguments["uuid"])
    if row["status"] != "Active":
        raise conflict("The conversation is closed")
    return row
