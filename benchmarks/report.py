"""Rows as a Markdown table and as JSON."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from benchmarks.figures import Figure, Limit, Row

RESULTS = Path(__file__).parent / "results"
_HEAD = ("What", "Toolpress", "Peer", "Ratio", "Target", "Reproduce with")


def table(rows: Iterable[Row], commands: bool = True) -> str:
    """The rows as Markdown; without commands it fits a terminal."""
    width = len(_HEAD) if commands else len(_HEAD) - 1
    lines = [_HEAD[:width], ("---",) * width, *(_cells(row)[:width] for row in rows)]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def _cells(row: Row) -> tuple[str, ...]:
    peer = f"{row.peer.label}: {spread(row.peer, row.unit)}" if row.peer else "–"
    return (
        row.what,
        spread(row.ours, row.unit),
        peer,
        f"{number(row.ratio)}x" if row.ratio is not None else "–",
        f"{_target(row.limit, row.unit)} {'✓' if row.met else '✗'}" if row.limit else "–",
        f"`{row.command}`",
    )


def spread(figure: Figure, unit: str) -> str:
    """The median, and the lowest and highest if there was more than one round."""
    around = f" ({number(figure.low)}–{number(figure.high)})" if figure.low != figure.high else ""
    return f"{number(figure.median)} {unit}{around}"


def _target(limit: Limit, unit: str) -> str:
    sign = "≤" if limit.bound == "at most" else "≥"
    return f"{sign} {number(limit.value)}{'x' if limit.of == 'ratio' else f' {unit}'}"


def number(value: float) -> str:
    """Three digits that count, and never an exponent."""
    if value and abs(value) < 0.1:
        return f"{value:.3f}"
    if abs(value) < 10:
        return f"{value:.2f}".rstrip("0").rstrip(".")
    return f"{value:.1f}".rstrip("0").rstrip(".") if abs(value) < 100 else f"{value:,.0f}"


def save(file: Path, machine: dict[str, Any], rows: Sequence[Row]) -> None:
    """Write the figures; rows of measures that were not run now stay as they were."""
    ran = {row.measure for row in rows}
    kept = [row for row in load(file)[1] if row.measure not in ran] if file.exists() else []
    file.parent.mkdir(exist_ok=True)
    data = {"machine": machine, "rows": [row.as_json() for row in (*kept, *rows)]}
    file.write_text(json.dumps(data, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def load(file: Path) -> tuple[dict[str, Any], list[Row]]:
    data = json.loads(file.read_text(encoding="utf-8"))
    return data["machine"], [Row.from_json(row) for row in data["rows"]]
