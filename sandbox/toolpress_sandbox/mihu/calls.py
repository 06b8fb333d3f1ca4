"""Calls: placed now, led through their states by the clock.

A call is queued, rings after 2 seconds, is answered after 8 and ends after 68; a number that ends in 99 is never
answered, and such a call has failed after 30.
"""

from __future__ import annotations

from datetime import datetime

from toolpress.contract import JsonObject
from toolpress_sandbox.clock import parse_iso
from toolpress_sandbox.mihu.answers import refused
from toolpress_sandbox.records import Records

RINGS_AFTER_S, ANSWERED_AFTER_S, ENDS_AFTER_S, GIVEN_UP_AFTER_S = 2, 8, 68, 30
LIVE = frozenset({"queued", "ringing", "in-progress"})


def place(records: Records, agent: JsonObject, contact: JsonObject, **members: object) -> JsonObject:
    """A new call with its conversation; `members` are put on the call (such as `task_uuid`).

    Raises Refusal (422) when the agent has no call channel or the contact is blacklisted.
    """
    if not records.all("agent_channels", agent_uuid=agent["agent_uuid"], channel="call"):
        raise refused("agentId", "has no call channel")
    if contact["status"] == "Blacklisted":
        raise refused("participant.number", "is blacklisted")
    parties = {
        "agent_uuid": agent["agent_uuid"],
        "contact_uuid": contact["uuid"],
        "phone_number": contact["phone_number"],
    }
    conversation = records.insert("conversations", {**parties, "channel": "call"})
    return records.insert("calls", {**parties, "conversation_uuid": conversation["uuid"], **members})


def advance(records: Records) -> None:
    """Lead every live call to the state that its age gives it."""
    for call in records.all("calls"):
        if call["status"] in LIVE:
            status = state_of(call, records.clock.now())
            if status != call["status"]:
                _enter(records, call, status)


def state_of(call: JsonObject, now: datetime) -> str:
    """The state that a call has by its age alone."""
    age = (now - parse_iso(call["created_at"])).total_seconds()
    if age < RINGS_AFTER_S:
        return "queued"
    if str(call["phone_number"]).endswith("99"):
        return "ringing" if age < GIVEN_UP_AFTER_S else "failed"
    if age < ANSWERED_AFTER_S:
        return "ringing"
    return "in-progress" if age < ENDS_AFTER_S else "completed"


def _enter(records: Records, call: JsonObject, status: str) -> None:
    changes: JsonObject = {"status": status}
    if status == "completed":
        changes["duration"] = ENDS_AFTER_S - ANSWERED_AFTER_S
    records.update("calls", call["uuid"], changes)
    if status not in LIVE:
        records.update("conversations", call["conversation_uuid"], {"status": "ended", "ended_at": records.now()})
