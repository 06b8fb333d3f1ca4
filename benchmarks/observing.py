"""What it costs to be watched: a call with nobody watching, with metrics, and with traces, against the bare call.

uv run python -m benchmarks.observing [--rounds N] [--json]

The bare call is the same with the hooks' own time taken off, which is measured in the same round.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import logging
import statistics
import time

import httpx
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from toolpress.catalog import CatalogIndex, find_catalog
from toolpress.client import Client
from toolpress.embedded import default_credential
from toolpress.executor import Executor
from toolpress.request import UpstreamRequest
from toolpress.telemetry import SILENT, Exchange, Observer
from toolpress.telemetry.metrics import Meters, Metrics
from toolpress.telemetry.tracing import Tracing

CALLS = 300
HOOKS = 20_000
TOOL = "list_agents"


def answer(_request: httpx.Request) -> httpx.Response:
    return httpx.Response(200, json={"success": True, "data": [], "role": "owner", "tenant_id": "t", "plan": "pro"})


async def call_us(observer: Observer) -> float:
    """Microseconds of one call from the executor to an upstream in memory and back."""
    catalog = find_catalog("zihin")
    index = CatalogIndex(catalog)
    client = Client(catalog, transport=httpx.MockTransport(answer))
    executor = Executor(index, client, credential=default_credential(index), observer=observer)
    tool = index.require(TOOL)
    for _ in range(20):
        await executor.run(tool, {})
    start = time.perf_counter()
    for _ in range(CALLS):
        observer.asked({}, "2026-07-28", [])
        await executor.run(tool, {})
    return (time.perf_counter() - start) / CALLS * 1e6


def hooks_us(observer: Observer) -> float:
    """Microseconds of what is asked of an observer on each call."""
    request = UpstreamRequest("GET", "/api/agents", operation=TOOL, template="/api/agents")
    headers = {"accept": "application/json"}
    start = time.perf_counter()
    for _ in range(HOOKS):
        observer.asked({}, "2026-07-28", [])
        with observer.call("tools/call", TOOL):
            exchange = Exchange(request, "http://127.0.0.1", 0)
            with observer.exchange(exchange):
                _ = headers | exchange.headers
                exchange.status = 200
    return (time.perf_counter() - start) / HOOKS * 1e6


def observers() -> dict[str, Observer]:
    tracers = TracerProvider()
    tracers.add_span_processor(BatchSpanProcessor(InMemorySpanExporter()))
    return {"nobody": SILENT, "metrics": Metrics("zihin", Meters()), "traces": Tracing("zihin", tracers)}


def measure(rounds: int) -> list[dict[str, object]]:
    watching = observers()
    ratios: dict[str, list[float]] = {name: [] for name in watching}
    hooks: list[float] = []
    for _ in range(rounds):
        hooks.append(hooks_us(SILENT))
        calls = {name: asyncio.run(call_us(observer)) for name, observer in watching.items()}
        bare = calls["nobody"] - hooks[-1]
        for name, taken in calls.items():
            ratios[name].append(taken / bare)
    return [
        {"watching": name, "ratio": statistics.median(found), "low": min(found), "high": max(found)}
        for name, found in ratios.items()
    ]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    logging.disable()
    rows = measure(options.rounds)
    if options.json:
        print(json.dumps(rows, indent=1))
        return
    print(f"{'watching':10} {'ratio':>8} {'low':>8} {'high':>8}  against the bare call")
    for row in rows:
        print("{watching:10} {ratio:8.4f} {low:8.4f} {high:8.4f}".format_map(row))


if __name__ == "__main__":
    main()
