"""Measure Toolpress beside its peers; rounds are interleaved, medians told with their spread.

uv run nox -s bench -- [--rounds N] [--seconds S] [--only MEASURE] [--save]
"""

from __future__ import annotations

import argparse
import asyncio
import sys
from datetime import UTC, datetime
from importlib import import_module
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks import page
from benchmarks.contenders import Field
from benchmarks.figures import Row
from benchmarks.machine import describe
from benchmarks.options import Options
from benchmarks.processes import pin_client
from benchmarks.report import RESULTS, save, table

MEASURES = ("lists", "calls", "storm", "sizes", "start", "memory", "press")


async def measure(names: list[str], options: Options, folder: Path) -> list[Row]:
    rows: list[Row] = []
    for name in names:
        print(f"measuring {name}", file=sys.stderr, flush=True)
        async with Field(folder) as field:
            rows += await import_module(f"benchmarks.measures.{name}").rows(field, options)
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--rounds", type=int, default=Options.rounds)
    parser.add_argument("--seconds", type=float, default=Options.seconds, help="length of one window of load")
    parser.add_argument("--abandoned", type=int, default=Options.abandoned, help="clients that vanish, of each sort")
    parser.add_argument("--only", action="append", choices=MEASURES, help="this measure; may be given again")
    parser.add_argument("--folder", type=Path, help="keep the pressed catalogues here for further runs")
    parser.add_argument("--save", action="store_true", help="write results/<today>.json, docs/benchmarks.md and charts")
    words = parser.parse_args()
    machine = describe()
    pin_client()
    options = Options(words.rounds, words.seconds, words.abandoned)
    with TemporaryDirectory(prefix="toolpress-bench-") as own:
        rows = asyncio.run(measure(words.only or list(MEASURES), options, words.folder or Path(own)))
    print(table(rows, commands=False), end="")
    if words.save:
        save(RESULTS / f"{datetime.now(UTC):%Y-%m-%d}.json", machine, rows)
        page.write()


if __name__ == "__main__":
    main()
