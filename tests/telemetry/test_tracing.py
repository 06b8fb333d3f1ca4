"""Spans of calls as an OpenTelemetry SDK gets them: whose child they are, and what stands in them."""

from __future__ import annotations

import asyncio
import json
import os
from typing import Any

import fastmcp
import httpx
import pytest
from fastmcp import Client
from fastmcp.client.transports import StdioTransport
from opentelemetry.proto.trace.v1.trace_pb2 import Span
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import SpanKind, StatusCode

from tests import modern
from tests.cli.test_serve import until
from tests.processes import TOOLPRESS, serve
from tests.runtime.conftest import listening
from tests.runtime.fixture_catalog.catalog import CATALOG
from tests.runtime.product import MEMBER, OWNER, Product
from tests.runtime.test_logs import _restored as _restored
from tests.telemetry.collector import attributes, collecting
from tests.zihin.wire import key_of
from toolpress import logs
from toolpress.http_app import http_app
from toolpress.server import build_server
from toolpress.settings import Settings
from toolpress.telemetry.tracing import Tracing

TRACE, PARENT = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
TRACEPARENT = f"00-{TRACE}-{PARENT}-01"
SECRET = "s3cr3t-value"


class Traced:
    """A server of the fixture product and the spans of the last call to it."""

    def __init__(self, product: Product, *, fast_lane: bool = True) -> None:
        self.product = product
        self.exporter, self.reader = InMemorySpanExporter(), InMemoryMetricReader()
        tracers, meters = TracerProvider(shutdown_on_exit=False), MeterProvider([self.reader], shutdown_on_exit=False)
        tracers.add_span_processor(SimpleSpanProcessor(self.exporter))
        self.built = build_server(
            Settings(fast_lane=fast_lane),
            CATALOG,
            transport=product.transport(),
            observe=lambda name: Tracing(name, tracers, meters),
        )

    def call(self, *calls: dict[str, Any]) -> list[ReadableSpan]:
        """The spans of the calls, without the question whose key it is."""
        with listening(http_app(self.built)) as address:
            for each in calls:
                httpx.post(f"{address}/mcp", trust_env=False, **each).raise_for_status()
        return [span for span in self.exporter.get_finished_spans() if span.name != "GET /api/me"]

    def measured(self) -> set[str]:
        data = self.reader.get_metrics_data()
        assert data is not None
        return {
            metric.name for each in data.resource_metrics for scope in each.scope_metrics for metric in scope.metrics
        }


@pytest.fixture
def product() -> Product:
    return Product()


@pytest.fixture(params=[True, False], ids=["lane", "fastmcp"])
def traced(product: Product, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Traced:
    monkeypatch.setattr(fastmcp.settings, "telemetry_mode", "off")
    return Traced(product, fast_lane=request.param)


def with_parent(call: dict[str, Any], *, where: str) -> dict[str, Any]:
    if where == "meta":
        call["json"]["params"]["_meta"]["traceparent"] = TRACEPARENT
    else:
        call["headers"]["traceparent"] = TRACEPARENT
    return call


def hexadecimal(context: Any) -> tuple[str, str]:
    return f"{context.trace_id:032x}", f"{context.span_id:016x}"


@pytest.mark.parametrize("where", ["meta", "header"])
def test_a_call_is_a_child_of_the_clients_span_and_the_request_upstream_of_the_call(traced: Traced, where: str) -> None:
    exchange, call = traced.call(with_parent(modern.call(OWNER, "get_note", {"note_id": "n1"}), where=where))
    assert (call.name, call.kind) == ("tools/call get_note", SpanKind.SERVER)
    assert (exchange.name, exchange.kind) == ("GET /api/notes/{note_id}", SpanKind.CLIENT)
    assert call.parent is not None
    assert hexadecimal(call.parent) == (TRACE, PARENT)
    assert exchange.parent == call.context
    [upstream] = traced.product.tool_calls
    assert upstream.headers["traceparent"] == f"00-{TRACE}-{hexadecimal(exchange.context)[1]}-01"
    assert not {"tracestate", "baggage"} & upstream.headers.keys()


def test_attributes_follow_the_conventions(traced: Traced) -> None:
    exchange, call = traced.call(modern.call(OWNER, "get_note", {"note_id": "n1"}))
    assert call.attributes == {
        "mcp.method.name": "tools/call",
        "mcp.protocol.version": modern.VERSION,
        "gen_ai.operation.name": "execute_tool",
        "gen_ai.tool.name": "get_note",
        "network.transport": "tcp",
        "toolpress.catalog": "notebook",
    }
    assert exchange.attributes == {
        "http.request.method": "GET",
        "http.response.status_code": 200,
        "url.template": "/api/notes/{note_id}",
        "server.address": "notebook.example",
        "server.port": 80,
    }
    assert call.status.status_code == exchange.status.status_code == StatusCode.UNSET
    assert traced.measured() == {"mcp.server.operation.duration", "http.client.request.duration"}


def test_a_failed_call_says_why_and_repeats_no_words_of_the_upstream(traced: Traced) -> None:
    exchange, refused, blocked = traced.call(
        modern.call(OWNER, "get_note", {"note_id": "gone"}), modern.call(MEMBER, "create_note", {"title": SECRET})
    )
    for span, kind in ((exchange, "404"), (refused, "tool_error"), (blocked, "tool_error")):
        assert span.attributes is not None
        assert (span.status.status_code, span.status.description) == (StatusCode.ERROR, None)
        assert span.attributes["error.type"] == kind
        assert not span.events
    assert refused.attributes is not None
    assert blocked.attributes is not None
    assert refused.attributes["toolpress.error.code"] == "NOT_FOUND"
    assert blocked.attributes["toolpress.error.code"] == "WRITE_BLOCKED"


def test_a_parent_that_is_none_begins_a_trace(traced: Traced) -> None:
    call = modern.call(OWNER, "list_notes", {})
    call["json"]["params"]["_meta"]["traceparent"] = "00-nonsense-01"
    assert [span.parent is None for span in traced.call(call)] == [False, True]


def test_no_span_holds_arguments_keys_or_tenants(traced: Traced) -> None:
    call = modern.call(OWNER, "create_note", {"title": SECRET, "from": SECRET})
    call["json"]["params"]["_meta"]["note"] = SECRET
    call["headers"]["baggage"] = f"note={SECRET}"
    asked = modern.call(OWNER, "get_note", {"note_id": SECRET})
    assert len(traced.call(call, asked)) == 4
    shown = json.dumps([json.loads(span.to_json()) for span in traced.exporter.get_finished_spans()])
    assert "/api/me" in shown, "the question whose key it is, is a request too"
    for secret in (SECRET, OWNER, "nb_test"):
        assert secret not in shown


def test_the_log_line_of_a_call_names_its_trace(traced: Traced, capsys: pytest.CaptureFixture[str]) -> None:
    logs.configure("json", "info")
    traced.call(with_parent(modern.call(OWNER, "list_notes", {}), where="meta"))
    [line] = [json.loads(line) for line in capsys.readouterr().err.splitlines()]
    assert line["trace_id"] == TRACE


@pytest.mark.parametrize("mode", ["native", "off"])
def test_where_fastmcp_makes_the_span_of_a_call_there_is_no_second_one(
    product: Product, mode: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fastmcp.settings, "telemetry_mode", mode)
    spans = Traced(product, fast_lane=False).call(modern.call(OWNER, "list_notes", {}))
    kinds = [span.kind for span in spans]
    assert kinds == [SpanKind.CLIENT] if mode == "native" else [SpanKind.CLIENT, SpanKind.SERVER]


def test_a_process_sends_its_spans_and_metrics_where_the_variables_say() -> None:
    owner, agent = key_of("owner"), "5ec3e700-0000-4000-8000-000000000000"
    with collecting() as collector:
        with serve("zihin", env={"OTEL_EXPORTER_OTLP_ENDPOINT": collector.url}) as server:
            call = with_parent(modern.call(owner, "get_agent", {"agent_id": agent}), where="meta")
            httpx.post(server.mcp_url, trust_env=False, **call).raise_for_status()
            listed = httpx.post(server.mcp_url, trust_env=False, **modern.request("tools/list", owner))
            listed.raise_for_status()
        # The process has ended, and with that sent all it had.
        [span] = collector.of_kind(Span.SPAN_KIND_SERVER)
        assert (span.name, span.trace_id.hex(), span.parent_span_id.hex()) == ("tools/call get_agent", TRACE, PARENT)
        below = [each for each in collector.spans if each.parent_span_id == span.span_id]
        assert [attributes(each)["url.template"] for each in below] == ["/api/agents/{agent_id}"]
        assert collector.services == {"toolpress"}
        assert collector.metrics >= {"mcp.server.operation.duration", "http.client.request.duration"}
        for secret in (agent, owner):
            assert secret.encode() not in collector.raw


async def test_over_stdio_the_spans_have_left_when_the_client_has() -> None:
    with collecting() as collector:
        environment = {**os.environ, "OTEL_EXPORTER_OTLP_ENDPOINT": collector.url}
        words = [*TOOLPRESS[1:], "serve", "zihin", "--sandbox", "--transport", "stdio"]
        transport = StdioTransport(TOOLPRESS[0], words, env=environment, keep_alive=False)
        async with Client(transport) as client:
            await client.call_tool("whoami")
        await asyncio.to_thread(until, lambda: bool(collector.of_kind(Span.SPAN_KIND_SERVER)))
        [span] = collector.of_kind(Span.SPAN_KIND_SERVER)
        assert (span.name, attributes(span)["network.transport"]) == ("tools/call whoami", "pipe")
