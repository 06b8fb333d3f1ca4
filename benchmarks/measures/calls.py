"""`tools/call` with its upstream request, from 16 clients: throughput, and what it costs the server."""

from __future__ import annotations

from functools import partial

from benchmarks.contenders import FUNCTIONS, LOW_LEVEL, OURS, STOCK, TUNED, TYPESCRIPT, UPSTREAM, Field
from benchmarks.figures import Figure, Limit, Row, at_least, at_most, interleaved
from benchmarks.load import calls
from benchmarks.measures.lists import ERAS
from benchmarks.options import Options

CLIENTS = 16
RATES: dict[str, Limit | None] = {
    TUNED: at_least(5),
    STOCK: at_least(50),
    TYPESCRIPT: at_least(1),
    FUNCTIONS: None,
    LOW_LEVEL: None,
    UPSTREAM: None,
}
COSTS = {UPSTREAM: at_most(1, "figure")}
"""The limit is of our own figure, so it stands once."""


async def rows(field: Field, options: Options) -> list[Row]:
    found: list[Row] = []
    for wire, era in ERAS.items():
        modern = wire == "modern"
        labels = [label for label in (OURS, *RATES) if label != UPSTREAM]
        contenders = {label: await field.contender(label, wire) for label in labels} | {UPSTREAM: field.upstream}
        loads = await interleaved(
            options.rounds,
            {label: partial(calls, one, CLIENTS, options.seconds) for label, one in contenders.items()},
        )
        rates = {label: Figure.of(label, [load.per_second for load in seen]) for label, seen in loads.items()}
        costs = {label: Figure.of(label, [load.cpu_ms for load in seen]) for label, seen in loads.items()}
        what = f"tools/call with its upstream request, {CLIENTS} clients, {era}"
        found += [
            Row("calls", what, "calls/s", rates[OURS], rates[peer], limit if modern else None)
            for peer, limit in RATES.items()
        ]
        what = f"the server's processor time for a call, {CLIENTS} clients, {era}"
        found += [
            Row("calls", what, "ms", costs[OURS], costs[peer], COSTS.get(peer) if modern else None) for peer in RATES
        ]
    return found
