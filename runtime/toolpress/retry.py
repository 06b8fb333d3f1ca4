"""When a read is sent again, and how long to wait before it; nothing here waits."""

from __future__ import annotations

import re
from datetime import UTC
from email.utils import parsedate_to_datetime

RETRY_STATUSES = frozenset({429, 502, 503, 504})
_BASE_S = 0.25
_CAP_S = 8.0
_SECONDS = re.compile(r"\d{1,9}(?:\.\d{1,6})?")


def backoff_s(attempt: int, chance: float) -> float:
    """Seconds before the retry number `attempt` (from 0): exponential, the upper half drawn by `chance` in [0, 1)."""
    ceiling = min(_CAP_S, _BASE_S * 2.0**attempt)
    return ceiling / 2 + ceiling / 2 * chance


def retry_after_s(value: str | None, now: float) -> float | None:
    """Seconds that a Retry-After header asks for (a number or an HTTP date against `now`, a POSIX time)."""
    if value is None:
        return None
    text = value.strip()
    if _SECONDS.fullmatch(text):
        return float(text)
    try:
        moment = parsedate_to_datetime(text)
    except ValueError:
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return max(0.0, moment.timestamp() - now)
