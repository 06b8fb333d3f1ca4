"""Conversations from within: opened, spoken in, cut into sessions, closed.

A session begins with the first words after a pause. That of a call ends with the call; any other after half an hour
without a message. Its end brings the summary and the evaluation.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from toolpress.contract import JsonObject
from toolpress_sandbox.clock import iso, parse_iso
from toolpress_sandbox.mihu import evaluations, parties
from toolpress_sandbox.mihu.evaluate import in_force
from toolpress_sandbox.mihu.filters import oldest_first
from toolpress_sandbox.records import Records

_INHERITED = ("agent_uuid", "contact_uuid", "channel", "phone_number", "campaign_uuid", "listing_uuid")


def begin(
    records: Records, agent: JsonObject | None, contact: JsonObject | None, channel: str, **members: Any
) -> JsonObject:
    """A new conversation; a recording brought from elsewhere may lack the agent or a known contact."""
    row = {
        "agent_uuid": agent["agent_uuid"] if agent else None,
        "contact_uuid": contact["uuid"] if contact else None,
        "phone_number": contact["phone_number"] if contact else None,
        "channel": channel,
    }
    return records.insert("conversations", {**row, **members})


def standing(records: Records, agent: JsonObject, contact: JsonObject, channel: str) -> JsonObject | None:
    """The open conversation of the two on this channel."""
    both = {"agent_uuid": agent["agent_uuid"], "contact_uuid": contact["uuid"]}
    rows = records.all("conversations", **both, channel=channel, status="Active")
    return rows[-1] if rows else None


def say(
    records: Records, conversation: JsonObject, sender: str, content: str, *, at: str | None = None, **members: Any
) -> JsonObject:
    """One message of AI, Human or Contact, in the running session or a new one."""
    moment = at or records.now()
    session = running_session(records, conversation) or begin_session(records, conversation, moment)
    message = records.insert(
        "messages",
        {
            "conversation_uuid": conversation["uuid"],
            "session_uuid": session["uuid"],
            **{name: conversation.get(name) for name in _INHERITED},
            "sender": sender,
            "direction": "inbound" if sender == "Contact" else "outbound",
            "message_type": "text",
            "content": content,
            "created_at": moment,
            **members,
        },
    )
    records.update("sessions", session["uuid"], {"last_activity_at": moment, "updated_at": moment})
    records.update("conversations", conversation["uuid"], {"updated_at": moment})
    return message


def messages(records: Records, **equals: Any) -> list[JsonObject]:
    """Messages with these members, oldest first."""
    return oldest_first(records.all("messages", **equals))


def running_session(records: Records, conversation: JsonObject) -> JsonObject | None:
    rows = records.all("sessions", conversation_uuid=conversation["uuid"], ended_at=None)
    return rows[-1] if rows else None


def begin_session(records: Records, conversation: JsonObject, at: str, call_uuid: str | None = None) -> JsonObject:
    members = {name: conversation.get(name) for name in _INHERITED}
    times = {"started_at": at, "last_activity_at": at, "created_at": at}
    row = {"conversation_uuid": conversation["uuid"], **members, "call_uuid": call_uuid, **times}
    return records.insert("sessions", row)


def end_session(records: Records, session: JsonObject, at: str) -> JsonObject:
    """Close the session, sum it up and evaluate it."""
    summary = _summary(records, session)
    times = {"ended_at": at, "summary_generated_at": at, "updated_at": at}
    session = records.update("sessions", session["uuid"], {"summary": summary, **times})
    if in_force(records, session["agent_uuid"])["is_active"]:
        evaluations.judge(records, session, at)
    return records.get("sessions", session["uuid"])


def close(records: Records, conversation_uuid: str, at: str) -> None:
    """End the conversation with its running session."""
    conversation = records.get("conversations", conversation_uuid)
    session = running_session(records, conversation)
    if session:
        end_session(records, session, at)
    records.update("conversations", conversation_uuid, {"status": "Closed", "ended_at": at, "updated_at": at})


def advance(records: Records) -> None:
    """End the text sessions in which nobody has written for too long."""
    for session in records.all("sessions", ended_at=None):
        if session["channel"] not in parties.VOICE:
            minutes = in_force(records, session["agent_uuid"])["sessionization"]["timeout_minutes"]
            end = parse_iso(session["last_activity_at"]) + timedelta(minutes=minutes)
            if end <= records.clock.now():
                end_session(records, session, iso(end))


def transcript(rows: list[JsonObject]) -> JsonObject:
    """What was said, as turns and as one text."""
    turns = [{"role": "Customer" if row["sender"] == "Contact" else "Agent", "content": row["content"]} for row in rows]
    return {"plain": "\n".join(f"{turn['role']}: {turn['content']}" for turn in turns), "messages": turns}


def task_uuids(records: Records, conversation_uuid: str) -> list[str]:
    """The tasks that led to calls or messages of a conversation."""
    rows = [
        *records.all("calls", conversation_uuid=conversation_uuid),
        *records.all("messages", conversation_uuid=conversation_uuid),
    ]
    return list(dict.fromkeys(row["task_uuid"] for row in rows if row.get("task_uuid")))


def _summary(records: Records, session: JsonObject) -> str:
    rows = messages(records, session_uuid=session["uuid"])
    name = parties.named(parties.person(records, session))
    heard = [row["content"] for row in rows if row["sender"] == "Contact"]
    text = f"{len(rows)} {'message' if len(rows) == 1 else 'messages'} with {name}."
    return f"{text} The contact's last words: {heard[-1]}" if heard else f"{text} The contact said nothing."
