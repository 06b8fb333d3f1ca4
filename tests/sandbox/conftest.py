"""A fresh sandbox for each test, stopped at noon of Tuesday 10 March 2026 (UTC)."""

from __future__ import annotations

import copy
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime

import httpx
import pytest

from tests.sandbox.wire import Driver
from toolpress.contract import JsonObject
from toolpress_sandbox.app import create_app
from toolpress_sandbox.clock import Clock
from toolpress_sandbox.definition import Definition, load, parse

NOON = datetime(2026, 3, 10, 12, tzinfo=UTC)


@pytest.fixture(scope="session")
def definition() -> Definition:
    return load("zihin")


@pytest.fixture
def stopped() -> Clock:
    return Clock(lambda: NOON)


@pytest.fixture
async def sandbox(definition: Definition, stopped: Clock) -> AsyncIterator[Driver]:
    app = create_app("zihin", definition=definition.raw, clock=stopped)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url="http://sandbox") as client:
        yield Driver(client, definition)


@pytest.fixture
async def altered(
    definition: Definition, stopped: Clock
) -> AsyncIterator[Callable[[Callable[[JsonObject], object]], Driver]]:
    """Make a sandbox whose `sandbox.json` a function has changed first."""
    clients: list[httpx.AsyncClient] = []

    def make(change: Callable[[JsonObject], object]) -> Driver:
        raw = copy.deepcopy(definition.raw)
        change(raw)
        transport = httpx.ASGITransport(app=create_app("zihin", definition=raw, clock=stopped))
        clients.append(httpx.AsyncClient(transport=transport, base_url="http://sandbox"))
        return Driver(clients[-1], parse(raw))

    yield make
    for client in clients:
        await client.aclose()
