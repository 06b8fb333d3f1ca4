"""Resident memory of a server with all catalogues, and what clients that vanish leave behind."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import ExitStack
from functools import partial

from benchmarks.contenders import OURS, Field
from benchmarks.figures import Figure, Row, at_most, blocking, interleaved
from benchmarks.measures.start import IMPORTED
from benchmarks.options import Options
from benchmarks.processes import environment, first_answer, resident_mib
from benchmarks.products import Served, products, serve
from benchmarks.wire import HELLO, Connection, Endpoint, check_list

CLIENTS = 16
WARM = 500
"""Abandoned before the first look, so that what is loaded on first use is not taken for growth."""
_PATIENCE_S = 60.0


async def rows(field: Field, options: Options) -> list[Row]:
    sizes = await interleaved(
        min(options.rounds, 3), {OURS: partial(_serving, field.upstream_url), IMPORTED: blocking(_importing)}
    )
    ours, peer = (Figure.of(label, sizes[label]) for label in (OURS, IMPORTED))
    names = " and ".join(product.name for product in products(field.upstream_url))
    what = f"resident memory with {names}, after a list of each"
    found = [Row("memory", what, "MiB", ours, peer, at_most(120, "figure"))]
    growth = await _abandoning(field.upstream_url, options.abandoned)
    what = f"growth after {options.abandoned} abandoned initialises, GETs and HEADs each"
    found.append(Row("memory", what, "MiB", Figure.of(OURS, [growth]), None, at_most(5, "figure")))
    return found


async def _serving(upstream: str) -> float:
    chosen = products(upstream)
    with ExitStack() as stack:
        server = serve(stack, chosen)
        await first_answer(server.running, server.endpoints[0])
        for product, endpoint in zip(chosen, server.endpoints, strict=True):
            connection = await Connection(endpoint).open()
            check_list(await connection.send(connection.list()), endpoint, product.tools)
            connection.abandon()
        return await _settled(server.running.pid)


def _importing() -> float:
    with subprocess.Popen(
        [sys.executable, "-c", f"{IMPORTED}; print(flush=True); input()"],
        env=environment(),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as child:
        assert child.stdout
        child.stdout.readline()
        size = resident_mib(child.pid)
        child.communicate(b"\n")
    return size


async def _settled(pid: int) -> float:
    """Resident memory once it no longer changes."""
    deadline, last, size = time.monotonic() + _PATIENCE_S, -1.0, resident_mib(pid)
    while size != last and time.monotonic() < deadline:
        await asyncio.sleep(2)
        last, size = size, resident_mib(pid)
    return size


async def _abandoning(upstream: str, times: int) -> float:
    """How much a server grows, in MiB, when clients open sessions and streams and are never heard of again."""
    with ExitStack() as stack:
        server = serve(stack, products(upstream))
        await first_answer(server.running, server.endpoints[0])
        await _abandon(server, WARM)
        before = await _settled(server.running.pid)
        await _abandon(server, times)
        return await _settled(server.running.pid) - before


async def _abandon(server: Served, times: int) -> None:
    endpoints = [Endpoint(each.url, "handshake", each.headers) for each in server.endpoints]
    for endpoint in endpoints:
        greeted = await Connection(endpoint).open()
        bare = Endpoint(endpoint.url, "plain", endpoint.headers)
        requests = (
            Connection(bare).request(HELLO),
            greeted.request({}, verb="GET"),
            greeted.request({}, verb="HEAD"),
        )
        for request in requests:
            left = iter(range(times // len(endpoints)))
            await asyncio.gather(*(_clients(bare, request, left.__next__) for _ in range(CLIENTS)))
            server.running.check()
        greeted.abandon()


async def _clients(endpoint: Endpoint, request: bytes, take: Callable[[], int]) -> None:
    """One client after the other, each on a connection of its own, until `take` has no more."""
    try:
        while True:
            take()
            connection = await Connection(endpoint).open()
            await connection.head_of(request)
            connection.abandon()
    except StopIteration:
        return
