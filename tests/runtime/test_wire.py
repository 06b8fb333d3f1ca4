"""The wire of 2026-07-28 beside results: codes of errors, and for whom answers may be kept."""

from __future__ import annotations

import httpx
import pytest

from tests import modern
from tests.runtime.product import OWNER


async def test_an_unknown_method_and_an_unknown_tool_have_the_protocol_s_codes(mcp_url: str) -> None:
    async with httpx.AsyncClient(trust_env=False) as http:
        method = await http.post(mcp_url, **modern.request("tools/sing", OWNER))
        tool = await http.post(mcp_url, **modern.call(OWNER, "no_such_tool", {}))
    assert (method.status_code, method.json()["error"]["code"]) == (404, -32601)
    assert (tool.status_code, tool.json()["error"]["code"]) == (400, -32602)


@pytest.mark.parametrize(
    "method", ["server/discover", "tools/list", "resources/list", "resources/templates/list", "prompts/list"]
)
async def test_nobody_else_may_be_given_what_depends_on_the_key(method: str, mcp_url: str) -> None:
    async with httpx.AsyncClient(trust_env=False) as http:
        result = (await http.post(mcp_url, **modern.request(method, OWNER))).json()["result"]
    assert result["cacheScope"] == "private"
    assert result["ttlMs"] >= 0
