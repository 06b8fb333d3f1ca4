"""A worker that is killed while clients write and read: it costs the calls that it had under way, and nothing else."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections import Counter
from contextlib import ExitStack

import httpx
import pytest

from tests.cli.test_serve import until
from tests.cli.test_workers import BROKEN, TWO
from tests.deploy import contacts
from tests.processes import sandbox, serve_product, workers_of
from toolpress.embedded import sandbox_base_url

CLIENTS = 16
CALLS = 20

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="looks for workers in /proc")


class Load:
    """Clients that write and read in turn on connections that they keep, each call with a marker of its own."""

    def __init__(self, url: str, enough: int) -> None:
        self._url = url
        self._enough = enough
        self.under_way = asyncio.Event()
        self.answered: Counter[str] = Counter()
        self.broken: set[str] = set()

    async def talk(self, number: int) -> None:
        async with httpx.AsyncClient(timeout=60) as client:
            for turn in range(CALLS):
                marker = f"{'write' if turn % 2 else 'read'}-{number}-{turn}"
                try:
                    await self._call(client, marker)
                except BROKEN:
                    self.broken.add(marker)

    async def _call(self, client: httpx.AsyncClient, marker: str) -> None:
        wire = contacts.write(marker) if marker.startswith("write") else contacts.read(marker)
        wire["json"]["id"] = marker
        answer = (await client.post(self._url, **wire)).json()
        assert not answer["result"]["isError"], answer
        self.answered[answer["id"]] += 1
        if self.answered.total() == self._enough:
            self.under_way.set()


async def test_a_worker_that_is_killed_under_load_costs_its_own_calls_alone() -> None:
    """Every call ends; what was answered was done once, and what broke was done once at most."""
    with ExitStack() as processes:
        upstream, _ = processes.enter_context(sandbox("mihu"))
        base_url = sandbox_base_url(contacts.INDEX.catalog, upstream)
        server = processes.enter_context(serve_product("mihu", *TWO, "--base-url", base_url))
        load = Load(server.mcp_url, enough=CLIENTS * CALLS // 4)
        talks = asyncio.gather(*(load.talk(number) for number in range(CLIENTS)))
        await load.under_way.wait()
        dying, other = workers_of(server.process)
        os.kill(dying, signal.SIGKILL)
        await talks
        await asyncio.to_thread(until, lambda: len(workers_of(server.process) - {dying}) == 2)
        assert other in workers_of(server.process), "the other one goes on"
        written = await contacts.written(server.mcp_url, "write-")
    assert set(load.answered.values()) == {1}
    assert load.answered.total() + len(load.broken) == CLIENTS * CALLS
    assert 0 < len(load.broken) <= CLIENTS, "at most the call that each client had under way"
    assert set(written.values()) == {1}, "nothing is written twice"
    answered = {marker for marker in load.answered if marker.startswith("write")}
    assert answered <= written.keys() <= answered | load.broken
