"""Schedules: what they refer to must exist, their week must make sense, and nobody is left without a calendar."""

from __future__ import annotations

from datetime import time
from itertools import pairwise

from toolpress.contract import JsonObject
from toolpress_sandbox.calls import Call, shown
from toolpress_sandbox.mihu import calendars, slots
from toolpress_sandbox.mihu.answers import conflict, done, refused
from toolpress_sandbox.mihu.numbering import next_number
from toolpress_sandbox.replies import Reply


def delete_availability_type(call: Call) -> Reply:
    row = call.records.get("availability_types", call.arguments["uuid"])
    if call.records.all("schedules", availability_type_uuid=row["uuid"]):
        raise conflict("Availability type is used by a schedule")
    call.records.remove("availability_types", row["uuid"])
    return done("Availability type deleted successfully")


def create_schedule(call: Call) -> Reply:
    row = {"id": next_number(call.records, "schedules"), **_checked(call, call.arguments)}
    return _answer(call, "Schedule created successfully", call.records.insert("schedules", row))


def update_schedule(call: Call) -> Reply:
    row = call.records.get("schedules", call.arguments["uuid"])
    row = call.records.update("schedules", row["uuid"], _checked(call, call.changes()))
    return _answer(call, "Schedule updated successfully", row)


def delete_schedule(call: Call) -> Reply:
    """Past appointments outlive it."""
    records = call.records
    row = records.get("schedules", call.arguments["uuid"])
    if any(span.end > call.now() for span in calendars.taken(records, row["uuid"])):
        raise conflict("Schedule has appointments ahead")
    if records.all("appointment_requests", schedule_uuid=row["uuid"], status="pending"):
        raise conflict("Schedule has pending appointment requests")
    records.remove("schedules", row["uuid"])
    return done("Schedule deleted successfully")


def get_schedule_working_hours(call: Call) -> Reply:
    row = call.records.get("schedules", call.arguments["uuid"])
    return done("Working hours retrieved successfully", _week(call, row))


def replace_schedule_working_hours(call: Call) -> Reply:
    row = call.records.get("schedules", call.arguments["uuid"])
    timezone = call.arguments.get("timezone") or calendars.hours_of(call.records, row)["timezone"]
    if slots.zone(timezone) is None:
        raise refused("timezone", "must be an IANA time zone")
    days = [_day(f"days.{index}", given) for index, given in enumerate(call.arguments["days"])]
    for index, given in enumerate(days):
        if any(given["day"] == other["day"] for other in days[:index]):
            raise refused(f"days.{index}.day", "is given twice")
    row = call.records.update("schedules", row["uuid"], {"working_hours": {"timezone": timezone, "days": days}})
    return done("Working hours updated successfully", _week(call, row))


def _checked(call: Call, given: JsonObject) -> JsonObject:
    """The members as they are kept. Raises Refusal (422) for what does not exist."""
    records = call.records
    wanted = given.get("availability_type_uuid")
    if wanted and records.find("availability_types", wanted) is None:
        raise refused("availability_type_uuid", "is no availability type")
    for index, uuid in enumerate(given.get("ai_agents", ())):
        if records.find("agents", uuid) is None:
            raise refused(f"ai_agents.{index}", "is no agent")
    if "custom_questions" not in given:
        return given
    blank: JsonObject = {"type": "text", "required": False, "description": None}
    questions = [{**blank, **question} for question in given["custom_questions"]]
    names = [question["name"] for question in questions]
    if len(set(names)) < len(names):
        raise refused("custom_questions", "must not have one name twice")
    return {**given, "custom_questions": questions}


def _day(path: str, given: JsonObject) -> JsonObject:
    """One day of the week, its hours in order. Raises Refusal (422) when they make no sense."""
    intervals = sorted(given.get("intervals", ()), key=lambda interval: str(interval["start"]))
    for interval in intervals:
        if time.fromisoformat(interval["end"]) <= time.fromisoformat(interval["start"]):
            raise refused(f"{path}.intervals", "must end after they begin")
    if any(later["start"] < earlier["end"] for earlier, later in pairwise(intervals)):
        raise refused(f"{path}.intervals", "must not overlap")
    return {"day": given["day"], "enabled": given.get("enabled", True), "intervals": intervals}


def _week(call: Call, row: JsonObject) -> JsonObject:
    return {**calendars.hours_of(call.records, row), "days_off": row["days_off"]}


def _answer(call: Call, message: str, row: JsonObject) -> Reply:
    return done(message, shown(call.records.collection("schedules"), row))
