"""The TypeScript SDK as a foreign client: v1 over the handshake, v2 over the 2026-07-28 wire, HTTP and stdio."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from tests.javascript import run
from tests.processes import Server, serve
from tests.sandbox.ids import AGENT

HERE = Path(__file__).parent
OWNER = "zhn_test_acme_owner"
UNKNOWN = "ffffffff-ffff-4fff-8fff-ffffffffffff"
CALLS = [
    ["list_agents", {"status": "published"}],
    ["create_agent", {"name": "Foreign desk", "llm_config": {"model": "openai.gpt-4.1-nano"}}],
    ["get_agent", {"agent_id": UNKNOWN}],
]
STDIO = [sys.executable, "-m", "toolpress", "serve", "zihin", "--sandbox", "--transport", "stdio"]


pytestmark = pytest.mark.usefixtures("foreign")


@pytest.mark.parametrize(("script", "protocol"), [("v1.mjs", "2025-11-25"), ("v2.mjs", "2026-07-28")])
@pytest.mark.parametrize("transport", ["http", "stdio"])
def test_lists_and_calls(script: str, protocol: str, transport: str, zihin_server: Server) -> None:
    job = {"url": zihin_server.mcp_url} if transport == "http" else {"command": STDIO}
    seen = run(HERE / script, key=OWNER, calls=CALLS, **job)

    if not (script == "v1.mjs" and transport == "stdio"):  # v1 tells its protocol over HTTP only
        assert seen["protocol"] == protocol
    assert len(seen["tools"]) == len(set(seen["tools"])) == 96
    read, write, failing = seen["results"]
    agents = json.loads(read["content"][0]["text"])["agents"]
    assert {agent["status"] for agent in agents} == {"published"}
    assert json.loads(write["content"][0]["text"])["agent"]["status"] == "draft"
    assert failing["isError"] is True
    assert json.loads(failing["content"][0]["text"])["code"] == "NOT_FOUND"


def test_a_session_from_its_opening_to_its_end() -> None:
    """The client opens the stream of notifications by itself and hears on it that its key was downgraded."""
    with serve("zihin", env={"TOOLPRESS_IDENTITY_TTL_S": "0"}) as server:
        control = f"{server.sandbox_url}/__sandbox__/keys"
        seen = run(HERE / "sessions.mjs", url=server.mcp_url, key=OWNER, control=control)
    assert len(seen["session"]) > 40
    assert (seen["listening"], seen["before"], seen["after"], seen["told"], seen["gone"]) == (200, 96, 5, True, 404)
    assert len(seen["errors"]) == 1, "the one request after the end, and nothing else went wrong"


def test_a_session_subscribes_over_http_and_is_told_of_every_change_while_it_is(zihin_server: Server) -> None:
    agents, rename = "zihin://agents", ["update_agent", {"agent_id": AGENT(1), "name": "Renamed abroad"}]
    seen = run(HERE / "subscriptions.mjs", url=zihin_server.mcp_url, key=OWNER, uri=agents, call=rename)
    assert (seen["listening"], seen["offered"], seen["refused"], seen["errors"]) == (200, True, -32602, [])
    assert seen["told"] == [agents, agents]
