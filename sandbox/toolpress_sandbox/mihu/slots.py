"""The free times of a calendar: weekly hours on its own clock, days off, and what is booked. No rows in here.

Hours are wall-clock times; lengths and gaps are counted in real time, so a day on which the clock changes has an hour
more or less.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

Hours = tuple[tuple[time, time], ...]


@dataclass(frozen=True, slots=True)
class Span:
    """A stretch of time in UTC, its end not included."""

    start: datetime
    end: datetime

    def touches(self, other: Span, gap: timedelta) -> bool:
        """Whether they overlap, or follow each other by less than `gap`."""
        return self.start < other.end + gap and other.start < self.end + gap


@dataclass(frozen=True, slots=True)
class Calendar:
    """`hours` by day of the week, Monday as 0, sorted and without overlap; `days_off` are first and last days."""

    zone: ZoneInfo
    hours: Mapping[int, Hours]
    days_off: tuple[tuple[date, date], ...]
    gap: timedelta
    """What stays free after each booking."""


def zone(name: str) -> ZoneInfo | None:
    """The IANA time zone of that name, or None."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return None


def opening(calendar: Calendar, day: date) -> list[Span]:
    """When the calendar is open on a day of its clock; hours that follow each other are one."""
    if any(first <= day <= last for first, last in calendar.days_off):
        return []
    spans: list[Span] = []
    for start, end in calendar.hours.get(day.weekday(), ()):
        span = Span(_moment(calendar, day, start), _moment(calendar, day, end))
        if spans and spans[-1].end == span.start:
            spans[-1] = Span(spans[-1].start, span.end)
        else:
            spans.append(span)
    return spans


def is_open(calendar: Calendar, span: Span) -> bool:
    """Whether the calendar is open all the while."""
    day = span.start.astimezone(calendar.zone).date()
    return any(hours.start <= span.start and span.end <= hours.end for hours in opening(calendar, day))


def is_free(calendar: Calendar, span: Span, taken: Iterable[Span]) -> bool:
    return not any(span.touches(other, calendar.gap) for other in taken)


def free(calendar: Calendar, window: Span, length: timedelta, taken: Iterable[Span]) -> Iterator[Span]:
    """Slots of that length which begin in the window: from each opening on, a gap after each."""
    booked = tuple(taken)
    day, last = (moment.astimezone(calendar.zone).date() for moment in (window.start, window.end))
    while day <= last:
        for hours in opening(calendar, day):
            start = hours.start
            while start + length <= hours.end:
                slot = Span(start, start + length)
                if window.start <= start < window.end and is_free(calendar, slot, booked):
                    yield slot
                start += length + calendar.gap
        day += timedelta(days=1)


def _moment(calendar: Calendar, day: date, at: time) -> datetime:
    return datetime.combine(day, at, calendar.zone).astimezone(UTC)
