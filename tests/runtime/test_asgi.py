"""The application as other programs use it: from a factory, mounted, through fastmcp."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from fastapi import FastAPI
from fastmcp import Client as McpClient
from fastmcp.client.transports import StreamableHttpTransport
from starlette.applications import Starlette
from starlette.routing import Mount

from tests.runtime.conftest import listening
from tests.runtime.fixture_catalog.catalog import CATALOG
from tests.runtime.product import OWNER, Product
from tests.runtime.test_logs import _restored as _restored
from toolpress.asgi import create_app, create_server, the_only_catalog, with_lifespan
from toolpress.catalog import installed
from toolpress.errors import ConfigurationError
from toolpress.http_app import http_app
from toolpress.server import Built, build_server
from toolpress.settings import Settings

ZIHIN_KEY = "zhn_test_acme_owner"


async def count(url: str, key: str) -> int:
    async with McpClient(StreamableHttpTransport(url, headers={"X-Api-Key": key})) as client:
        return len(await client.list_tools())


async def test_the_factory_with_a_sandbox(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TOOLPRESS_SANDBOX", "1")
    monkeypatch.setenv("TOOLPRESS_CATALOG", "zihin")
    with listening(create_app()) as address:
        assert await count(f"{address}/mcp", ZIHIN_KEY) == 96


async def test_mounted_into_fastapi_with_its_own_lifespan(product: Product) -> None:
    events: list[str] = []

    @asynccontextmanager
    async def own(_app: Any) -> AsyncIterator[None]:
        events.append("up")
        yield
        events.append("down")

    tools = http_app(build_server(Settings(), CATALOG, transport=product.transport()))
    outer = FastAPI(lifespan=with_lifespan(tools, own))
    outer.mount("/inner", tools)
    with listening(outer) as address:
        assert await count(f"{address}/inner/mcp", OWNER) == 6
        with pytest.raises(Exception, match="no API key"):
            await count(f"{address}/inner/mcp", "")
    assert events == ["up", "down"]


async def test_mounted_into_starlette(product: Product) -> None:
    tools = http_app(build_server(Settings(), CATALOG, transport=product.transport()))
    outer = Starlette(routes=[Mount("/tools", tools)], lifespan=with_lifespan(tools))
    with listening(outer) as address:
        assert await count(f"{address}/tools/mcp", OWNER) == 6


async def test_a_server_starts_again(built: Built) -> None:
    for _ in range(2):
        with listening(http_app(built)) as address:
            assert await count(f"{address}/mcp", OWNER) == 6
            assert not built.draining
        assert built.draining


async def test_the_server_object_with_a_sandbox(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TOOLPRESS_SANDBOX", "1")
    async with McpClient(create_server("zihin")) as client:
        assert (await client.call_tool("whoami")).data["role"] == "owner"


def test_which_catalogue(monkeypatch: pytest.MonkeyPatch) -> None:
    if len(installed()) == 1:
        assert the_only_catalog() == next(iter(installed()))
    for names in ({}, {"a": "a:A", "b": "b:B"}):
        monkeypatch.setattr("toolpress.asgi.installed", lambda names=names: names)
        with pytest.raises(ConfigurationError, match="Which catalogue"):
            the_only_catalog()
