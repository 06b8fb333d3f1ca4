"""Agents: made, changed, copied and deleted with everything that is theirs."""

from __future__ import annotations

import copy

from toolpress.contract import JsonObject
from toolpress_sandbox.calls import Call
from toolpress_sandbox.mihu import procedures, research, sections, voice_settings
from toolpress_sandbox.mihu.answers import done, refused
from toolpress_sandbox.records import Records
from toolpress_sandbox.replies import Reply

_OWNED = ("agent_channels", "agent_intents", "agent_webhooks", "evaluate_settings", "pbx_extension_connectors")
"""Collections whose rows go with their agent."""

_NEW_IN_A_COPY = ("agent_uuid", "intent_uuid", "created_at", "updated_at")
_RULES_OF_AN_ASSIGNMENT = ("slot_rules", "rescheduling", "cancellation", "questions", "approval")


def create_agent(call: Call) -> Reply:
    return done("Agent created successfully", _make(call, call.arguments))


def create_agent_from_website(call: Call) -> Reply:
    members, analysis = research.website(call)
    return done("Agent created successfully", {"agent": _make(call, members), "additional_analysis": analysis})


def update_agent(call: Call) -> Reply:
    agent = call.records.get("agents", call.arguments["uuid"])
    _check_parts(call, agent["agent_uuid"], call.changes())
    agent = call.records.update("agents", agent["agent_uuid"], _members(call.records, agent, call.changes()))
    return done("Agent updated successfully", agent)


def delete_agent(call: Call) -> Reply:
    """Conversations and calls stay; schedules lose the agent."""
    records, uuid = call.records, call.records.remove("agents", call.arguments["uuid"])["agent_uuid"]
    for collection in _OWNED:
        id_field = records.collection(collection).id_field
        for row in records.all(collection, agent_uuid=uuid):
            records.remove(collection, row[id_field])
    for schedule in records.all("schedules"):
        if uuid in schedule["ai_agents"]:
            left = [other for other in schedule["ai_agents"] if other != uuid]
            records.update("schedules", schedule["uuid"], {"ai_agents": left})
    return done("Agent deleted successfully")


def duplicate_agent(call: Call) -> Reply:
    """A copy has the intents of the original, their actions as drafts, and no channels."""
    records = call.records
    agent = records.get("agents", call.arguments["uuid"])
    twin = records.new_id()
    intents: dict[str, str | None] = {}
    for intent in records.all("agent_intents", agent_uuid=agent["agent_uuid"]):
        event = intent["event"] and {**intent["event"], "status": "draft"}
        made = records.insert("agent_intents", {**_copy(intent), "agent_uuid": twin, "event": event})
        intents[intent["intent_uuid"]] = made["intent_uuid"]
    rows = sections.copied(records, agent)
    rows["procedures"] = procedures.refired(rows["procedures"], intents)
    name = call.arguments.get("name", f"{agent['name']} (copy)")
    copied = records.insert("agents", {**_copy(agent), **rows, "agent_uuid": twin, "name": name})
    return done("Agent duplicated successfully", copied)


def replace_agent_appointment_settings(call: Call) -> Reply:
    agent = call.records.get("agents", call.arguments["uuid"])
    changes = _members(call.records, agent, {"appointments": call.changes()}, at="")
    return Reply({"data": call.records.update("agents", agent["agent_uuid"], changes)})


def _make(call: Call, given: JsonObject) -> JsonObject:
    """A new agent speaks the workspace's language, and has the intents that every agent has."""
    records, uuid = call.records, call.records.new_id()
    _check_parts(call, uuid, given)
    defaults = copy.deepcopy(records.collection("agents").defaults)
    language = str(given.get("language", call.tenant["language"]))
    agent = {
        **defaults,
        "agent_uuid": uuid,
        "language": language,
        "timezone": call.tenant["timezone"],
        "settings": voice_settings.fresh(records, given["name"], given.get("company_name"), language),
    }
    agent = records.insert("agents", {**agent, **_members(records, agent, given)})
    for intent in call.settings["system_intents"]:
        records.insert("agent_intents", {**intent, "agent_uuid": agent["agent_uuid"]})
    return agent


def _check_parts(call: Call, uuid: str, given: JsonObject) -> None:
    """Sections, booking and voice settings hold what the tools of their own take. Raises Refusal."""

    def check(tool: str, part: JsonObject, at: str = "") -> None:
        call.checker.arguments(call.definition.operations[tool], {"uuid": uuid, **part}, at)

    for name in sections.SECTIONS:
        if name in given:
            check(f"replace_agent_{name}", {name: given[name]})
    if "appointments" in given:
        check("replace_agent_appointment_settings", given["appointments"], "appointments.")
    voice = given.get("settings", {}).get("voice")
    for group in voice_settings.GROUPS if isinstance(voice, dict) else ():
        if isinstance(voice.get(group), dict):
            check(f"update_agent_{group}", voice[group], f"settings.voice.{group}.")


def _members(records: Records, agent: JsonObject, given: JsonObject, at: str = "appointments.") -> JsonObject:
    """What was given as the agent keeps it: sections as rows, settings put over the old ones."""
    kept = dict(given)
    for name in sections.SECTIONS:
        if name in given:
            kept[name] = sections.made(records, agent["agent_uuid"], name, given[name])
    if "settings" in given:
        kept["settings"] = voice_settings.merged(records, agent["settings"], given["settings"])
    booking = _booking(records, given["appointments"], at) if "appointments" in given else agent["appointments"]
    enabled = given.get("appointment_scheduling_enabled", booking["enabled"])
    randomly = given.get("appointment_scheduling_randomly", booking["random_assignment"])
    return {
        **kept,
        "appointments": {**booking, "enabled": enabled, "random_assignment": randomly},
        "appointment_scheduling_enabled": enabled,
        "appointment_scheduling_randomly": randomly,
    }


def _booking(records: Records, given: JsonObject, at: str) -> JsonObject:
    """Booking settings as a whole; every schedule exists and stands once."""
    assignments: list[JsonObject] = []
    for index, item in enumerate(given.get("schedule_assignments", ())):
        schedule = records.find("schedules", item["schedule_uuid"])
        member = f"{at}schedule_assignments.{index}.schedule_uuid"
        if schedule is None:
            raise refused(member, "is not a schedule of this workspace")
        if any(other["schedule_uuid"] == item["schedule_uuid"] for other in assignments):
            raise refused(member, "stands twice")
        empty: JsonObject = {name: {} for name in _RULES_OF_AN_ASSIGNMENT}
        assignments.append({"name": schedule["name"], "description": "", **empty, **item})
    return {
        "enabled": given.get("enabled", False),
        "random_assignment": given.get("random_assignment", False),
        "schedule_assignments": assignments,
    }


def _copy(row: JsonObject) -> JsonObject:
    return {name: value for name, value in row.items() if name not in _NEW_IN_A_COPY}
