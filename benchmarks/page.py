"""docs/benchmarks.md and its charts, from the newest file of results.

uv run python -m benchmarks.page
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import groupby
from pathlib import Path
from typing import Any

from benchmarks.catalogue import ROOT
from benchmarks.charts import bars
from benchmarks.contenders import UPSTREAM
from benchmarks.figures import Figure, Row
from benchmarks.report import RESULTS, load, table

PAGE = Path("docs/benchmarks.md")
CHARTS = Path("docs/benchmarks")
_FEWEST = 3
"""Peers that make a chart worth its place."""


def write() -> None:
    """Write the page and its charts anew."""
    newest = max(RESULTS.glob("20*.json"))
    for path, text in files(newest.name, *load(newest)).items():
        target = ROOT / path
        target.parent.mkdir(exist_ok=True)
        target.write_text(text, encoding="utf-8")


def files(source: str, machine: dict[str, Any], rows: Sequence[Row]) -> dict[Path, str]:
    """The texts of the page and its charts by path."""
    charts = {}
    for (what, unit), found in groupby(rows, lambda row: (row.what, row.unit)):
        same = list(found)
        figures = [Figure("Toolpress", same[0].ours.median, same[0].ours.low, same[0].ours.high)]
        # The upstream stands in the table alone: beside it no bar of a server could be told from another.
        figures += [row.peer for row in same if row.peer and row.peer.label != UPSTREAM]
        if len(figures) > _FEWEST:
            name = re.sub(r"[^a-z0-9]+", "-", what.lower()).strip("-")
            charts[CHARTS / f"{name}.svg"] = (what, bars(what, unit, figures))
    packages = ", ".join(f"{name} {version}" for name, version in machine["packages"].items())
    images = "\n".join(f"![{what}]({path.relative_to('docs')})\n" for path, (what, _) in charts.items())
    page = f"""# Benchmarks

Ratios count, absolute figures belong to the machine. \
How it is measured, and what each contender does: [benchmarks/README.md](../benchmarks/README.md). \
This page is printed from [{source}](../benchmarks/results/{source}) by `nox -s bench -- --save`.

- **Machine**: {machine["cores"]} cores of {machine["processor"]}, {machine["memory_gib"]} GiB, \
{machine["system"]}, load {machine["load_before"]} before the run.
- **Versions**: commit {machine["commit"]}, Python {machine["python"]}, Node {machine["node"]}, {packages}.

{images}
Behind each median stand the lowest and the highest round.

{table(rows)}"""
    return {PAGE: page, **{path: text for path, (_, text) in charts.items()}}


if __name__ == "__main__":
    write()
