"""Prometheus metrics, and the port on which they are read.

With `PROMETHEUS_MULTIPROC_DIR` several processes write into that folder, and whichever of them opens the port shows
their sums.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Literal

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, start_http_server
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.process_collector import ProcessCollector

from toolpress.errors import ToolpressError
from toolpress.telemetry.events import Exchange, Method, Observer, Span, Stream

UNKNOWN = "(unknown)"
"""Stands for all tools that there are not."""
_BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 120.0, 300.0)


class Meters:
    """The metrics of one process, each labelled by catalogue."""

    def __init__(self) -> None:
        self.registry = registry = CollectorRegistry()
        self.calls = Counter(
            "toolpress_calls", "Calls of tools by how they ended.", ("catalog", "tool", "outcome"), registry=registry
        )
        self.call_seconds = Histogram(
            "toolpress_call_duration_seconds",
            "How long calls of tools took.",
            ("catalog", "tool"),
            buckets=_BUCKETS,
            registry=registry,
        )
        self.readings = Counter(
            "toolpress_readings", "Readings of resources by how they ended.", ("catalog", "outcome"), registry=registry
        )
        self.upstream_seconds = Histogram(
            "toolpress_upstream_duration_seconds",
            "How long the upstream took, by the class of its status; none where it gave no answer.",
            ("catalog", "operation", "status"),
            buckets=_BUCKETS,
            registry=registry,
        )
        self.lists = Counter("toolpress_lists", "Lists given, by method.", ("catalog", "method"), registry=registry)
        self.refused = Counter(
            "toolpress_refused", "HTTP requests refused at the entrance.", ("catalog", "status"), registry=registry
        )
        self.rate_limits = Counter(
            "toolpress_rate_limits",
            "Answers 429, of the upstream to us or of the entrance to clients.",
            ("catalog", "by"),
            registry=registry,
        )
        self.sessions = Counter(
            "toolpress_sessions", "Sessions opened, and ended by clients.", ("catalog", "change"), registry=registry
        )
        self.streams = Gauge(
            "toolpress_open_streams",
            "Event streams that are open.",
            ("catalog", "kind"),
            registry=registry,
            multiprocess_mode="livesum",
        )
        self.draining = Gauge(
            "toolpress_draining",
            "Processes that were told to stop and are not gone yet.",
            ("catalog",),
            registry=registry,
            multiprocess_mode="livesum",
        )
        ProcessCollector(registry=registry)


class Metrics(Observer):
    """What one catalogue's server adds to the meters."""

    def __init__(self, catalog: str, meters: Meters) -> None:
        self._catalog = catalog
        self._meters = meters
        meters.draining.labels(catalog).set(0)

    @contextmanager
    def call(self, method: Method, name: str) -> Iterator[None]:
        start, outcome = time.perf_counter(), "ok"
        try:
            yield
        except ToolpressError as error:
            outcome = error.default_code  # an upstream's own codes are without number
            raise
        except BaseException:
            outcome = "cancelled"
            raise
        finally:
            if method == "tools/call":
                self._meters.calls.labels(self._catalog, name, outcome).inc()
                self._meters.call_seconds.labels(self._catalog, name).observe(time.perf_counter() - start)
            else:
                self._meters.readings.labels(self._catalog, outcome).inc()

    def unknown_tool(self) -> None:
        self._meters.calls.labels(self._catalog, UNKNOWN, "NOT_FOUND").inc()

    @contextmanager
    def exchange(self, exchange: Exchange) -> Iterator[None]:
        start = time.perf_counter()
        try:
            yield
        finally:
            status = exchange.status
            if status == 429:
                self._meters.rate_limits.labels(self._catalog, "upstream").inc()
            shown = "none" if status is None else f"{status // 100}xx"
            series = self._meters.upstream_seconds.labels(self._catalog, exchange.request.operation, shown)
            series.observe(time.perf_counter() - start)

    def listed(self, method: str) -> None:
        self._meters.lists.labels(self._catalog, method).inc()

    def refused(self, status: int) -> None:
        self._meters.refused.labels(self._catalog, str(status)).inc()
        if status == 429:
            self._meters.rate_limits.labels(self._catalog, "entrance").inc()

    def session(self, change: Literal["opened", "ended"]) -> None:
        self._meters.sessions.labels(self._catalog, change).inc()

    def stream(self, kind: Stream) -> Span:
        return self._meters.streams.labels(self._catalog, kind).track_inprogress()

    def draining(self) -> None:
        self._meters.draining.labels(self._catalog).set(1)


@contextmanager
def open_port(host: str, port: int, registry: CollectorRegistry) -> Iterator[str]:
    """Show the metrics at /metrics in a thread of their own; gives the address.

    Raises:
        OSError: The port cannot be had.
    """
    shown = registry
    if os.environ.get("PROMETHEUS_MULTIPROC_DIR"):
        shown = CollectorRegistry()
        MultiProcessCollector(shown)  # type: ignore[no-untyped-call]  # the library has no types there
    server, thread = start_http_server(port, host, shown)
    try:
        yield f"http://{f'[{host}]' if ':' in host else host}:{server.server_port}/metrics"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
