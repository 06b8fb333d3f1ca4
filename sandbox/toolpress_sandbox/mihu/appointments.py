"""Appointments: a time is held once, inside opening hours; what is cancelled gives it free."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta

from toolpress.contract import JsonObject
from toolpress_sandbox.calls import Call
from toolpress_sandbox.mihu import calendars, slots
from toolpress_sandbox.mihu.answers import done, listed, refused
from toolpress_sandbox.mihu.calendars import HOLDS, moment, stamp
from toolpress_sandbox.mihu.slots import Span
from toolpress_sandbox.records import Records
from toolpress_sandbox.replies import Reply

_FILTERS = ("schedule_uuid", "contact_uuid", "status")
_LONGEST = timedelta(days=92)


def get_available_slots(call: Call) -> Reply:
    records, given = call.records, call.arguments
    schedule = records.get("schedules", given["uuid"])
    calendar = calendars.calendar_of(records, schedule)
    clock = slots.zone(given["timezone"]) if "timezone" in given else calendar.zone
    if clock is None:
        raise refused("timezone", "must be an IANA time zone")
    first = calendars.day("start_date", given["start_date"])
    last = calendars.day("end_date", given["end_date"]) if "end_date" in given else first
    if not timedelta() <= last - first <= _LONGEST:
        raise refused("end_date", f"must be start_date or at most {_LONGEST.days} days after it")
    begin, end = (datetime.combine(day, time(), clock).astimezone(UTC) for day in (first, last + timedelta(days=1)))
    usual = calendars.length_of(records, schedule)
    length = timedelta(minutes=given["duration_minutes"]) if "duration_minutes" in given else usual
    found = slots.free(calendar, Span(max(begin, call.now()), end), length, calendars.taken(records, schedule["uuid"]))
    rows: list[JsonObject] = [
        {
            "start_time": slot.start.astimezone(clock).isoformat(),
            "end_time": slot.end.astimezone(clock).isoformat(),
            "schedule_uuid": schedule["uuid"],
            "available": True,
        }
        for slot in found
    ]
    return done("Available slots retrieved successfully", rows)


def list_appointments(call: Call) -> Reply:
    wanted = {name: call.arguments[name] for name in _FILTERS if name in call.sent}
    rows = calendars.on_days(call.records, call.records.all("appointments", **wanted), call.arguments)
    return listed(call, "Appointments retrieved successfully", rows, as_shown, "plain")


def book_appointment(call: Call) -> Reply:
    records, given = call.records, call.arguments
    schedule = calendars.named_schedule(records, given["schedule_uuid"])
    if "contact_uuid" in given:
        calendars.require_contact(records, given["contact_uuid"])
    span = calendars.span(moment("start_time", given["start_time"]), moment("end_time", given["end_time"]))
    calendars.require_open(records, schedule, span)
    answers = given.get("custom_answers") or {}
    for question in schedule["custom_questions"]:
        if question["required"] and not answers.get(question["name"]):
            raise refused(f"custom_answers.{question['name']}", "is required by the schedule")
    if given["status"] in HOLDS:
        calendars.require_free(records, schedule, span)
    return done("Appointment created successfully", as_shown(insert(records, given, span)))


def get_appointment(call: Call) -> Reply:
    row = call.records.get("appointments", call.arguments["uuid"])
    return done("Appointment retrieved successfully", as_shown(row))


def update_appointment(call: Call) -> Reply:
    records, changes = call.records, call.changes()
    row = records.get("appointments", call.arguments["uuid"])
    before = calendars.span_of(row)
    span = calendars.span(
        moment("start_time", changes["start_time"]) if "start_time" in changes else before.start,
        moment("end_time", changes["end_time"]) if "end_time" in changes else before.end,
    )
    if span != before:
        changes |= {"start_time": stamp(span.start), "end_time": stamp(span.end)}
        calendars.require_open(records, calendars.named_schedule(records, row["schedule_uuid"]), span)
    return _changed(records, row, changes)


def update_appointment_status(call: Call) -> Reply:
    row = call.records.get("appointments", call.arguments["uuid"])
    return _changed(call.records, row, call.changes())


def insert(records: Records, members: JsonObject, span: Span) -> JsonObject:
    """A new row; whether the time is open and free has been looked at."""
    return records.insert("appointments", {**members, "start_time": stamp(span.start), "end_time": stamp(span.end)})


def as_shown(row: JsonObject) -> JsonObject:
    return {**row, **{name: stamp(calendars.moment(name, row[name])) for name in ("start_time", "end_time")}}


def _changed(records: Records, row: JsonObject, changes: JsonObject) -> Reply:
    """Kept, unless it would then hold a time that it does not hold now and another one does."""
    after = {**row, **changes}
    moved, held = calendars.span_of(after) != calendars.span_of(row), row["status"] in HOLDS
    if after["status"] in HOLDS and (moved or not held):
        schedule = records.find("schedules", row["schedule_uuid"])
        if schedule is not None:
            calendars.require_free(records, schedule, calendars.span_of(after), besides=row["uuid"])
    row = records.update("appointments", row["uuid"], changes)
    return done("Appointment updated successfully", as_shown(row))
