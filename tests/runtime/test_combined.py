"""Several catalogues on one port: each at its own path, with its own keys, and one health for all."""

from __future__ import annotations

from dataclasses import replace

import httpx
from fastmcp import Client as McpClient
from fastmcp.client.transports import StreamableHttpTransport

from tests.runtime.conftest import listening
from tests.runtime.fixture_catalog.catalog import CATALOG
from tests.runtime.product import MEMBER, OWNER, Product
from toolpress.combined import application
from toolpress.server import build_server
from toolpress.settings import Settings

OTHER = replace(CATALOG, name="diary", title="Diary")


async def names(url: str, key: str) -> set[str]:
    async with McpClient(StreamableHttpTransport(url, headers={"X-Api-Key": key})) as client:
        return {tool.name for tool in await client.list_tools()}


async def test_each_answers_at_its_own_path_with_its_own_keys() -> None:
    first, second = Product(), Product(keys={MEMBER: ("owner", "z")})
    servers = [
        build_server(Settings(), CATALOG, transport=first.transport()),
        build_server(Settings(), OTHER, transport=second.transport()),
    ]
    with listening(application(servers)) as address:
        everything = await names(f"{address}/notebook/mcp", OWNER)
        assert await names(f"{address}/diary/mcp", MEMBER) == everything
        assert await names(f"{address}/notebook/mcp", MEMBER) < everything
        async with httpx.AsyncClient(base_url=address) as http:
            refused = await http.post("/diary/mcp", headers={"X-Api-Key": OWNER}, json={})
            assert (refused.status_code, refused.headers["www-authenticate"].partition(",")[0]) == (
                401,
                'Bearer realm="diary"',
            )
            assert (await http.post("/mcp")).status_code == 404
            assert (await http.get("/healthz")).json() == {"status": "ok"}
            assert (await http.get("/readyz")).json() == {"status": "ready"}
            assert [(await http.post(path)).status_code for path in ("/healthz", "/readyz")] == [405, 405]
            servers[1].draining = True
            assert (await http.get("/readyz")).status_code == 503
    assert {call.headers["x-api-key"] for call in first.seen} == {OWNER, MEMBER}
    assert {call.headers["x-api-key"] for call in second.seen} == {MEMBER, OWNER}


async def test_one_alone_answers_at_the_root() -> None:
    product = Product()
    with listening(application([build_server(Settings(), CATALOG, transport=product.transport())])) as address:
        assert await names(f"{address}/mcp", OWNER)
