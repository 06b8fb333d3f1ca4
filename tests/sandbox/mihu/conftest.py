"""A fresh sandbox for each test, stopped at noon of Tuesday 10 March 2026 (UTC), and clients of its tenants."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator
from datetime import UTC, datetime

import httpx
import pytest

from tests.sandbox.mihu.receiver import Receiver, receiving
from toolpress_sandbox.app import create_app
from toolpress_sandbox.clock import Clock
from toolpress_sandbox.definition import Definition, load

NOON = datetime(2026, 3, 10, 12, tzinfo=UTC)

Connect = Callable[[str, str], httpx.AsyncClient]


@pytest.fixture(scope="session")
def mihu() -> Definition:
    return load("mihu")


@pytest.fixture
def clock() -> Clock:
    return Clock(lambda: NOON)


@pytest.fixture
async def connect(mihu: Definition, clock: Clock) -> AsyncIterator[Connect]:
    """Make a client of the one sandbox, bound to a tenant's host and a token; paths begin with /api/v1."""
    transport = httpx.ASGITransport(app=create_app("mihu", definition=mihu.raw, clock=clock))
    clients: list[httpx.AsyncClient] = []

    def make(tenant: str, token: str) -> httpx.AsyncClient:
        headers = {"Authorization": f"Bearer {token}"}
        clients.append(httpx.AsyncClient(transport=transport, base_url=f"http://{tenant}.localhost", headers=headers))
        return clients[-1]

    yield make
    for client in clients:
        await client.aclose()


@pytest.fixture
def acme(connect: Connect) -> httpx.AsyncClient:
    return connect("acme", "mihu_test_acme_full")


@pytest.fixture
def readonly(connect: Connect) -> httpx.AsyncClient:
    return connect("acme", "mihu_test_acme_readonly")


@pytest.fixture
def globex(connect: Connect) -> httpx.AsyncClient:
    return connect("globex", "mihu_test_globex_full")


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as it:
        yield it
