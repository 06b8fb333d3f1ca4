"""`toolpress serve` as a process: both transports, readiness, and a stop that cuts nothing."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import socket
import subprocess
import time
from collections.abc import Callable
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastmcp import Client as McpClient
from fastmcp.client.transports import StdioTransport, StreamableHttpTransport
from mcp import ClientSession, StdioServerParameters
from mcp.client.stdio import stdio_client

from tests import processes
from tests.cli.conftest import AGENT, MEMBER, OWNER, Command, Scratch
from tests.processes import TOOLPRESS, Server
from toolpress.authorize import audience
from toolpress.catalog import CatalogIndex
from toolpress.embedded import running_sandbox

STDIO = ("serve", "zihin", "--sandbox", "--transport", "stdio")


def connect(server: Server, key: str = OWNER) -> McpClient[StreamableHttpTransport]:
    return McpClient(StreamableHttpTransport(server.mcp_url, headers={"X-Api-Key": key}))


def seen_by(role: str, index: CatalogIndex) -> list[str]:
    return [tool.name for tool in index.tools if role in audience(tool, index.catalog)]


def until(true: Callable[[], bool]) -> None:
    """Ask again and again; what never comes true fails the test."""
    deadline = time.monotonic() + 20
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def raw_call(name: str, arguments: dict[str, Any]) -> dict[str, Any]:
    """One tools/call as it stands on the wire of 2026-07-28, which needs no session."""
    version, prefix = "2026-07-28", "io.modelcontextprotocol"
    meta = {f"{prefix}/protocolVersion": version, f"{prefix}/clientCapabilities": {}}
    params = {"name": name, "arguments": arguments, "_meta": meta}
    headers = {"X-Api-Key": OWNER, "Accept": "application/json, text/event-stream", "MCP-Protocol-Version": version}
    headers |= {"Mcp-Method": "tools/call", "Mcp-Name": name}
    return {"headers": headers, "json": {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params}}


def delay_next(sandbox_url: str, tool: str, milliseconds: int) -> Callable[[], bool]:
    """Make the sandbox answer the next call of the tool late; gives a question: is that call under way?"""
    faults = f"{sandbox_url}/__sandbox__/faults"
    rule = {"fault": f"latency={milliseconds}", "count": 1, "operation": tool}
    httpx.post(faults, json=rule).raise_for_status()
    return lambda: httpx.get(faults).json()["faults"] == []


@pytest.mark.parametrize(("key", "role"), [(OWNER, "owner"), (MEMBER, "member")])
async def test_each_key_lists_its_own_over_http(zihin: CatalogIndex, zihin_server: Server, key: str, role: str) -> None:
    async with connect(zihin_server, key) as client:
        assert [tool.name for tool in await client.list_tools()] == seen_by(role, zihin)


def test_it_is_alive_and_ready(zihin_server: Server) -> None:
    for path, status in (("/healthz", "ok"), ("/readyz", "ready")):
        answer = httpx.get(zihin_server.base_url + path)
        assert (answer.status_code, answer.json()) == (200, {"status": status})


def test_it_says_where_it_is_and_with_which_keys(zihin_server: Server, zihin: CatalogIndex) -> None:
    banner = zihin_server.log.read_text(encoding="utf-8")
    assert f"{len(zihin.tools)} tools at {zihin_server.mcp_url}\n" in banner
    assert f"sandbox  {zihin_server.sandbox_url} (in memory)\n" in banner
    assert f"  {OWNER}  owner of " in banner
    assert "Traceback" not in banner


async def test_a_running_call_ends_well_while_readiness_says_no() -> None:
    with processes.serve("zihin") as server:
        under_way = delay_next(server.sandbox_url, "get_agent", 1500)
        async with httpx.AsyncClient(base_url=server.base_url, timeout=60) as client:
            call = asyncio.create_task(client.post("/mcp", **raw_call("get_agent", {"agent_id": AGENT})))
            await asyncio.to_thread(until, under_way)
            assert (await client.get("/readyz")).status_code == 200
            server.process.send_signal(signal.SIGTERM)
            while (ready := await client.get("/readyz")).status_code == 200:
                pass
            assert not call.done()
            assert (ready.status_code, ready.json()) == (503, {"status": "draining"})
            assert (await client.get("/healthz")).status_code == 200
            assert (await call).json()["result"]["structuredContent"]["agent"]["id"] == AGENT
        assert await asyncio.to_thread(server.process.wait, 20) == 0
        assert "Traceback" not in server.log.read_text(encoding="utf-8")


async def test_a_second_interrupt_waits_for_no_call() -> None:
    with processes.serve("zihin") as server:
        under_way = delay_next(server.sandbox_url, "get_agent", 60_000)
        async with httpx.AsyncClient(base_url=server.base_url, timeout=60) as client:
            call = asyncio.create_task(client.post("/mcp", **raw_call("get_agent", {"agent_id": AGENT})))
            await asyncio.to_thread(until, under_way)
            server.process.send_signal(signal.SIGINT)
            while (await client.get("/readyz")).status_code == 200:
                pass
            server.process.send_signal(signal.SIGINT)
            assert (await call).status_code == 500
        assert await asyncio.to_thread(server.process.wait, 20) == 0


async def test_the_grace_bounds_the_wait_for_a_call() -> None:
    with processes.serve("zihin", env={"TOOLPRESS_GRACE_S": "1"}) as server:
        under_way = delay_next(server.sandbox_url, "get_agent", 60_000)
        async with httpx.AsyncClient(base_url=server.base_url, timeout=60) as client:
            call = asyncio.create_task(client.post("/mcp", **raw_call("get_agent", {"agent_id": AGENT})))
            await asyncio.to_thread(until, under_way)
            server.process.send_signal(signal.SIGTERM)
            assert (await call).status_code == 500
        assert await asyncio.to_thread(server.process.wait, 20) == 0


async def test_a_catalogue_outside_the_entry_points_is_served_with_its_own_sandbox(scratch: Scratch) -> None:
    reference = scratch(lambda _: None)
    with processes.serve(reference, "--host", "0.0.0.0") as server:
        assert server.mcp_url.startswith("http://127.0.0.1:")
        async with connect(server) as client:
            assert (await client.call_tool("whoami")).data["role"] == "owner"


def test_the_sandbox_of_a_server_keeps_its_data_in_a_file(
    toolpress: Command, zihin: CatalogIndex, tmp_path: Path
) -> None:
    kept = tmp_path / "kept.db"
    there = ("--catalog", "zihin", "--key", OWNER, "--base-url")
    with processes.serve("zihin", "--data", str(kept)) as server:
        assert f"(data in {kept})" in server.log.read_text(encoding="utf-8")
        model = 'llm_config={"model": "openai.gpt-4.1-nano"}'
        made = toolpress("call", "create_agent", "name=Kept", model, *there, server.sandbox_url).json["agent"]["id"]
    with running_sandbox(zihin, data=str(kept)) as url:
        assert toolpress("call", "get_agent", f"agent_id={made}", *there, url).code == 0


def test_it_serves_the_product_itself_and_tells_a_program_where(sandbox: str) -> None:
    """Here the product is a sandbox that is not the server's own."""
    command = [*TOOLPRESS, "serve", "zihin", "--port", "0", "--base-url", sandbox]
    environment = {**os.environ, "TOOLPRESS_ANNOUNCE": "1"}
    with subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        announced, banner, upstream = json.loads(process.stderr.readline()), *map(next, [process.stderr] * 2)
        assert (announced["upstream"], announced["sandbox"], announced["pid"]) == (sandbox, None, process.pid)
        assert announced["mcp"] in banner
        assert upstream == f"upstream {sandbox}\n"
        answer = httpx.post(announced["mcp"], **raw_call("whoami", {}))
        assert answer.json()["result"]["structuredContent"]["role"] == "owner"
        process.send_signal(signal.SIGTERM)
        assert process.wait(20) == 0


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["--base-url", "ftp://x"], "The base URL must be http(s)://"),
        (["--sandbox", "--data", "no/such/folder.db"], "no/such/folder.db is no usable data file: "),
        (["--announce", "no/such/folder.json"], "Cannot write no/such/folder.json: No such file or directory. "),
        (["--transport", "stdio", "--sandbox", "--data", "no/such/folder.db"], "no/such/folder.db is no usable data"),
    ],
)
def test_what_keeps_it_from_starting_is_one_line(toolpress: Command, words: list[str], told: str) -> None:
    ran = toolpress("serve", "zihin", "--port", "0", *words)
    assert ran.code == 3
    assert ran.complaint.startswith("toolpress serve: ")
    assert told in ran.complaint


def test_a_stdio_server_that_has_no_key_is_one_line() -> None:
    done = processes.run("serve", "zihin", "--transport", "stdio")
    assert (done.returncode, done.stdout) == (3, "")
    assert done.stderr == "toolpress serve: No API key is set. Set the environment variable ZIHIN_API_KEY.\n"


def test_a_port_that_is_taken_is_one_line(toolpress: Command) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        ran = toolpress("serve", "zihin", "--port", str(port))
    assert ran.code == 3
    assert ran.complaint.startswith(
        f"toolpress serve: Cannot listen on 127.0.0.1:{port}: Address already in use. Stop what uses the port, or"
    )


@pytest.mark.parametrize(
    ("name", "value", "told"),
    [
        ("ZIHIN_API_KEY", "abc", "The API key is malformed."),
        ("TOOLPRESS_LOG_LEVEL", "loud", "Wrong settings: TOOLPRESS_LOG_LEVEL: "),
    ],
)
def test_a_wrong_environment_is_one_line(
    toolpress: Command, monkeypatch: pytest.MonkeyPatch, name: str, value: str, told: str
) -> None:
    monkeypatch.setenv(name, value)
    ran = toolpress("serve", "zihin", "--transport", "stdio", "--sandbox")
    assert ran.code == 3
    assert told in ran.complaint
    assert value not in ran.complaint


@pytest.mark.parametrize(("key", "role"), [(None, "owner"), (MEMBER, "member")])
async def test_fastmcps_client_over_stdio(zihin: CatalogIndex, key: str | None, role: str) -> None:
    environment = {"ZIHIN_API_KEY": key} if key else {}
    transport = StdioTransport(TOOLPRESS[0], [*TOOLPRESS[1:], *STDIO], env=environment, keep_alive=False)
    async with McpClient(transport) as client:
        assert [tool.name for tool in await client.list_tools()] == seen_by(role, zihin)
        assert (await client.call_tool("whoami")).data["role"] == role


async def test_the_sdks_client_over_stdio(zihin: CatalogIndex) -> None:
    server = StdioServerParameters(command=TOOLPRESS[0], args=[*TOOLPRESS[1:], *STDIO])
    async with stdio_client(server) as streams, ClientSession(*streams) as session:
        await session.initialize()
        assert [tool.name for tool in (await session.list_tools()).tools] == seen_by("owner", zihin)
        failed = await session.call_tool("get_agent", {"agent_id": "none"})
        assert failed.is_error


@pytest.mark.parametrize("end", ["eof", "SIGTERM"])
def test_stdout_carries_json_rpc_alone_until_the_end(zihin: CatalogIndex, end: str) -> None:
    info = {"protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": {"name": "test", "version": "1"}}
    messages: list[dict[str, Any]] = [
        {"id": 1, "method": "initialize", "params": info},
        {"method": "notifications/initialized"},
        {"id": 2, "method": "tools/list"},
        {"id": 3, "method": "tools/call", "params": {"name": "whoami", "arguments": {}}},
        {"id": 4, "method": "tools/call", "params": {"name": "no_such_tool", "arguments": {}}},
    ]
    pipes: dict[str, Any] = dict.fromkeys(("stdin", "stdout", "stderr"), subprocess.PIPE)
    environment = {**os.environ, "TOOLPRESS_LOG_LEVEL": "debug", "PYTHONWARNINGS": "always"}
    with subprocess.Popen([*TOOLPRESS, *STDIO], env=environment, text=True, **pipes) as process:
        for message in messages:
            process.stdin.write(json.dumps({"jsonrpc": "2.0", **message}) + "\n")
        process.stdin.flush()
        wanted = {message["id"] for message in messages if "id" in message}
        answers: dict[int, Any] = {}
        while answers.keys() != wanted:
            answer = json.loads(process.stdout.readline())
            assert answer["jsonrpc"] == "2.0"
            answers[answer["id"]] = answer
        if end != "eof":
            process.send_signal(signal.SIGTERM)
            process.wait(20)
        rest, err = process.communicate(timeout=20)
    assert (process.returncode, rest) == (0, "")
    assert "Traceback" not in err
    assert len(answers[2]["result"]["tools"]) == len(zihin.tools)
    assert answers[3]["result"]["structuredContent"]["role"] == "owner"
    assert answers[4]["error"]["message"] == "Unknown tool: no_such_tool"


async def test_a_session_that_the_process_keeps_holds_up_no_end() -> None:
    """The server would wait for its stream longer than the tests wait for the server."""
    headers = {"Accept": "application/json, text/event-stream", "X-Api-Key": "zhn_test_acme_owner"}
    client = {"protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": {"name": "test", "version": "1"}}
    opening = {"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": client}
    async with AsyncExitStack() as stack:
        with processes.serve("zihin", "--stateful") as server:
            http = await stack.enter_async_context(httpx.AsyncClient(headers=headers, trust_env=False))
            opened = await http.post(server.mcp_url, json=opening)
            session = {"mcp-session-id": opened.headers["mcp-session-id"]}
            stream = await stack.enter_async_context(http.stream("GET", server.mcp_url, headers=session))
            assert stream.status_code == 200
