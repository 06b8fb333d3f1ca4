"""The page's limits, each waited for on a clock that jumps."""

from __future__ import annotations

import asyncio
import selectors
from collections.abc import Coroutine
from typing import Any

import httpx
import pytest

from tests.processes import Server
from tests.zihin.wire import key_of, over_handshake, payload
from toolpress.catalog import CatalogIndex
from toolpress.client import Client
from toolpress.errors import UpstreamError, UpstreamTimeout
from toolpress_catalogs.zihin.catalog import CATALOG

INDEX = CatalogIndex(CATALOG)
AGENT = "0a000000-0000-4000-8000-000000000001"


class _Impatient(selectors.DefaultSelector):
    """Where a loop would wait for time to pass, time passes at once."""

    passed = 0.0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        events = super().select(0 if timeout is not None else None)
        if not events and timeout:
            self.passed += timeout
        return events


class _Loop(asyncio.SelectorEventLoop):
    def __init__(self) -> None:
        self._impatient = _Impatient()
        super().__init__(self._impatient)

    def time(self) -> float:
        return super().time() + self._impatient.passed


def waited_s(work: Coroutine[Any, Any, Any]) -> float:
    """How long the work took by the loop's clock."""

    async def timed() -> float:
        loop = asyncio.get_running_loop()
        start = loop.time()
        await work
        return loop.time() - start

    with asyncio.Runner(loop_factory=_Loop) as runner:
        return runner.run(timed())


class _Silent(httpx.AsyncBaseTransport):
    """A host that takes a connection and says nothing, or does not even take it."""

    def __init__(self, *, reachable: bool) -> None:
        self._reachable = reachable

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        if self._reachable:
            await asyncio.sleep(10_000)
        await asyncio.sleep(request.extensions["timeout"]["connect"])
        raise httpx.ConnectTimeout("nobody", request=request)


async def failed(tool: str, arguments: dict[str, Any], *, reachable: bool) -> UpstreamError:
    async with Client(CATALOG, "zhn_test_any", transport=_Silent(reachable=reachable)) as client:
        with pytest.raises(UpstreamError) as caught:
            await client.call(INDEX.operation(INDEX.require(tool)), arguments)
    return caught.value


def test_a_tool_call_takes_thirty_seconds_at_most() -> None:
    errors: list[UpstreamError] = []

    async def both() -> None:
        errors.append(await failed("create_agent", {"name": "A", "llm_config": {"model": "auto"}}, reachable=True))

    assert waited_s(both()) == pytest.approx(30, abs=1)
    assert isinstance(errors[0], UpstreamTimeout)
    assert errors[0].outcome == "unknown"


def test_connecting_takes_ten_seconds_at_most() -> None:
    errors: list[UpstreamError] = []

    async def both() -> None:
        errors.append(await failed("create_agent", {"name": "A", "llm_config": {"model": "auto"}}, reachable=False))

    assert waited_s(both()) == pytest.approx(10, abs=1)
    assert errors[0].outcome == "not_sent"


def test_a_read_that_is_repeated_stays_within_the_same_thirty_seconds() -> None:
    assert waited_s(failed("list_agents", {}, reachable=True)) == pytest.approx(30, abs=1)


@pytest.mark.parametrize(("seconds", "cached"), [(4 * 60 + 50, 1), (5 * 60 + 1, 0)])
def test_the_tools_of_an_mcp_server_are_cached_for_five_minutes(
    seconds: int, cached: int, zihin_server: Server
) -> None:
    control = f"{zihin_server.sandbox_url}/__sandbox__"
    httpx.post(f"{control}/reset").raise_for_status()
    try:
        with over_handshake(zihin_server, key_of("owner")) as send:

            def call(tool: str, **arguments: str) -> dict[str, Any]:
                return payload(send("tools/call", {"name": tool, "arguments": {"agent_id": AGENT, **arguments}}))

            call("invalidate_mcp_cache")
            [server] = call("list_mcp_servers")["mcp_servers"]
            assert call("test_mcp_server", mcp_server_id=server["id"])["reachable"] is True
            httpx.post(f"{control}/clock", json={"advance": seconds}).raise_for_status()
            assert call("invalidate_mcp_cache")["servers"] == cached
    finally:
        httpx.post(f"{control}/reset").raise_for_status()


def test_sessions_of_the_endpoint_and_of_agents_last_equally_long() -> None:
    """The page states one lifetime by plan."""
    assert CATALOG.sessions is not None
    plans = INDEX.sandbox["data"]["settings"]["plans"]
    assert {plan: facts["session_ttl_hours"] for plan, facts in plans.items()} == dict(CATALOG.sessions.lifetime_hours)
