"""A client that asks for progress hears that the product has not answered yet, and can take its call back."""

from __future__ import annotations

import asyncio
from typing import Any

import httpx
import pytest
from fastmcp import Client

from tests.runtime.fixture_catalog.catalog import CATALOG
from tests.runtime.product import OWNER
from toolpress import waiting
from toolpress.principal import Credential
from toolpress.server import build_server
from toolpress.settings import Settings


class Slow(httpx.AsyncBaseTransport):
    """A product that knows the key, and answers everything else when it is told to."""

    def __init__(self) -> None:
        self.answer = asyncio.Event()

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        if request.url.path != "/api/me":
            await self.answer.wait()
            return httpx.Response(200, json={"success": True, "data": []})
        return httpx.Response(200, json={"success": True, "role": "owner", "tenant_id": "a"})


@pytest.mark.parametrize("mode", ["legacy", "2026-07-28"])
async def test_a_waiting_call_tells_that_it_waits(mode: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(waiting, "EVERY_S", 0.01)
    product = Slow()
    heard: list[float] = []

    async def hear(progress: float, _total: float | None, message: str | None) -> None:
        assert message
        heard.append(progress)
        if len(heard) > 2:
            product.answer.set()

    built = build_server(Settings(), CATALOG, transport=product, credential=Credential(OWNER))
    async with Client(built.mcp, mode=mode, progress_handler=hear) as client:
        result: Any = await client.call_tool("list_notes", {})
    assert result.structured_content["success"] is True
    assert len(heard) > 2
    assert heard == sorted(heard)
