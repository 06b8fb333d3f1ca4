"""The fixture product, and servers built on it."""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
import uvicorn

from tests.runtime.fixture_catalog.catalog import CATALOG
from tests.runtime.product import Product
from toolpress.http_app import http_app
from toolpress.server import Built, build_server
from toolpress.settings import Settings


@pytest.fixture(autouse=True)
def _no_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("NOTEBOOK_API_KEY", "ZIHIN_API_KEY", "TOOLPRESS_NOTEBOOK_BASE_URL", "TOOLPRESS_ZIHIN_BASE_URL"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def product() -> Product:
    return Product()


@pytest.fixture
def built(product: Product) -> Built:
    return build_server(Settings(), CATALOG, transport=product.transport())


@pytest.fixture
def mcp_url(built: Built) -> Iterator[str]:
    with listening(http_app(built)) as address:
        yield f"{address}/mcp"


@contextmanager
def listening(app: Any) -> Iterator[str]:
    """The app on a loopback port, in a thread; ended when the block ends."""
    listener = socket.create_server(("127.0.0.1", 0))
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    config = uvicorn.Config(app, http="h11", ws="none", lifespan="on", log_config=None, access_log=False)
    server = _Server(config)
    thread = threading.Thread(target=lambda: asyncio.run(server.serve(sockets=[listener])))
    thread.start()
    try:
        assert server.ready.wait(20)
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join(20)
        listener.close()


class _Server(uvicorn.Server):
    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.ready = threading.Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        try:
            await super().startup(sockets)
        finally:
            self.ready.set()
