"""Schedules as calendars: rows and texts on one side, times of `slots` on the other."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from toolpress.contract import JsonObject
from toolpress_sandbox.clock import parse_iso
from toolpress_sandbox.mihu import slots
from toolpress_sandbox.mihu.answers import conflict, refused
from toolpress_sandbox.mihu.slots import Calendar, Span
from toolpress_sandbox.records import Records

DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
HOLDS = frozenset({"pending", "approved"})
"""States in which an appointment takes its time."""
_YEARS = range(1970, 9999)
"""Years in which a day more or less is still a date."""
_OFFICE = [{"day": day, "enabled": True, "intervals": [{"start": "09:00", "end": "17:00"}]} for day in DAYS[:5]]


def hours_of(records: Records, schedule: JsonObject) -> JsonObject:
    """`{timezone, days}` with all seven days; a schedule without hours of its own has those of an office."""
    own: JsonObject = schedule.get("working_hours") or {}
    given = {row["day"]: row for row in own.get("days", _OFFICE)}
    closed: JsonObject = {"enabled": False, "intervals": []}
    return {
        "timezone": own.get("timezone") or records.get("tenants", records.tenant)["timezone"],
        "days": [{"day": day, **given.get(day, closed)} for day in DAYS],
    }


def calendar_of(records: Records, schedule: JsonObject) -> Calendar:
    hours = hours_of(records, schedule)
    return Calendar(
        zone=ZoneInfo(hours["timezone"]),
        hours={
            number: tuple(
                (time.fromisoformat(row["start"]), time.fromisoformat(row["end"])) for row in day["intervals"]
            )
            for number, day in enumerate(hours["days"])
            if day["enabled"]
        },
        days_off=tuple(
            (date.fromisoformat(row["start_date"]), date.fromisoformat(row["end_date"])) for row in schedule["days_off"]
        ),
        gap=timedelta(minutes=_type(records, schedule)["buffer_minutes"]),
    )


def length_of(records: Records, schedule: JsonObject) -> timedelta:
    """The usual length of an appointment."""
    return timedelta(minutes=_type(records, schedule)["duration_minutes"])


def taken(records: Records, schedule_uuid: str, besides: str | None = None) -> list[Span]:
    """What is booked, without the appointment `besides`."""
    rows = records.all("appointments", schedule_uuid=schedule_uuid)
    return [span_of(row) for row in rows if row["status"] in HOLDS and row["uuid"] != besides]


def require_open(records: Records, schedule: JsonObject, span: Span) -> None:
    """Raises Refusal (422) for a time that is over or outside opening hours."""
    require_ahead(records, span)
    if not slots.is_open(calendar_of(records, schedule), span):
        raise refused("start_time", "is outside the opening hours of the schedule")


def require_ahead(records: Records, span: Span) -> None:
    if span.start < records.clock.now():
        raise refused("start_time", "must not be in the past")


def require_free(records: Records, schedule: JsonObject, span: Span, besides: str | None = None) -> None:
    """Raises Refusal (409) when another appointment holds the time, or its gap."""
    if not slots.is_free(calendar_of(records, schedule), span, taken(records, schedule["uuid"], besides)):
        raise conflict("Another appointment holds this time", field="start_time")


def named_schedule(records: Records, uuid: str) -> JsonObject:
    """The schedule that a body names. Raises Refusal (422)."""
    schedule = records.find("schedules", uuid)
    if schedule is None:
        raise refused("schedule_uuid", "is no schedule")
    return schedule


def require_contact(records: Records, uuid: str) -> None:
    """Raises Refusal (422) when the contact that a body names is not there."""
    if records.find("contacts", uuid) is None:
        raise refused("contact_uuid", "is no contact")


def span_of(row: JsonObject) -> Span:
    return Span(parse_iso(row["start_time"]), parse_iso(row["end_time"]))


def span(start: datetime, end: datetime) -> Span:
    """Raises Refusal (422) when it ends before it begins."""
    if end <= start:
        raise refused("end_time", "must be after start_time")
    return Span(start, end)


def moment(field: str, text: str) -> datetime:
    """A time of a request, in UTC. Raises Refusal (422) for one that does not exist."""
    try:
        found = parse_iso(text).astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise refused(field, "must be a time that exists") from error
    _require_year(field, found)
    return found


def day(field: str, text: str) -> date:
    """A day of a request. Raises Refusal (422) for one too far away to be counted from."""
    found = date.fromisoformat(text)
    _require_year(field, found)
    return found


def stamp(moment: datetime) -> str:
    """UTC with microseconds, as this product writes the times of appointments."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def on_days(records: Records, rows: list[JsonObject], given: JsonObject) -> list[JsonObject]:
    """Rows that begin from `start_date` to `end_date` on the clocks of their schedules, earliest first."""
    first, last = (day(name, given[name]) if name in given else None for name in ("start_date", "end_date"))
    zones = {row["uuid"]: ZoneInfo(hours_of(records, row)["timezone"]) for row in records.all("schedules")}
    kept = []
    for row in rows:
        begins = parse_iso(row["start_time"]).astimezone(zones.get(row["schedule_uuid"]) or UTC).date()
        if (first is None or begins >= first) and (last is None or begins <= last):
            kept.append(row)
    return sorted(kept, key=lambda row: parse_iso(row["start_time"]))


def _type(records: Records, schedule: JsonObject) -> JsonObject:
    return records.get("availability_types", schedule["availability_type_uuid"])


def _require_year(field: str, found: date) -> None:
    if found.year not in _YEARS:
        raise refused(field, f"must be in the years {_YEARS.start} to {_YEARS.stop - 1}")
