"""Token buckets, counted in this process: each replica of a server allows as much by itself."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from ipaddress import IPv6Address, ip_address, ip_network


@dataclass(frozen=True, slots=True)
class Rate:
    """So many at once, and then so many a second."""

    burst: int
    per_s: float


@dataclass(frozen=True, slots=True)
class RateLimits:
    """What one address may do; generous, since a cloud calls for many people from few addresses."""

    requests: Rate = Rate(burst=120, per_s=2.0)
    """Requests of one address to all endpoints together."""
    failures: Rate = Rate(burst=10, per_s=1 / 60)
    """Wrong secrets for one client from one address."""
    failures_of_address: Rate = Rate(burst=100, per_s=1.0)
    """Wrong secrets from one address, whatever the client."""


class Limiter:
    """One bucket for each key; the least recently used are forgotten."""

    def __init__(self, rate: Rate, clock: Callable[[], float], *, max_keys: int = 10_000) -> None:
        self._rate = rate
        self._clock = clock
        self._max_keys = max_keys
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def take(self, key: str) -> float:
        """0 if it is allowed, and then it counts; else the seconds until it will be."""
        level = self._level(key)
        if level < 1:
            self._keep(key, level)
            return (1 - level) / self._rate.per_s
        self._keep(key, level - 1)
        return 0.0

    def give_back(self, key: str) -> None:
        """What was taken does not count after all."""
        self._keep(key, min(self._level(key) + 1, self._rate.burst))

    def _level(self, key: str) -> float:
        level, at = self._buckets.get(key, (float(self._rate.burst), self._clock()))
        return min(level + max(self._clock() - at, 0) * self._rate.per_s, self._rate.burst)

    def _keep(self, key: str, level: float) -> None:
        self._buckets[key] = (level, self._clock())
        self._buckets.move_to_end(key)
        while len(self._buckets) > self._max_keys:
            self._buckets.popitem(last=False)


def caller_address(client: tuple[str, int] | None) -> str:
    """The name of an address in limits: an IPv6 host owns its /64, and counts as that.

    Behind a proxy it is the web server's task to say who is behind it (uvicorn: `--forwarded-allow-ips`).
    """
    if client is None:
        return ""
    try:
        address = ip_address(client[0])
    except ValueError:
        return client[0]
    if isinstance(address, IPv6Address):
        return str(address.ipv4_mapped or ip_network((int(address), 64), strict=False))
    return str(address)
