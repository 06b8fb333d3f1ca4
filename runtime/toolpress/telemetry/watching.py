"""Who watches this process: the OpenTelemetry SDK that it has or is told to have, Prometheus, or nobody."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from tempfile import TemporaryDirectory

from toolpress.errors import ConfigurationError
from toolpress.settings import Settings
from toolpress.telemetry.events import SILENT, Observe, Observer, Several

_ASKS_FOR_SDK = ("OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_TRACES_EXPORTER")
_TOGETHER = "PROMETHEUS_MULTIPROC_DIR"
"""Prometheus's own variable: the folder in which processes count together. It is read when Prometheus is imported."""


@dataclass(frozen=True, slots=True)
class Watching:
    """Who watches each catalogue, and where the metrics are read, if they are."""

    observe: Observe
    metrics_url: str | None = None


def ambient(catalog: str) -> Observer:
    """Traces, if somebody has given this process an OpenTelemetry SDK."""
    from opentelemetry import trace

    if isinstance(trace.get_tracer_provider(), trace.ProxyTracerProvider | trace.NoOpTracerProvider):
        return SILENT
    from toolpress.telemetry.tracing import Tracing

    return Tracing(catalog)


@contextmanager
def watching(settings: Settings, *, processes: int = 1, worker: bool = False) -> Iterator[Watching]:
    """What the environment and the settings ask for, in a process that is the server's own.

    Of several `processes` the one that starts the others shows their metrics; they are each a `worker`, which counts if
    the environment that it inherits says where.

    Raises:
        ConfigurationError: What is asked for is not installed, or its port cannot be had.
    """
    _configure_sdk()
    if "FASTMCP_TELEMETRY_MODE" not in os.environ:
        import fastmcp

        fastmcp.settings.telemetry_mode = "off"  # it would make a second span of each call
    if _TOGETHER not in os.environ if worker else settings.metrics_port is None:
        yield Watching(ambient)
        return
    with ExitStack() as stack:
        if processes > 1 and _TOGETHER not in os.environ:
            os.environ[_TOGETHER] = stack.enter_context(TemporaryDirectory(prefix="toolpress-metrics-"))
            stack.callback(os.environ.pop, _TOGETHER)
        yield _measuring(settings, stack, worker=worker)


def process_ended(pid: int) -> None:
    """A worker is gone: what it counted stays, what it held does not."""
    if _TOGETHER in os.environ:
        from prometheus_client.multiprocess import mark_process_dead

        mark_process_dead(pid)  # type: ignore[no-untyped-call]  # the library has no types there


def _measuring(settings: Settings, stack: ExitStack, *, worker: bool) -> Watching:
    try:
        from toolpress.telemetry import metrics
    except ImportError as error:
        raise ConfigurationError(
            "Prometheus support is not installed.", fix="Install it with: pip install 'toolpress[metrics]'"
        ) from error
    meters = metrics.Meters()

    def observe(catalog: str) -> Observer:
        traces, counts = ambient(catalog), metrics.Metrics(catalog, meters)
        return counts if traces is SILENT else Several(traces, counts)

    if worker or settings.metrics_port is None:
        return Watching(observe)
    try:
        port = metrics.open_port(settings.metrics_host, settings.metrics_port, meters.registry)
        return Watching(observe, stack.enter_context(port))
    except OSError as error:
        raise ConfigurationError(
            f"Cannot show metrics on {settings.metrics_host}:{settings.metrics_port}: {error.strerror}.",
            fix="Choose another port with --metrics-port (0 takes a free one).",
        ) from error


def _configure_sdk() -> None:
    """Give the process the SDK that its environment asks for."""
    if os.environ.get("OTEL_SDK_DISABLED", "").lower() == "true" or not any(map(os.environ.get, _ASKS_FOR_SDK)):
        return
    if ambient("") is not SILENT:
        return  # somebody else, such as opentelemetry-instrument, was here before
    try:
        from toolpress.telemetry import sdk
    except ImportError as error:
        raise ConfigurationError(
            "The environment asks for OpenTelemetry, whose SDK is not installed.",
            fix=f"Install it with: pip install 'toolpress[otel]'; or unset {', '.join(_ASKS_FOR_SDK)}.",
        ) from error
    sdk.configure()
