"""Calls: placed now, led through their states by the clock.

A call is queued, rings after 2 seconds, is answered after 8 and ends after 68; a number that ends in 99 is never
answered, and such a call has failed after 30. What is said in between follows a script.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from toolpress.contract import JsonObject
from toolpress_sandbox.calls import Call
from toolpress_sandbox.clock import iso, parse_iso
from toolpress_sandbox.mihu import filters, parties, threads
from toolpress_sandbox.mihu.answers import done, listed
from toolpress_sandbox.records import Records
from toolpress_sandbox.replies import Reply

RINGS_AFTER_S, ANSWERED_AFTER_S, ENDS_AFTER_S, GIVEN_UP_AFTER_S = 2, 8, 68, 30
SPEAKING_S = 4
"""How long the agent needs for a text that it was told to say."""
LIVE = frozenset({"queued", "ringing", "in-progress"})

_SCRIPT = (
    (4, "Contact", "Hello, yes, I have a minute."),
    (10, "AI", "Thank you. When would an appointment suit you?"),
    (18, "Contact", "Tuesday morning would be good, thank you."),
    (26, "AI", "Tuesday morning it is. Is there anything else?"),
    (34, "Contact", "No, that is all."),
)
"""Seconds after the answer, who speaks, and what."""
_MEDIA = "https://media.example.com/calls"


def place(
    records: Records, agent: JsonObject, contact: JsonObject, *, channel: str = "call", **members: object
) -> JsonObject:
    """A new call with its conversation; `members` are put on the call (such as `task_uuid`).

    Raises Refusal (422) when the agent has no such channel, its number may not call there, or the contact is
    blacklisted.
    """
    parties.require_both(records, agent, contact, channel, "participant.number")
    task: JsonObject = records.find("tasks", str(members.get("task_uuid"))) or {}
    links = {name: members.get(name) or task.get(name) for name in ("campaign_uuid", "listing_uuid")}
    conversation = threads.begin(records, agent, contact, channel, **links)
    row = {
        "agent_uuid": agent["agent_uuid"],
        "contact_uuid": contact["uuid"],
        "conversation_uuid": conversation["uuid"],
        "phone_number": contact["phone_number"],
        "communication": channel,
    }
    return records.insert("calls", {**row, **members, **links})


def advance(records: Records) -> None:
    """Lead every live call to the state that its age gives it."""
    for status in sorted(LIVE):
        for call in records.all("calls", status=status):
            _lead(records, call, records.clock.now())


def state_of(call: JsonObject, now: datetime) -> str:
    """The state that a call has by its age alone."""
    if now >= end_of(call):
        return "completed" if _is_answered(call) else "failed"
    age = (now - parse_iso(call["created_at"])).total_seconds()
    if age < RINGS_AFTER_S:
        return "queued"
    return "in-progress" if age >= ANSWERED_AFTER_S and _is_answered(call) else "ringing"


def answer_of(call: JsonObject) -> datetime:
    """When the call is answered, if it is."""
    return parse_iso(call["created_at"]) + timedelta(seconds=ANSWERED_AFTER_S)


def end_of(call: JsonObject) -> datetime:
    """When the call ends unless somebody hangs up first."""
    if not _is_answered(call):
        return parse_iso(call["created_at"]) + timedelta(seconds=GIVEN_UP_AFTER_S)
    natural = parse_iso(call["created_at"]) + timedelta(seconds=ENDS_AFTER_S)
    return parse_iso(call["ends_at"]) if call.get("ends_at") else natural


def speak(records: Records, call: JsonObject, text: str, *, and_end: bool = False) -> None:
    """Let the agent say a text now, or as soon as the call is answered; `and_end` hangs up afterwards."""
    changes: JsonObject = {}
    if call["answered_at"]:
        threads.say(records, records.get("conversations", call["conversation_uuid"]), "AI", text)
    else:
        changes["held"] = [*call["held"], text]
    if and_end:
        spoken = max(answer_of(call), records.clock.now()) + timedelta(seconds=SPEAKING_S)
        changes["ends_at"] = iso(min(spoken, end_of(call)))
    records.update("calls", call["uuid"], changes)


def end(records: Records, call: JsonObject, status: str, at: datetime, closing: str | None) -> None:
    """The call is over: the closing words if it was answered, its length, and the end of its conversation."""
    moment = iso(at)
    if call["answered_at"] and closing:
        conversation = records.get("conversations", call["conversation_uuid"])
        threads.say(records, conversation, "AI", closing, at=moment)
    threads.close(records, call["conversation_uuid"], moment)
    sessions = records.all("sessions", call_uuid=call["uuid"])
    changes = {
        "status": status,
        "duration": round((at - parse_iso(call["answered_at"])).total_seconds()) if call["answered_at"] else 0,
        "analysis": sessions[-1]["summary"] if sessions else None,
        "ended_at": moment,
        "updated_at": moment,
    }
    records.update("calls", call["uuid"], changes)


def goodbye(records: Records, call: JsonObject) -> str:
    """The agent's own closing words."""
    return str(_voice(records, call, "interaction").get("end_call_message") or "Good Bye")


def initiate_call(call: Call) -> Reply:
    return _placed(call, "call", {"listen_url": "wss://media.example.com/calls/{}", "record_url": _MEDIA + "/{}.mp3"})


def whatsapp_call(call: Call) -> Reply:
    return _placed(call, "whatsapp_call", {})


def list_calls(call: Call) -> Reply:
    members = {"agent_id": "agent_uuid", "direction": "direction", "status": "status"}
    rows = filters.newest_first(filters.equal(call, call.records.all("calls"), members))
    return listed(call, "Calls retrieved successfully", rows, lambda row: shown(call.records, row))


def get_call(call: Call) -> Reply:
    row = call.records.get("calls", call.arguments["uuid"])
    return done("Call retrieved successfully", shown(call.records, row))


def get_call_transcript(call: Call) -> Reply:
    row = call.records.get("calls", call.arguments["uuid"])
    said = threads.transcript(threads.messages(call.records, conversation_uuid=row["conversation_uuid"]))
    data = {"uuid": row["uuid"], "conversation": {"id": row["conversation_uuid"], **said}}
    return done("Call transcript retrieved successfully", data)


def get_call_recording(call: Call) -> Reply:
    row = call.records.get("calls", call.arguments["uuid"])
    data = {"uuid": row["uuid"], "recording_url": recording_url(call.records, row), "duration": row["duration"]}
    return done("Call recording retrieved successfully", data)


def recording_url(records: Records, call: JsonObject) -> str | None:
    """There is a recording once an answered call is over, unless the agent does not record."""
    recorded = _voice(records, call, "call_behavior").get("audio_recording", True)
    return (
        f"{_MEDIA}/{call['uuid']}.mp3" if call["status"] == "completed" and call["answered_at"] and recorded else None
    )


def shown(records: Records, call: JsonObject) -> JsonObject:
    agent = records.find("agents", call["agent_uuid"]) or {}
    members = ("uuid", "status", "direction", "communication", "handled_by", "muted", "forwarded_to", "analysis")
    return {
        **{name: call[name] for name in members},
        "agent": {"uuid": call["agent_uuid"], "name": agent.get("name")},
        "duration": call["duration"],
        "timestamp": call["created_at"],
        "created_at": call["created_at"],
        "updated_at": call["updated_at"],
    }


def _placed(call: Call, channel: str, media: dict[str, str]) -> Reply:
    records, participant = call.records, call.arguments["participant"]
    agent = records.get("agents", call.arguments["agentId"])
    row = place(
        records,
        agent,
        parties.contact_of(records, participant["number"]),
        channel=channel,
        prompt=call.arguments.get("prompt"),
        about=participant.get("about"),
        greeting=call.arguments.get("message", {}).get("start"),
    )
    data = {
        "id": row["uuid"],
        "agentId": agent["agent_uuid"],
        "status": "initiated",
        "conversation_uuid": row["conversation_uuid"],
        "contact_uuid": row["contact_uuid"],
        **{name: address.format(row["uuid"]) for name, address in media.items()},
    }
    return done("Call created successfully", data)


def _lead(records: Records, call: JsonObject, now: datetime) -> None:
    status = state_of(call, now)
    if status in ("in-progress", "completed"):
        if not call["answered_at"]:
            call = _answer(records, call)
        call = _follow_script(records, call, min(now, end_of(call)))
    if status not in LIVE:
        last = None if _is_silent(call) or call["ends_at"] else goodbye(records, call)
        end(records, call, status, end_of(call), last)
    elif status != call["status"]:
        records.update("calls", call["uuid"], {"status": status})


def _answer(records: Records, call: JsonObject) -> JsonObject:
    """The session begins; the agent greets, and says what it was told to say while the phone rang."""
    at = iso(answer_of(call))
    conversation = records.get("conversations", call["conversation_uuid"])
    threads.begin_session(records, conversation, at, call["uuid"])
    agent = records.find("agents", call["agent_uuid"]) or {}
    default = f"Hello, this is {agent.get('name')} of {agent.get('company_name') or 'our company'}."
    first = "inbound_first_message" if call["direction"] == "inbound" else "outbound_first_message"
    greeting = call["greeting"] or _voice(records, call, "interaction").get(first) or default
    for text in () if call["muted"] else (greeting, *call["held"]):
        threads.say(records, conversation, "AI", text, at=at)
    return records.update("calls", call["uuid"], {"status": "in-progress", "answered_at": at, "updated_at": at})


def _follow_script(records: Records, call: JsonObject, until: datetime) -> JsonObject:
    """Everything that was said up to a moment; a silent agent leaves its lines out."""
    conversation = records.get("conversations", call["conversation_uuid"])
    answered, spoken = parse_iso(call["answered_at"]), call["lines"]
    for seconds, sender, text in _SCRIPT[spoken:]:
        at = answered + timedelta(seconds=seconds)
        if at > until:
            break
        spoken += 1
        if sender == "Contact" or not _is_silent(call):
            threads.say(records, conversation, sender, text, at=iso(at))
    return records.update("calls", call["uuid"], {"lines": spoken}, quiet=True)


def _is_answered(call: JsonObject) -> bool:
    return not str(call["phone_number"]).endswith("99")


def _is_silent(call: JsonObject) -> bool:
    return bool(call["muted"] or call["handled_by"] == "Human")


def _voice(records: Records, call: JsonObject, part: str) -> JsonObject:
    """A part of the agent's voice settings, as far as they are set."""
    found: Any = records.find("agents", call["agent_uuid"]) or {}
    for name in ("settings", "voice", part):
        found = found.get(name) or {}
    return dict(found)
