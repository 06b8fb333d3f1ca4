"""A running server whose sandbox is fresh for each test that asks for it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from fastmcp import Client as McpClient
from fastmcp.client.transports import StreamableHttpTransport

from tests.processes import Server
from tests.redis_server import running

ERAS = ("legacy", "2026-07-28")
ROLES = ("owner", "admin", "editor", "member")
every_era = pytest.mark.parametrize("era", ERAS)


def key_of(role: str, tenant: str = "acme") -> str:
    return f"zhn_test_{tenant}_{role}"


def connect(server: Server, role: str = "owner", era: str = "legacy", tenant: str = "acme") -> McpClient[Any]:
    transport = StreamableHttpTransport(server.mcp_url, headers={"X-Api-Key": key_of(role, tenant)})
    return McpClient(transport, mode=era)


@pytest.fixture
def http() -> Iterator[httpx.Client]:
    with httpx.Client(trust_env=False, timeout=30) as client:
        yield client


@pytest.fixture(scope="module")
def redis_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with running(tmp_path_factory.mktemp("redis")) as path:
        yield f"unix://{path}"


@pytest.fixture
def fresh(zihin_server: Server) -> Iterator[Server]:
    """The shared server, its sandbox as it was at the start; it is left so too."""
    httpx.post(f"{zihin_server.sandbox_url}/__sandbox__/reset").raise_for_status()
    yield zihin_server
    httpx.post(f"{zihin_server.sandbox_url}/__sandbox__/reset").raise_for_status()
