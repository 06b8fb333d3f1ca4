"""Load on a running server, and what it answered with: throughput, latency, processor time."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from itertools import cycle, islice, repeat

from benchmarks.contenders import Contender
from benchmarks.processes import cpu_seconds
from benchmarks.wire import Answer, Connection, check_call, check_list

_TICK_S = 0.02
_LONGEST_S = 30.0
_ENOUGH = 2
"""A window is not closed before each client has had this many answers."""


@dataclass(frozen=True)
class Load:
    """What one window of load saw."""

    latencies: tuple[float, ...]
    seconds: float
    server_cpu_s: float

    @property
    def per_second(self) -> float:
        return len(self.latencies) / self.seconds

    @property
    def cpu_ms(self) -> float:
        """Processor time of the server for one request."""
        return self.server_cpu_s / len(self.latencies) * 1000

    def percentile_ms(self, share: float) -> float:
        return self.latencies[min(int(len(self.latencies) * share), len(self.latencies) - 1)] * 1000


async def calls(contender: Contender, clients: int, seconds: float) -> Load:
    """`tools/call` from that many clients at once, each on its own connection, round the called tools."""
    return await _load(contender, [await _caller(contender, number) for number in range(clients)], seconds)


async def lists(contender: Contender, clients: int, seconds: float) -> Load:
    """The full `tools/list`, likewise."""
    return await _load(contender, [await _lister(contender) for _ in range(clients)], seconds)


async def _caller(contender: Contender, number: int) -> _Client:
    connection = await Connection(contender.endpoint).open()
    requests = [connection.call(name, arguments) for name, arguments in contender.catalogue.calls]
    return _Client(connection, islice(cycle(requests), number, None), partial(check_call, endpoint=contender.endpoint))


async def _lister(contender: Contender) -> _Client:
    connection = await Connection(contender.endpoint).open()
    check = partial(check_list, endpoint=contender.endpoint, tools=contender.catalogue.size)
    return _Client(connection, repeat(connection.list()), check)


@dataclass(frozen=True)
class _Client:
    connection: Connection
    requests: Iterator[bytes]
    check: Callable[[Answer], None]

    async def send(self) -> float:
        """Seconds until the answer to the next request, which is checked after the clock has stopped."""
        start = time.perf_counter()
        answer = await self.connection.send(next(self.requests))
        taken = time.perf_counter() - start
        self.check(answer)
        return taken


async def _load(contender: Contender, clients: list[_Client], seconds: float) -> Load:
    """Let all clients send without a pause, and look at what they got in one window."""
    seen: list[float] = []
    warm: set[int] = set()
    all_warm = asyncio.Event()

    async def go_on(number: int, client: _Client) -> None:
        while True:
            taken = await client.send()
            warm.add(number)
            if len(warm) == len(clients):
                all_warm.set()
            seen.append(taken)

    async with asyncio.TaskGroup() as group:
        workers = [group.create_task(go_on(number, client)) for number, client in enumerate(clients)]
        await all_warm.wait()  # what is opened or imported on first use is not measured
        seen.clear()
        cpu, start, passed = cpu_seconds(contender.running.pid), time.perf_counter(), 0.0
        while passed < seconds or (len(seen) < len(clients) * _ENOUGH and passed < _LONGEST_S):
            await asyncio.sleep(_TICK_S)
            passed = time.perf_counter() - start
        load = Load(tuple(sorted(seen)), passed, cpu_seconds(contender.running.pid) - cpu)
        for worker in workers:
            worker.cancel()
    for client in clients:
        client.connection.abandon()
    if not load.latencies:
        raise TimeoutError(f"{contender.label} answered nothing in {passed:.0f} s")
    return load
