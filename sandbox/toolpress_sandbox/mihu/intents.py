"""Intents of an agent; what one sets off is in `intent_events`."""

from __future__ import annotations

import re
import unicodedata

from toolpress.contract import JsonObject
from toolpress_sandbox.calls import Call, shown
from toolpress_sandbox.mihu import procedures
from toolpress_sandbox.mihu.answers import done, refused
from toolpress_sandbox.replies import Reply

INTENTS = "agent_intents"
_PARAMETER: JsonObject = {"default": None, "type": "string", "required": False}


def list_agent_intents(call: Call) -> Reply:
    agent = call.records.get("agents", call.arguments["uuid"])
    rows = call.records.all(INTENTS, agent_uuid=agent["agent_uuid"])
    return done("Intents retrieved successfully", [_shown(call, row) for row in rows])


def get_agent_intent(call: Call) -> Reply:
    return done("Intent retrieved successfully", _shown(call, of(call)))


def add_agent_intent(call: Call) -> Reply:
    agent = call.records.get("agents", call.arguments["uuid"])
    row = {**_members(call, None), "agent_uuid": agent["agent_uuid"]}
    return Reply({"data": _shown(call, call.records.insert(INTENTS, row))})


def update_agent_intent(call: Call) -> Reply:
    intent = of(call)
    changed = call.records.update(INTENTS, intent["intent_uuid"], _members(call, intent))
    return Reply({"data": _shown(call, changed)})


def delete_agent_intent(call: Call) -> Reply:
    """Its action goes with it; steps that fired it stay without it."""
    intent = of(call)
    if intent["is_system"]:
        raise refused("intentUuid", "is a system intent")
    call.records.remove(INTENTS, intent["intent_uuid"])
    agent = call.records.get("agents", intent["agent_uuid"])
    left = procedures.refired(agent["procedures"], {intent["intent_uuid"]: None})
    if left != agent["procedures"]:
        call.records.update("agents", agent["agent_uuid"], {"procedures": left})
    return done("Intent deleted successfully")


def of(call: Call) -> JsonObject:
    """The intent that the path names."""
    agent = call.records.get("agents", call.arguments["uuid"])
    return call.records.get(INTENTS, call.arguments["intentUuid"], agent_uuid=agent["agent_uuid"])


def _members(call: Call, intent: JsonObject | None) -> JsonObject:
    """What was sent as the intent keeps it; the key is made from the name unless it was sent."""
    members = call.changes()
    members["key"] = members.get("key") or _slug(members["name"])
    for other in call.records.all(INTENTS, agent_uuid=call.arguments["uuid"], key=members["key"]):
        if intent is None or other["intent_uuid"] != intent["intent_uuid"]:
            raise refused("key", "is the key of another intent of this agent")
    if "parameters" in members:
        members["parameters"] = [{**_PARAMETER, **parameter} for parameter in members["parameters"]]
    if "webhook" in members:
        before = (intent and intent["webhook"]) or {"auth_token": None}
        members["webhook"] = {**before, **members["webhook"]}
        if "url" not in members["webhook"]:
            raise refused("webhook.url", "is required")
    return members


def _slug(name: str) -> str:
    """`Book Appointment` becomes `book_appointment`."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]+", "_", plain).strip("_") or "intent"


def _shown(call: Call, row: JsonObject) -> JsonObject:
    return shown(call.records.collection(INTENTS), row)
