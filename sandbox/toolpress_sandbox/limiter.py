"""Requests a minute per key. Off until the control interface switches it on, so that tests do not trip over it."""

from __future__ import annotations

from toolpress_sandbox.auth import Caller
from toolpress_sandbox.clock import Clock
from toolpress_sandbox.replies import Refusal

WINDOW_S = 60


class Limiter:
    """Counts in whole clock minutes. `rpm` overrides the keys' own limits."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._counts: dict[tuple[str, int], int] = {}
        self.enabled = False
        self.rpm: int | None = None

    def set(self, *, enabled: bool, rpm: int | None = None) -> None:
        self.enabled, self.rpm = enabled, rpm
        self._counts.clear()

    def admit(self, caller: Caller) -> dict[str, str]:
        """Count one request and give the headers that tell what is left. Raises 429 RATE_LIMITED."""
        limit = self.rpm or caller.key.get("rate_limit_per_minute")
        if not self.enabled or not limit:
            return {}
        now = int(self._clock.now().timestamp())
        window = now - now % WINDOW_S
        self._counts = {slot: count for slot, count in self._counts.items() if slot[1] == window}
        used = self._counts.get((caller.key_id, window), 0) + 1
        self._counts[caller.key_id, window] = used
        headers = {
            "X-RateLimit-Limit": str(limit),
            "X-RateLimit-Remaining": str(max(0, int(limit) - used)),
            "X-RateLimit-Reset": str(window + WINDOW_S),
        }
        if used > int(limit):
            wait = window + WINDOW_S - now
            headers["Retry-After"] = str(wait)
            raise Refusal(429, "RATE_LIMITED", f"Too many requests; wait {wait} s", headers=headers)
        return headers
