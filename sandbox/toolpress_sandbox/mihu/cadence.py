"""When somebody may be contacted: the hours of a rule on the person's own clock, and the wait after a failure."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from toolpress_sandbox.clock import iso, parse_iso
from toolpress_sandbox.mihu.answers import refused

_YEARS = range(1970, 9999)
"""Years in which a day more or less is still a date."""


def zone(name: str | None) -> ZoneInfo | None:
    """The IANA time zone of that name, or None for one that does not exist."""
    try:
        return ZoneInfo(name) if name else None
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return None


def moment(field: str, text: str) -> str:
    """A time of a request as it is kept, which sorts by time. Raises Refusal (422) outside `_YEARS`."""
    try:
        found = parse_iso(text).astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise refused(field, "must be a time that exists") from error
    if found.year not in _YEARS:
        raise refused(field, f"must be in the years {_YEARS.start} to {_YEARS.stop - 1}")
    return iso(found)


def midnight(field: str, text: str, where: ZoneInfo) -> datetime:
    """The beginning of a day on that clock. Raises Refusal (422) outside `_YEARS`."""
    found = date.fromisoformat(text)
    if found.year not in _YEARS:
        raise refused(field, f"must be in the years {_YEARS.start} to {_YEARS.stop - 1}")
    return datetime.combine(found, time.min, where).astimezone(UTC)


def opening(moment: datetime, start: str | None, end: str | None, where: ZoneInfo) -> datetime:
    """The first moment from `moment` on that lies within the hours `start` to `end`; open where one is None."""
    local = moment.astimezone(where)
    if end is not None and local.time() >= time.fromisoformat(end):
        local = next_day(moment, where)
    if start is not None and local.time() < time.fromisoformat(start):
        local = datetime.combine(local.date(), time.fromisoformat(start), where)
    return max(moment, local.astimezone(moment.tzinfo))


def next_day(moment: datetime, where: ZoneInfo) -> datetime:
    """The midnight that ends the day of `moment` on that clock."""
    return datetime.combine(moment.astimezone(where).date() + timedelta(days=1), time.min, where)


def delay(minutes: int, strategy: str, attempts: int) -> timedelta:
    """The wait after that many attempts; `exponential` doubles it each time. Never more than a year."""
    times = 2 ** min(attempts - 1, 20) if strategy == "exponential" else 1
    return timedelta(minutes=min(minutes * times, 366 * 24 * 60))
