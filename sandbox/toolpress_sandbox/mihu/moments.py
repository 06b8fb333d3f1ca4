"""Times and days as requests give them, and the clocks of time zones."""

from __future__ import annotations

from datetime import UTC, date, datetime
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


def moment(field: str, text: str) -> datetime:
    """A time of a request, in UTC. Raises Refusal (422) for one that does not exist or is too far away."""
    try:
        found = parse_iso(text).astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise refused(field, "must be a time that exists") from error
    _require_year(field, found)
    return found


def kept(field: str, text: str) -> str:
    """The same as rows keep it: such texts sort by time."""
    return iso(moment(field, text))


def day(field: str, text: str) -> date:
    """A day of a request. Raises Refusal (422) for one too far away to be counted from."""
    found = date.fromisoformat(text)
    _require_year(field, found)
    return found


def _require_year(field: str, found: date) -> None:
    if found.year not in _YEARS:
        raise refused(field, f"must be in the years {_YEARS.start} to {_YEARS.stop - 1}")
