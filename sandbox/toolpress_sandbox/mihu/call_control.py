"""What can be done in a call that is running. Each action names the conversation, not the call."""

from __future__ import annotations

from toolpress.contract import JsonObject
from toolpress_sandbox.calls import Call
from toolpress_sandbox.mihu import calls
from toolpress_sandbox.mihu.answers import conflict, done
from toolpress_sandbox.replies import Reply


def say_in_call(call: Call) -> Reply:
    row = _running(call)
    if row["muted"]:
        raise conflict("The agent is muted; unmute it first")
    calls.speak(call.records, row, call.arguments["message"], and_end=call.arguments["end_call_after_spoken"])
    return done("Say dispatched", {})


def forward_call(call: Call) -> Reply:
    """The agent announces it and leaves the talk to the person at the other number."""
    row, number = _running(call), call.arguments["phone_number"]
    if row["forwarded_to"]:
        raise conflict("The call has been forwarded already")
    calls.speak(call.records, row, "I am connecting you with a colleague now.")
    call.records.update("calls", row["uuid"], {"forwarded_to": number, "handled_by": "Human"})
    call.records.update("conversations", row["conversation_uuid"], {"responded_by": "Human"})
    return done("Forward dispatched", {})


def hangup_call(call: Call) -> Reply:
    row = _running(call)
    closing = call.arguments.get("message") or calls.goodbye(call.records, row)
    calls.end(call.records, row, "completed", call.now(), closing)
    return done("Hangup dispatched", {})


def mute_agent(call: Call) -> Reply:
    call.records.update("calls", _running(call)["uuid"], {"muted": True})
    return done("Mute dispatched", {})


def unmute_agent(call: Call) -> Reply:
    call.records.update("calls", _running(call)["uuid"], {"muted": False})
    return done("Unmute dispatched", {})


def _running(call: Call) -> JsonObject:
    """The live call of the conversation."""
    conversation = call.records.get("conversations", call.arguments["uuid"])
    rows = call.records.all("calls", conversation_uuid=conversation["uuid"])
    if not rows:
        raise conflict("The conversation is not a call")
    if rows[-1]["status"] not in calls.LIVE:
        raise conflict(f"The call is over: {rows[-1]['status']}")
    return rows[-1]
