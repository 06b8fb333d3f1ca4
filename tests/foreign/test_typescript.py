"""The TypeScript SDK as a foreign client: v1 over the handshake, v2 over the 2026-07-28 wire, HTTP and stdio."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.foreign.products import PRODUCTS, Product
from tests.javascript import run
from tests.processes import Server, serve
from tests.sandbox.ids import AGENT

HERE = Path(__file__).parent
OWNER = "zhn_test_acme_owner"


pytestmark = pytest.mark.usefixtures("foreign")


@pytest.mark.parametrize(("script", "protocol"), [("v1.mjs", "2025-11-25"), ("v2.mjs", "2026-07-28")])
@pytest.mark.parametrize("transport", ["http", "stdio"])
@pytest.mark.parametrize("product", PRODUCTS, ids=str)
def test_lists_and_calls(
    script: str, protocol: str, transport: str, product: Product, product_urls: dict[str, str]
) -> None:
    server = [sys.executable, "-m", "toolpress", "serve", product.name, "--sandbox", "--transport", "stdio"]
    job: dict[str, Any] = (
        {"url": product_urls[product.name], "headers": product.headers}
        if transport == "http"
        else {"command": server, "environment": product.environment}
    )
    seen = run(HERE / script, calls=product.calls, **job)

    if not (script == "v1.mjs" and transport == "stdio"):  # v1 tells its protocol over HTTP only
        assert seen["protocol"] == protocol
    assert len(seen["tools"]) == len(product.tools)
    assert set(seen["tools"]) == product.tools
    read, write, failing = ({**result, **json.loads(result["content"][0]["text"])} for result in seen["results"])
    assert read["success"] is True
    assert write["success"] is True
    assert (failing["isError"], failing["code"]) == (True, product.code)


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
