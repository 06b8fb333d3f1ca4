"""When somebody may be contacted: the hours of a rule on the person's own clock, and the wait after a failure."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

from toolpress_sandbox.mihu import moments


def midnight(field: str, text: str, where: ZoneInfo) -> datetime:
    """The beginning of a day on that clock. Raises Refusal (422) for a day too far away."""
    return datetime.combine(moments.day(field, text), time.min, where).astimezone(UTC)


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
