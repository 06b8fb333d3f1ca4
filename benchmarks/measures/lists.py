"""The full `tools/list`, asked for by one client."""

from __future__ import annotations

from functools import partial

from benchmarks.contenders import FUNCTIONS, LOW_LEVEL, OURS, SIZE, STOCK, TUNED, TYPESCRIPT, Field
from benchmarks.figures import Figure, Limit, Row, at_least, at_most, interleaved
from benchmarks.load import Load, lists
from benchmarks.options import Options
from benchmarks.wire import Wire

TIMES: dict[str, Limit | None] = {
    STOCK: at_most(1 / 50),
    TUNED: at_most(1 / 50),
    FUNCTIONS: None,
    LOW_LEVEL: None,
    TYPESCRIPT: None,
}
ERAS: dict[Wire, str] = {"modern": "2026-07-28", "handshake": "handshake"}


async def rows(field: Field, options: Options) -> list[Row]:
    found: list[Row] = []
    for wire, era in ERAS.items():
        contenders = {label: await field.contender(label, wire) for label in (OURS, *TIMES)}
        loads = await interleaved(
            options.rounds, {label: partial(lists, one, 1, options.seconds) for label, one in contenders.items()}
        )
        times = {label: Figure.of(label, [load.percentile_ms(0.5) for load in seen]) for label, seen in loads.items()}
        rates = {label: Figure.of(label, [_rate(load) for load in seen]) for label, seen in loads.items()}
        what = f"full tools/list of {SIZE} tools, p50, {era}"
        modern = wire == "modern"
        found += [
            Row("lists", what, "ms", times[OURS], times[peer], limit if modern else None)
            for peer, limit in TIMES.items()
        ]
        what = f"full tools/list of {SIZE} tools, one client, {era}"
        found.append(Row("lists", what, "lists/s", rates[OURS], rates[TYPESCRIPT], at_least(2) if modern else None))
        if modern:
            found.append(Row("lists", what, "lists/s", rates[OURS], None, at_least(300, "figure")))
    return found


def _rate(load: Load) -> float:
    """Lists in a second of waiting for them; the client's own work between two is not the server's."""
    return len(load.latencies) / sum(load.latencies)
