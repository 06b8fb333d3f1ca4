"""Cron expressions of five fields: minute, hour, day of month, month, day of week (0 and 7 are Sunday)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

_BOUNDS = ((0, 59), (0, 23), (1, 31), (1, 12), (0, 7))
_HORIZON_DAYS = 366 * 4


def parse_cron(text: str) -> tuple[frozenset[int], ...]:
    """The allowed values of each field. Raises ValueError."""
    fields = text.split()
    if len(fields) != len(_BOUNDS):
        raise ValueError("must have five fields: minute hour day month weekday")
    parsed = [_values(field, low, high) for field, (low, high) in zip(fields, _BOUNDS, strict=True)]
    parsed[4] = frozenset(day % 7 for day in parsed[4])
    return tuple(parsed)


def zone(name: str) -> ZoneInfo:
    """Raises ValueError for a name that is no IANA time zone."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise ValueError("is not a known time zone") from error


def next_run(text: str, timezone: str, after: datetime) -> datetime | None:
    """The first moment after `after` that the expression names, in UTC; None when there is none in four years."""
    minutes, hours, days, months, weekdays = parse_cron(text)
    any_day, any_weekday = len(days) == 31, len(weekdays) == 7
    local = after.astimezone(zone(timezone))
    first = local.date()
    for step in range(_HORIZON_DAYS):
        day = first + timedelta(days=step)
        weekday = day.isoweekday() % 7
        # As in cron: with both day fields restricted, either one suffices.
        by_day, by_weekday = day.day in days, weekday in weekdays
        fits = (by_day or by_weekday) if not any_day and not any_weekday else (by_day and by_weekday)
        if day.month not in months or not fits:
            continue
        for hour in sorted(hours):
            for minute in sorted(minutes):
                moment = datetime(day.year, day.month, day.day, hour, minute, tzinfo=local.tzinfo)
                if moment > local:
                    return moment.astimezone(UTC)
    return None


def _values(field: str, low: int, high: int) -> frozenset[int]:
    values: set[int] = set()
    for part in field.split(","):
        span, _, step = part.partition("/")
        start, dash, end = span.partition("-")
        if span == "*":
            first, last = low, high
        elif start.isdigit() and (not dash or end.isdigit()):
            first = int(start)
            last = int(end) if dash else (high if step else first)
        else:
            raise ValueError(f"has an unreadable field {field!r}")
        if not low <= first <= last <= high or (step and (not step.isdigit() or int(step) < 1)):
            raise ValueError(f"has a field out of range: {field!r}")
        values.update(range(first, last + 1, int(step or 1)))
    return frozenset(values)
