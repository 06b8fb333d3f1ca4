"""A client that asks for progress hears that the product has not answered yet, and can take its call back."""

from __future__ import annotations

import asyncio
import threading
from dataclasses import replace
from typing import Any

import httpx
import pytest
from fastmcp import Client
from fastmcp.client.transports import StreamableHttpTransport

from tests.runtime.conftest import listening
from tests.runtime.fixture_catalog.catalog import CATALOG
from tests.runtime.product import OWNER
from toolpress import waiting
from toolpress.contract import Sessions
from toolpress.http_app import http_app
from toolpress.principal import Credential
from toolpress.server import build_server
from toolpress.settings import Settings


class Slow(httpx.AsyncBaseTransport):
    """A product that knows the key, and answers everything else when it is told to."""

    def __init__(self) -> None:
        self.answer = asyncio.Event()
        self.stopped = threading.Event()

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        if request.url.path != "/api/me":
            try:
                await self.answer.wait()
            except asyncio.CancelledError:
                self.stopped.set()
                raise
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


async def test_a_call_in_a_sealed_session_is_heard_of_and_taken_back(monkeypatch: pytest.MonkeyPatch) -> None:
    """Over HTTP, with a call of the SDK's client that is given up: it sends `notifications/cancelled`."""
    monkeypatch.setattr(waiting, "EVERY_S", 0.01)
    product, heard = Slow(), threading.Event()
    catalog = replace(CATALOG, sessions=Sessions((("free", 24.0),)))
    built = build_server(Settings(), catalog, transport=product)

    async def hear(_progress: float, _total: float | None, _message: str | None) -> None:
        heard.set()

    with listening(http_app(built)) as address:
        way = StreamableHttpTransport(f"{address}/mcp", headers={"X-Api-Key": OWNER})
        async with Client(way, mode="legacy", progress_handler=hear) as client:
            call = asyncio.create_task(client.call_tool("list_notes", {}))
            assert await asyncio.to_thread(heard.wait, 10)
            call.cancel()
            assert await asyncio.to_thread(product.stopped.wait, 10)
            await client.ping()
