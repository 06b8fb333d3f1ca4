"""One line a call, with neither arguments nor keys in it, at any level."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from typing import Any

import pytest
from fastmcp import Client as McpClient
from fastmcp.client.transports import StreamableHttpTransport

from tests.runtime.conftest import listening
from tests.runtime.fixture_catalog.catalog import CATALOG
from tests.runtime.product import MEMBER, OWNER, Product
from toolpress import logs
from toolpress.errors import ToolpressError
from toolpress.executor import Executor
from toolpress.http_app import http_app
from toolpress.principal import Credential
from toolpress.server import Built, build_server
from toolpress.settings import Settings

SECRET = "s3cr3t-value"
_LOGGERS = ("", "toolpress", *logs._TALKATIVE)


@pytest.fixture(autouse=True)
def _restored() -> Iterator[None]:
    before = [(log := logging.getLogger(name), log.level, log.handlers[:], log.propagate) for name in _LOGGERS]
    yield
    for log, level, handlers, propagate in before:
        log.setLevel(level)
        log.handlers[:] = handlers
        log.propagate = propagate


def lines(text: str) -> list[dict[str, Any]]:
    return [found for line in text.splitlines() if (found := json.loads(line))["event"] == "call"]


async def test_lines_of_calls_at_the_loudest_level(product: Product, capsys: pytest.CaptureFixture[str]) -> None:
    logs.configure("json", "debug")
    with listening(http_app(build_server(Settings(), CATALOG, transport=product.transport()))) as address:
        headers = {"X-Api-Key": OWNER, "X-Request-Id": "req-1"}
        async with McpClient(StreamableHttpTransport(f"{address}/mcp", headers=headers)) as client:
            await client.call_tool_mcp("create_note", {"title": SECRET, "from": SECRET})
            await client.call_tool_mcp("get_note", {"note_id": SECRET})
            await client.call_tool_mcp("create_note", {SECRET: SECRET, "owner": SECRET})
        async with McpClient(StreamableHttpTransport(f"{address}/mcp", headers={"X-Api-Key": MEMBER})) as client:
            await client.call_tool_mcp("create_note", {"title": SECRET})
    out, err = capsys.readouterr()
    assert out == ""
    ok, refused, wrong, blocked = lines(err)
    assert (ok["request_id"], ok["tool"], ok["outcome"], ok["role"]) == ("req-1", "create_note", "ok", "owner")
    assert ok["duration_ms"] >= 0
    assert (refused["outcome"], refused["code"], refused["status"]) == ("error", "NOT_FOUND", 404)
    assert (wrong["code"], wrong["write"]) == ("VALIDATION_ERROR", "not_sent")
    assert blocked["code"] == "WRITE_BLOCKED"
    for secret in (SECRET, OWNER, MEMBER):
        assert secret not in err


async def test_a_fault_of_ours_tells_its_place_and_nothing_else(
    built: Built, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    logs.configure("json", "info")
    built.executor.credential = Credential(OWNER)
    tool = built.executor.index.require("list_notes")

    def fail(_tool: Any) -> Any:
        raise ValueError(SECRET)

    monkeypatch.setattr(built.executor.index, "operation", fail)
    with pytest.raises(ToolpressError) as caught:
        await built.executor.run(tool, {"status": SECRET})
    assert caught.value.to_payload()["code"] == "INTERNAL_ERROR"
    assert SECRET not in json.dumps(caught.value.to_payload())
    line = lines(capsys.readouterr().err)[0]
    assert line["level"] == "error"
    assert "ValueError at" in line["fault"]
    assert "test_logs.py" in line["fault"]
    assert SECRET not in json.dumps(line)
    await built.executor.client.aclose()


async def test_a_cancelled_call_is_a_line_too(
    product: Product, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    import asyncio

    logs.configure("json", "info")
    executor: Executor = build_server(
        Settings(), CATALOG, credential=Credential(OWNER), transport=product.transport()
    ).executor
    started = asyncio.Event()

    async def hang(*_: Any, **__: Any) -> Any:
        started.set()
        await asyncio.Event().wait()

    await executor.caller()
    monkeypatch.setattr(executor.client.upstream, "send", hang)
    running = asyncio.ensure_future(executor.run(executor.index.require("list_notes"), {}))
    await started.wait()
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    assert lines(capsys.readouterr().err)[0]["outcome"] == "cancelled"
    await executor.client.aclose()


@pytest.mark.parametrize("style", ["json", "console"])
def test_an_exception_of_a_library_tells_its_place_but_not_its_text(
    style: logs.LogFormat, capsys: pytest.CaptureFixture[str]
) -> None:
    logs.configure(style)
    try:
        raise KeyError(SECRET)
    except KeyError:
        logging.getLogger("docket").exception("Something went wrong")
    printed = capsys.readouterr().err
    assert "KeyError" in printed
    assert "test_logs.py" in printed
    assert SECRET not in printed


def test_console_and_levels(capsys: pytest.CaptureFixture[str]) -> None:
    logs.configure("console", "error")
    facts: dict[str, Any] = {"request_id": "r", "tool": "t", "duration_ms": 1.0, "caller": None}
    logs.call_log(outcome="ok", error=None, **facts)
    assert capsys.readouterr().err == ""
    logs.call_log(outcome="error", error=ToolpressError("x"), **facts)
    assert "INTERNAL_ERROR" in capsys.readouterr().err


def test_a_redis_that_is_lost_and_found_is_named_by_its_fault_alone(capsys: pytest.CaptureFixture[str]) -> None:
    logs.configure("json", "info")
    logs.bus_log(ConnectionError(f"redis://:{SECRET}@host"))
    logs.bus_log(None)
    lost, found = map(json.loads, capsys.readouterr().err.splitlines())
    assert (lost["event"], lost["level"], lost["fault"]) == ("bus_lost", "warning", "ConnectionError")
    assert (found["event"], found["level"]) == ("bus_found", "info")
    assert SECRET not in str(lost)


def test_inside_another_program_only_our_logger_is_touched() -> None:
    root = logging.getLogger()
    before = root.handlers[:]
    logs.configure("json", "info", whole_process=False)
    assert root.handlers == before
    assert not logging.getLogger("toolpress").propagate


@pytest.mark.parametrize("offered", [None, "", "a b", "x" * 65, "a\nb", "é"])
def test_request_ids_that_are_not_printed(offered: str | None) -> None:
    assert logs.request_id(offered) != offered
    assert logs.request_id("Abc-1_2.3") == "Abc-1_2.3"
