"""OpenTelemetry spans and durations, by its semantic conventions for MCP servers and HTTP clients.

Only the API is used here: where spans and durations go is the business of the SDK that the process has.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from functools import lru_cache
from typing import Any
from urllib.parse import urlsplit

from fastmcp.telemetry import native_spans_enabled
from opentelemetry import metrics, trace
from opentelemetry.context import Context
from opentelemetry.trace import Link, SpanKind, StatusCode, format_trace_id
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from toolpress import fastmcp_seams
from toolpress.errors import ToolpressError
from toolpress.logs import TRACE_ID
from toolpress.telemetry.events import Exchange, Method, Observer, RawHeaders
from toolpress.version import VERSION

Attributes = dict[str, str | int]

_TRACE_CONTEXT = TraceContextTextMapPropagator()
"""Baggage is left out: a client's words would travel to the upstream with it."""
_CALL_BUCKETS = (0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 30.0, 60.0, 120.0, 300.0)
_EXCHANGE_BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1.0, 2.5, 5.0, 7.5, 10.0)


@dataclass(frozen=True, slots=True)
class _Asked:
    """Where the message that is being answered comes from."""

    parent: Context | None
    version: str
    transport: str


_ASKED: ContextVar[_Asked | None] = ContextVar("toolpress_asked", default=None)


class Tracing(Observer):
    """The spans of one catalogue's server, through the providers of the process unless others are given."""

    def __init__(
        self,
        catalog: str,
        tracers: trace.TracerProvider | None = None,
        meters: metrics.MeterProvider | None = None,
    ) -> None:
        meter = metrics.get_meter("toolpress", VERSION, meters)
        self._catalog = catalog
        self._tracer = trace.get_tracer("toolpress", VERSION, tracers)
        self._calls = meter.create_histogram(
            "mcp.server.operation.duration",
            unit="s",
            description="How long calls and readings took.",
            explicit_bucket_boundaries_advisory=_CALL_BUCKETS,
        )
        self._exchanges = meter.create_histogram(
            "http.client.request.duration",
            unit="s",
            description="How long the upstream took to answer.",
            explicit_bucket_boundaries_advisory=_EXCHANGE_BUCKETS,
        )

    def asked(self, meta: Mapping[str, Any] | None, version: str, headers: RawHeaders | None) -> None:
        parent = _context(meta or {})
        if parent is None and not trace.get_current_span().get_span_context().is_valid:
            parent = _context({name.decode("latin-1"): value.decode("latin-1") for name, value in headers or ()})
        _ASKED.set(_Asked(parent, version, "pipe" if headers is None else "tcp"))

    @contextmanager
    def call(self, method: Method, name: str) -> Iterator[None]:
        if fastmcp_seams.in_request() and native_spans_enabled():
            yield  # the span of FastMCP, into whose hands this call came, is the one of the call
            return
        attributes: Attributes = {"mcp.method.name": method, "toolpress.catalog": self._catalog}
        if method == "tools/call":
            attributes |= {"gen_ai.operation.name": "execute_tool", "gen_ai.tool.name": name}
        else:
            attributes["mcp.resource.uri"] = name
        asked = _ASKED.get()
        parent = asked.parent if asked else None
        if asked:
            attributes |= {"mcp.protocol.version": asked.version, "network.transport": asked.transport}
        start = time.perf_counter()
        with self._tracer.start_as_current_span(
            f"{method} {name}" if method == "tools/call" else method,
            context=parent,
            kind=SpanKind.SERVER,
            attributes=attributes,
            links=_ambient() if parent else None,
            record_exception=False,  # its message may repeat what the upstream said
            set_status_on_exception=False,
        ) as span:
            in_log = TRACE_ID.set(format_trace_id(span.get_span_context().trace_id))
            try:
                yield
            except BaseException as error:
                failed = _failure(method, error)
                span.set_attributes(failed)
                span.set_status(StatusCode.ERROR)
                attributes["error.type"] = failed["error.type"]
                raise
            finally:
                TRACE_ID.reset(in_log)
                self._calls.record(time.perf_counter() - start, attributes)

    @contextmanager
    def exchange(self, exchange: Exchange) -> Iterator[None]:
        request = exchange.request
        attributes: Attributes = {
            "http.request.method": request.method,
            "url.template": request.template,
            **_server(exchange.base_url),
        }
        resent: Attributes = {"http.request.resend_count": exchange.attempt} if exchange.attempt else {}
        start = time.perf_counter()
        with self._tracer.start_as_current_span(
            f"{request.method} {request.template}",
            kind=SpanKind.CLIENT,
            attributes=attributes | resent,
            record_exception=False,
            set_status_on_exception=False,
        ) as span:
            carrier: dict[str, str] = {}
            _TRACE_CONTEXT.inject(carrier)
            exchange.headers |= {name: value for name, value in carrier.items() if name == "traceparent"}
            outcome: Attributes = {}
            try:
                yield
                outcome = _answered(exchange.status)
            except BaseException as error:
                outcome = {"error.type": type(error).__name__}
                raise
            finally:
                span.set_attributes(outcome)
                if "error.type" in outcome:
                    span.set_status(StatusCode.ERROR)
                self._exchanges.record(time.perf_counter() - start, attributes | outcome)


def _context(carrier: Mapping[str, Any]) -> Context | None:
    """The span that the carrier names, if it names one."""
    words = {name: value for name in _TRACE_CONTEXT.fields if isinstance(value := carrier.get(name), str)}
    context = _TRACE_CONTEXT.extract(words)
    return context if trace.get_current_span(context).get_span_context().is_valid else None


def _ambient() -> list[Link] | None:
    """A span that is open around us although the message names another one as its parent: the web server's."""
    around = trace.get_current_span().get_span_context()
    return [Link(around)] if around.is_valid else None


def _failure(method: Method, error: BaseException) -> Attributes:
    if not isinstance(error, ToolpressError):
        return {"error.type": type(error).__name__}
    kind = "tool_error" if method == "tools/call" else error.default_code
    return {"error.type": kind, "toolpress.error.code": error.code}


def _answered(status: int | None) -> Attributes:
    if status is None:
        return {}
    failed: Attributes = {"error.type": str(status)} if status >= 400 else {}
    return {"http.response.status_code": status, **failed}


@lru_cache
def _server(base_url: str) -> Attributes:
    """The host as the catalogue writes it: a tenant's stays a placeholder."""
    url = urlsplit(base_url)
    return {"server.address": url.hostname or "", "server.port": url.port or (443 if url.scheme == "https" else 80)}
