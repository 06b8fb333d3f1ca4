"""Hand-written tools beside a catalogue's: who sees them, what they may be called, and how they answer."""

from __future__ import annotations

from typing import Any

import httpx
import pytest
from fastmcp import Client, FastMCP
from fastmcp.client.transports import StreamableHttpTransport
from fastmcp.exceptions import ToolError
from fastmcp.server.context import Context

from tests.runtime.conftest import listening
from tests.runtime.fixture_catalog.catalog import CATALOG
from tests.runtime.product import EDITOR, OWNER, Product
from toolpress.errors import ConfigurationError
from toolpress.extending import find_extension, for_roles
from toolpress.http_app import http_app
from toolpress.server import build_server
from toolpress.settings import Settings


def extend(mcp: FastMCP[Any]) -> None:
    @mcp.tool
    def add(a: int, b: int) -> int:
        """Add two numbers."""
        return a + b

    @mcp.tool(auth=for_roles("owner"))
    def sweep() -> str:
        """For owners."""
        return "Swept."

    @mcp.tool
    async def count(ctx: Context) -> str:
        """Count to two."""
        for number in (1, 2):
            await ctx.report_progress(number, 2)
        return "Counted."

    @mcp.tool
    async def ask(ctx: Context) -> str:
        """Ask the person at the client."""
        answer = await ctx.elicit("How many?", response_type=int)
        return str(getattr(answer, "data", None))


def client(url: str, key: str, mode: str = "auto", **options: Any) -> Client[Any]:
    return Client(StreamableHttpTransport(url, headers={"X-Api-Key": key}), mode=mode, **options)


async def names(url: str, key: str, mode: str) -> set[str]:
    async with client(url, key, mode) as session:
        return {tool.name for tool in await session.list_tools()}


@pytest.mark.parametrize("mode", ["legacy", "2026-07-28"])
async def test_hand_written_tools_stand_beside_the_catalogue_s(mode: str, product: Product) -> None:
    built = build_server(Settings(), CATALOG, transport=product.transport(), extend=[extend])
    with listening(http_app(built)) as address:
        url = f"{address}/mcp"
        seen = await names(url, OWNER, mode)
        assert seen == {tool.name for tool in CATALOG.tools} | {"add", "sweep", "count", "ask"}
        assert "sweep" not in await names(url, EDITOR, mode)
        async with client(url, EDITOR, mode) as session:
            assert (await session.call_tool("add", {"a": 1, "b": 2})).data == 3
            with pytest.raises(Exception, match="sweep"):
                await session.call_tool("sweep", {})
        async with httpx.AsyncClient(trust_env=False) as http:
            body = {"jsonrpc": "2.0", "id": 1, "method": "tools/list"}
            headers = {"Accept": "application/json, text/event-stream"}
            assert (await http.post(url, json=body, headers=headers)).status_code == 401


@pytest.mark.parametrize("stateful", [False, True])
@pytest.mark.parametrize("mode", ["legacy", "2026-07-28"])
async def test_progress_arrives_in_both_eras(mode: str, stateful: bool, product: Product) -> None:
    built = build_server(Settings(stateful=stateful), CATALOG, transport=product.transport(), extend=[extend])
    heard: list[tuple[float, float | None]] = []

    async def hear(progress: float, total: float | None, _message: str | None) -> None:
        heard.append((progress, total))

    with listening(http_app(built)) as address:
        async with client(f"{address}/mcp", OWNER, mode, progress_handler=hear) as session:
            await session.call_tool("count", {})
    assert heard == [(1, 2), (2, 2)]


async def test_a_tool_asks_back_in_a_session_that_the_process_keeps(product: Product) -> None:
    async def answer(_message: str, response_type: Any, *_rest: Any) -> Any:
        return response_type(value=7)

    for stateful in (False, True):
        built = build_server(Settings(stateful=stateful), CATALOG, transport=product.transport(), extend=[extend])
        with listening(http_app(built)) as address:
            async with client(f"{address}/mcp", OWNER, "legacy", elicitation_handler=answer) as session:
                if stateful:
                    assert (await session.call_tool("ask", {})).data == "7"
                else:
                    with pytest.raises(ToolError):
                        await session.call_tool("ask", {})


async def test_a_kept_session_is_good_for_its_own_key_alone(product: Product) -> None:
    built = build_server(Settings(stateful=True), CATALOG, transport=product.transport())
    initialize = {
        "protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": {"name": "test", "version": "1"}
    }  # fmt: skip
    headers = {"Accept": "application/json, text/event-stream"}
    with listening(http_app(built)) as address:
        async with httpx.AsyncClient(trust_env=False, headers=headers) as http:
            opening = {"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": initialize}
            opened = await http.post(f"{address}/mcp", json=opening, headers={"X-Api-Key": OWNER})
            session = {"mcp-session-id": opened.headers["mcp-session-id"]}
            ping = {"jsonrpc": "2.0", "id": 2, "method": "ping"}
            for key, status in ((OWNER, 200), (EDITOR, 404)):
                answer = await http.post(f"{address}/mcp", json=ping, headers={"X-Api-Key": key, **session})
                assert answer.status_code == status


def taking(kind: str, name: str) -> Any:
    def extension(mcp: FastMCP[Any]) -> None:
        getattr(mcp, kind)(name=name)(lambda: "mine")

    return extension


async def test_a_name_of_the_catalogue_is_refused_at_the_start(product: Product) -> None:
    built = build_server(
        Settings(), CATALOG, transport=product.transport(), extend=[taking("tool", CATALOG.tools[0].name)]
    )
    app = http_app(built)
    with pytest.raises(ConfigurationError, match=CATALOG.tools[0].name):
        async with app.lifespan(app):
            pass


@pytest.mark.parametrize("reference", ["no.such:thing", "json:nothing", "json", f"{__name__}:OWNER"])
def test_what_is_no_extension_is_named(reference: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        find_extension(reference)
    assert reference in caught.value.message
    assert "package.module:function" in (caught.value.fix or "")


def test_an_extension_is_found_by_its_name() -> None:
    assert find_extension("tests.runtime.test_extending:extend").__name__ == "extend"
