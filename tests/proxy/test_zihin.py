"""Through the proxy the host sees what it would see without: lists, calls, errors and roles."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastmcp import Client as FastClient
from fastmcp.client.transports import StdioTransport

from tests.processes import TOOLPRESS
from tests.proxy.children import HELLO, bare, payload, piped, proxied, read, write
from tests.proxy.conftest import Setup
from tests.proxy.presets import KEY, TENANTED, ZIHIN
from tests.proxy.servers import before, running, sandbox
from toolpress.authorize import audience
from toolpress.catalog import CatalogIndex
from toolpress.embedded import seeded_keys
from toolpress.version import VERSION

MEMBER = "zhn_test_acme_member"
HANDSHAKE = {"protocolVersion": "2025-03-26", "capabilities": {}, "clientInfo": {"name": "t", "version": "1"}}
AGENT = {"name": "Desk", "llm_config": {"model": "auto"}}


def direct(url: str, method: str, params: dict[str, Any]) -> dict[str, Any]:
    """The result of one request without the proxy, as it stands on the wire."""
    headers = {"X-Api-Key": KEY, "Accept": "application/json, text/event-stream", "MCP-Protocol-Version": "2025-03-26"}
    body = {"jsonrpc": "2.0", "id": 1, "method": method, "params": params}
    with httpx.Client(headers=headers, trust_env=False) as http:
        opened = http.post(url, json={"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": HANDSHAKE})
        if method == "initialize":
            return event(opened.text)
        return event(http.post(url, json=body, headers={"mcp-session-id": opened.headers["mcp-session-id"]}).text)


def event(text: str) -> dict[str, Any]:
    """The result in the one event of an answer."""
    return dict(json.loads(text.partition("data: ")[2])["result"])


def test_lists_and_results_are_passed_on_verbatim(setup: Setup) -> None:
    call = {"name": "list_agents", "arguments": {"status": "published"}}
    with piped("zihin", env=setup.env) as process:
        write(process, *HELLO, {"id": 1, "method": "tools/list"}, {"id": 2, "method": "tools/call", "params": call})
        hello, *answers = [read(process) for _ in range(3)]
    listed, called = sorted(answers, key=lambda answer: answer["id"])
    there = direct(setup.url, "tools/list", {})
    assert listed["result"] == {"tools": there["tools"]}, "all pages as one, without what a page says of itself"
    assert called["result"] == direct(setup.url, "tools/call", call)
    assert hello["result"]["protocolVersion"] == "2025-03-26"


async def test_the_handshake_is_that_of_the_server_with_our_version(setup: Setup, tmp_path: Path) -> None:
    there = direct(setup.url, "initialize", HANDSHAKE)
    async with proxied(tmp_path, "zihin", env=setup.env) as child:
        assert child.client.server_info is not None
        assert child.client.server_info.name == there["serverInfo"]["name"]
        assert child.client.server_info.version == VERSION
        assert child.client.instructions == there["instructions"]
        capabilities = child.client.server_capabilities
        assert capabilities.tools is not None
        assert capabilities.tools.list_changed is True
        counts = next(line for line in child.lines() if " tools, " in line)
        assert (capabilities.resources is None) == (" 0 resources" in counts)
        assert (capabilities.prompts is None) == (" 0 prompts" in counts)


async def test_the_key_decides_what_is_listed(setup: Setup, tmp_path: Path) -> None:
    async with proxied(tmp_path, "zihin", env={**setup.env, "ZIHIN_API_KEY": MEMBER}) as child:
        listed = [tool.name for tool in (await child.client.list_tools()).tools]
        assert listed == [tool.name for tool in ZIHIN.tools if "member" in audience(tool, ZIHIN)]
        await child.said("role member")


async def test_what_it_says_at_the_start(setup: Setup, tmp_path: Path) -> None:
    async with proxied(tmp_path, "zihin", env=setup.env) as child:
        await child.said("whoami: ")
        lines = [line.removeprefix("toolpress proxy: ") for line in child.lines()]
    assert lines[0] == f"toolpress {VERSION}, for {ZIHIN.title}"
    assert lines[1] == f"key ...{KEY[-6:]}, server {setup.url}, calls up to 300 s"
    assert lines[2].startswith(f"{len(ZIHIN.tools)} tools, ")
    assert lines[3] == "ready"
    assert {"tenant_name Acme Logistics", "role owner", "plan basic"} <= set(lines[4].split(": ")[1].split(", "))
    assert setup.asked("whoami")


async def test_a_write_is_sent_once_and_a_read_sees_it(setup: Setup, tmp_path: Path) -> None:
    async with proxied(tmp_path, "zihin", env=setup.env) as child:
        made = payload(await child.call("create_agent", AGENT))
        found = payload(await child.call("get_agent", {"agent_id": made["agent"]["id"]}))
    assert found["agent"]["name"] == AGENT["name"]
    assert len(setup.asked("create_agent")) == 1


@pytest.mark.parametrize(
    ("name", "arguments", "code"),
    [
        ("get_agent", {"agent_id": "not a uuid"}, "VALIDATION_ERROR"),
        ("get_agent", {"agent_id": "ffffffff-ffff-4fff-8fff-ffffffffffff"}, "NOT_FOUND"),
        ("no_such_tool", {}, "NOT_FOUND"),
    ],
)
async def test_every_error_is_a_result(
    setup: Setup, tmp_path: Path, name: str, arguments: dict[str, Any], code: str
) -> None:
    async with proxied(tmp_path, "zihin", env=setup.env) as child:
        answer = await child.call(name, arguments)
    assert answer.is_error is True
    assert (payload(answer)["success"], payload(answer)["code"]) == (False, code)


async def test_a_call_that_takes_too_long_is_ended_and_nothing_else(setup: Setup, tmp_path: Path) -> None:
    setup.fault("latency=30000", "create_agent")
    async with proxied(tmp_path, "zihin", env={**setup.env, "ZIHIN_MCP_CALL_TIMEOUT_MS": "1000"}) as child:
        late = payload(await child.call("create_agent", AGENT))
        assert (late["code"], late["outcome"]) == ("UPSTREAM_TIMEOUT", "unknown")
        assert "create_agent did not answer within 1 s" in late["error"]
        assert "ZIHIN_MCP_CALL_TIMEOUT_MS" in late["fix"]
        assert payload(await child.call("list_agents"))["success"] is True
        assert not any("connect" in line for line in child.lines())
    assert len(setup.asked("create_agent")) <= 1


async def test_a_broken_connection_behind_the_server_is_not_ours(setup: Setup, tmp_path: Path) -> None:
    setup.fault("reset_after_commit", "create_agent")
    async with proxied(tmp_path, "zihin", env=setup.env) as child:
        broken = payload(await child.call("create_agent", AGENT))
        assert broken["outcome"] == "unknown"
        assert not any("connect" in line for line in child.lines())
    assert [request["fault"] for request in setup.asked("create_agent")] == ["reset_after_commit"]


async def test_fastmcps_own_client_works_through_it(setup: Setup) -> None:
    program, *words = [*TOOLPRESS, "proxy", "zihin"]
    transport = StdioTransport(program, words, env=bare(setup.env), keep_alive=False)
    async with FastClient(transport) as client:
        assert len(await client.list_tools()) == len(ZIHIN.tools)
        assert (await client.call_tool("whoami")).data["role"] == "owner"


async def test_a_product_with_tenants(tmp_path: Path) -> None:
    [key, *_] = [key for key in seeded_keys(CatalogIndex(TENANTED)) if key.usable]
    assert TENANTED.tenancy is not None
    with sandbox(TENANTED.name, tmp_path) as url:
        port = url.rpartition(":")[2]
        there = before(f"http://{{tenant}}.localhost:{port}", TENANTED.name, tmp_path)
        env = {TENANTED.authentication.environment: key.key, TENANTED.tenancy.environment: key.tenant}
        with running(there) as server:
            async with proxied(tmp_path, TENANTED.name, "--url", server.url, env=env) as child:
                assert len((await child.client.list_tools()).tools) == len(TENANTED.tools)
                identity = TENANTED.authentication.identity
                answer = await child.call(identity.tool, dict(identity.arguments))
                assert answer.is_error is False


def test_the_start_loads_neither_tools_nor_models_nor_fastmcp(setup: Setup) -> None:
    program = (
        "import sys; from toolpress.cli import main; code = main(['proxy', 'zihin']);"
        "print('loaded', *sys.modules, file=sys.stderr); sys.exit(code)"
    )
    done = subprocess.run(
        [sys.executable, "-c", program],
        env=bare(setup.env),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    [loaded] = [line.split() for line in done.stderr.splitlines() if line.startswith("loaded ")]
    assert f"{ZIHIN.package}.catalog" in loaded
    heavy = (f"{ZIHIN.package}.tools", f"{ZIHIN.package}.models", "fastmcp", "toolpress.server", "toolpress_sandbox")
    assert [name for name in loaded if name.startswith(heavy)] == []


def test_stdout_carries_nothing_but_messages(setup: Setup) -> None:
    with piped("zihin", env=setup.env) as process:
        write(
            process,
            *HELLO,
            {"id": 1, "method": "tools/list"},
            {"id": 2, "method": "no/such"},
            {"id": 3, "method": "ping"},
        )
        assert process.stdin
        process.stdin.write(b"this is no message\n")
        seen = [read(process) for _ in range(4)]
        process.stdin.close()
        assert process.stdout
        rest = process.stdout.read()
        assert process.wait(30) == 0
    assert rest == b""
    assert {message["id"] for message in seen} == {0, 1, 2, 3}
    assert all(json.dumps(message) and message["jsonrpc"] == "2.0" for message in seen)
