"""Whether a call costs more where there are more tools."""

from __future__ import annotations

from functools import partial

from benchmarks.catalogue import CALLED
from benchmarks.contenders import OURS, SIZE, Field
from benchmarks.figures import Figure, Row, at_most, interleaved
from benchmarks.load import calls
from benchmarks.options import Options

MORE = (SIZE, 2000)


async def rows(field: Field, options: Options) -> list[Row]:
    contenders = {size: await field.contender(OURS, size=size) for size in (CALLED, *MORE)}
    loads = await interleaved(
        options.rounds,
        {f"{size} tools": partial(calls, one, 1, options.seconds) for size, one in contenders.items()},
    )
    times = {label: Figure.of(label, [load.percentile_ms(0.5) for load in seen]) for label, seen in loads.items()}
    few = times[f"{CALLED} tools"]
    what = "tools/call, one client, p50, by the size of the catalogue"
    return [Row("sizes", what, "ms", times[f"{size} tools"], few, at_most(1.1)) for size in MORE]
