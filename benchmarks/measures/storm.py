"""Calls while other clients do nothing but list."""

from __future__ import annotations

import asyncio
import sys
import time
from functools import partial

from benchmarks.contenders import OURS, TUNED, TYPESCRIPT, Contender, Field
from benchmarks.figures import Figure, Row, at_most, interleaved
from benchmarks.load import Load, calls
from benchmarks.options import Options
from benchmarks.processes import CLIENT_CORE, Running, started

LISTING = 16
CALLING = (1, 16)
LIMITED = 16
"""How many callers the limit is for."""


async def rows(field: Field, options: Options) -> list[Row]:
    contenders = [await field.contender(label) for label in (OURS, TUNED, TYPESCRIPT)]
    found: list[Row] = []
    for clients in CALLING:
        what = f"tools/call p99, {clients} calling, {LISTING} listing"
        ratios: dict[str, Figure] = {}
        for one in contenders:
            lists: list[float] = []
            loads = await interleaved(
                options.rounds,
                {
                    "quiet": partial(calls, one, clients, options.seconds),
                    "storm": partial(_in_storm, one, clients, options.seconds, lists),
                },
            )
            times = {label: Figure.of(label, [load.percentile_ms(0.99) for load in loads[label]]) for label in loads}
            if one.label == OURS:
                limit = at_most(2) if clients == LIMITED else None
                found.append(Row("storm", what, "ms", times["storm"], times["quiet"], limit))
                found.append(Row("storm", f"{what}: lists served", "lists/s", Figure.of(OURS, lists[1:])))
            pairs = zip(loads["storm"], loads["quiet"], strict=True)
            ratios[one.label] = Figure.of(one.label, [a.percentile_ms(0.99) / b.percentile_ms(0.99) for a, b in pairs])
        peers = (ratios[label] for label in (TUNED, TYPESCRIPT))
        found += [Row("storm", f"{what}: storm against quiet", "x", ratios[OURS], peer) for peer in peers]
    return found


async def _in_storm(contender: Contender, clients: int, seconds: float, lists: list[float]) -> Load:
    """The same load while a process of its own lists; `lists` is told how many it got a second."""
    command = [
        *(sys.executable, "-m", "benchmarks.lister"),
        *(contender.endpoint.url, str(contender.catalogue.size), str(LISTING)),
    ]
    with started(command, CLIENT_CORE) as lister:
        while _listed(lister) < LISTING:
            lister.check()
            await asyncio.sleep(0.01)
        before, start = _listed(lister), time.perf_counter()
        load = await calls(contender, clients, seconds)
        lists.append((_listed(lister) - before) / (time.perf_counter() - start))
        lister.check()
    return load


def _listed(lister: Running) -> int:
    """The lister writes one byte for each list."""
    return lister.log.stat().st_size
