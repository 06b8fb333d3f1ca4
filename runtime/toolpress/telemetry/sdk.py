"""OpenTelemetry's SDK as the usual variables describe it: OTEL_TRACES_EXPORTER, OTEL_METRICS_EXPORTER, and what the SDK
and its exporters read by themselves (endpoint, headers, sampler, resource).

It flushes and ends with the process.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from importlib.metadata import entry_points
from typing import Any

from opentelemetry import metrics, trace
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import MetricReader, PeriodicExportingMetricReader
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor

from toolpress.errors import ConfigurationError
from toolpress.version import VERSION


def configure() -> None:
    """Give the process its providers.

    Raises:
        ConfigurationError: A variable names an exporter that is not installed.
    """
    resource = Resource.create({"service.version": VERSION})
    if str(resource.attributes["service.name"]).startswith("unknown_service"):
        resource = resource.merge(Resource({"service.name": "toolpress"}))
    named = os.environ.get("OTEL_TRACES_EXPORTER") or "otlp"
    tracers = TracerProvider(resource=resource)
    for exporter in _exporters("traces", named):
        tracers.add_span_processor(BatchSpanProcessor(exporter))
    readers = [
        _reader(exporter) for exporter in _exporters("metrics", os.environ.get("OTEL_METRICS_EXPORTER") or named)
    ]
    trace.set_tracer_provider(tracers)
    metrics.set_meter_provider(MeterProvider(readers, resource))


def _exporters(signal: str, names: str) -> Iterator[Any]:
    """The exporters that are named, with commas between."""
    found = entry_points(group=f"opentelemetry_{signal}_exporter")
    for name in (part.strip() for part in names.split(",")):
        if name == "none":
            continue
        entry = "otlp_proto_http" if name == "otlp" else name
        if entry not in found.names:
            raise ConfigurationError(
                f"There is no exporter of {signal} called {name}.",
                fix=f"Install it, or set OTEL_{signal.upper()}_EXPORTER to one of otlp, console and none.",
            )
        made = found[entry].load()
        yield made(out=sys.stderr) if name == "console" else made()  # over stdio stdout is the protocol's


def _reader(made: Any) -> MetricReader:
    """Exporters that are asked, such as Prometheus, are readers already."""
    return made if isinstance(made, MetricReader) else PeriodicExportingMetricReader(made)
