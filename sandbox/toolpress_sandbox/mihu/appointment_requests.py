"""Appointment requests: pending until they are accepted, declined or withdrawn, once."""

from __future__ import annotations

from typing import Any

from toolpress.contract import JsonObject
from toolpress_sandbox.calls import Call
from toolpress_sandbox.mihu import appointments, calendars
from toolpress_sandbox.mihu.answers import conflict, done, listed, refused
from toolpress_sandbox.mihu.calendars import moment, stamp
from toolpress_sandbox.mihu.numbering import next_number
from toolpress_sandbox.records import Records
from toolpress_sandbox.replies import Reply

_SHORT = ("id", "uuid", "title", "status", "start_time", "end_time")
_BOTH = (*_SHORT, "description", "notes")
_DECISION = ("approval_note", "rejection_reason", "approved_at", "rejected_at")


def list_appointment_requests(call: Call) -> Reply:
    wanted = {name: call.arguments[name] for name in ("status", "schedule_uuid") if name in call.sent}
    rows = calendars.on_days(call.records, call.records.all("appointment_requests", **wanted), call.arguments)
    return listed(call, "", rows, lambda row: _in_list(call.records, row), "plain")


def create_appointment_request(call: Call) -> Reply:
    records, given = call.records, call.arguments
    schedule = calendars.named_schedule(records, given["schedule_uuid"])
    start = moment("start_time", given["start_time"])
    end = (
        moment("end_time", given["end_time"]) if "end_time" in given else start + calendars.length_of(records, schedule)
    )
    span = calendars.span(start, end)
    calendars.require_ahead(records, span)
    row: JsonObject = {
        "id": next_number(records, "appointment_requests"),
        **{name: given[name] for name in ("schedule_uuid", "title", "description", "notes") if name in given},
        "start_time": stamp(span.start),
        "end_time": stamp(span.end),
        "contact_uuid": _contact(records, given),
    }
    row = records.insert("appointment_requests", row)
    return done("Appointment request created successfully", _times(row, _SHORT))


def get_appointment_request(call: Call) -> Reply:
    row = call.records.get("appointment_requests", call.arguments["uuid"])
    return done("Appointment request retrieved successfully", _whole(call.records, row))


def cancel_appointment_request(call: Call) -> Reply:
    return _decided(call, _pending(call), "cancelled")


def approve_appointment_request(call: Call) -> Reply:
    """A person may accept a time outside opening hours, but none that is held already."""
    records, row = call.records, _pending(call)
    span = calendars.span_of(row)
    calendars.require_free(records, records.get("schedules", row["schedule_uuid"]), span)
    members = {name: row[name] for name in ("schedule_uuid", "contact_uuid", "title", "description", "notes")}
    appointment = appointments.insert(records, members, span)
    return _decided(call, row, "approved", approved_at=records.now(), appointment_uuid=appointment["uuid"])


def reject_appointment_request(call: Call) -> Reply:
    return _decided(call, _pending(call), "rejected", rejected_at=call.records.now())


def _pending(call: Call) -> JsonObject:
    row = call.records.get("appointment_requests", call.arguments["uuid"])
    if row["status"] != "pending":
        raise conflict(f"Appointment request is {row['status']}; only a pending one can be decided", field="status")
    return row


def _decided(call: Call, row: JsonObject, status: str, **members: Any) -> Reply:
    changes = {**call.changes(), "status": status, **members}
    row = call.records.update("appointment_requests", row["uuid"], changes)
    return done(f"Appointment request {status} successfully", _whole(call.records, row))


def _contact(records: Records, given: JsonObject) -> str:
    """Whom it is for: named, found by email, or made. Raises Refusal (422)."""
    if "contact_uuid" in given:
        calendars.require_contact(records, given["contact_uuid"])
        return str(given["contact_uuid"])
    for name in ("contact_name", "contact_email"):
        if name not in given:
            raise refused(name, "is required without contact_uuid")
    email = given["contact_email"]
    for contact in records.all("contacts"):
        if str(contact["email"]).casefold() == email.casefold():
            return str(contact["uuid"])
    phone = "".join(sign for sign in given.get("contact_phone", "") if sign.isdigit() or sign == "+")
    person = {"name": given["contact_name"], "surname": given.get("contact_surname", "")}
    return str(records.insert("contacts", {**person, "email": email, "phone_number": phone})["uuid"])


def _times(row: JsonObject, members: tuple[str, ...]) -> JsonObject:
    return {name: value for name, value in appointments.as_shown(row).items() if name in members}


def _in_list(records: Records, row: JsonObject) -> JsonObject:
    schedule = records.find("schedules", row["schedule_uuid"])
    contact = records.find("contacts", row["contact_uuid"])
    person = ("uuid", "name", "surname", "email", "phone_number")
    return {
        **_times(row, _BOTH),
        "schedule": schedule and {"id": schedule["id"], "name": schedule["name"]},
        "contact": contact and {name: contact[name] for name in person},
        "created_at": row["created_at"],
    }


def _whole(records: Records, row: JsonObject) -> JsonObject:
    found = row["appointment_uuid"] and records.find("appointments", row["appointment_uuid"])
    appointment = appointments.as_shown(found) if found else None
    return {**_times(row, (*_BOTH, *_DECISION)), "appointment": appointment}
