"""The sandbox's only source of time, so that a test can stop it and move it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta


def system_now() -> datetime:
    return datetime.now(UTC)


class Clock:
    """The time of `source` plus an offset that the control interface moves."""

    def __init__(self, source: Callable[[], datetime] = system_now) -> None:
        self._source = source
        self._offset = timedelta()

    def now(self) -> datetime:
        return self._source().astimezone(UTC) + self._offset

    def advance(self, seconds: float) -> datetime:
        self._offset += timedelta(seconds=seconds)
        return self.now()

    def set(self, moment: datetime) -> datetime:
        self._offset = moment.astimezone(UTC) - self._source().astimezone(UTC)
        return self.now()

    def reset(self) -> None:
        self._offset = timedelta()


def iso(moment: datetime) -> str:
    """UTC with milliseconds and `Z`; texts of this form sort by time."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.") + f"{moment.microsecond // 1000:03d}Z"


def parse_iso(text: str) -> datetime:
    """An aware time; a text without an offset counts as UTC. Raises ValueError."""
    moment = datetime.fromisoformat(text)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
