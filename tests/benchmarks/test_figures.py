"""What the benchmarks make of figures: limits, budgets, the table, the page; nothing is measured."""

from __future__ import annotations

import tomllib
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

from benchmarks.budget import FILE, over
from benchmarks.figures import Figure, Row, at_least, at_most, interleaved
from benchmarks.page import PAGE, files
from benchmarks.report import load, save

BUDGET = tomllib.loads(FILE.read_text(encoding="utf-8"))
MACHINE = {
    **dict.fromkeys(("processor", "memory_gib", "system", "load_before", "python", "node", "commit"), "?"),
    "cores": 2,
    "packages": {"fastmcp": "4"},
}


def row(ours: float, peer: float, **more: object) -> Row:
    return Row("lists", "a list", "ms", Figure.of("Toolpress", [ours]), Figure.of("<peer>", [peer]), **more)  # type: ignore[arg-type] # a limit


def test_what_is_within_its_budget_is_not_told() -> None:
    assert over({name: entry["most"] for name, entry in BUDGET.items()}, BUDGET) == []


@pytest.mark.parametrize("name", [name for name, entry in BUDGET.items() if entry["most"]])
def test_twice_its_budget_is_told_with_both_figures(name: str) -> None:
    measured = {other: entry["most"] for other, entry in BUDGET.items()} | {name: 2 * BUDGET[name]["most"]}
    (fault,) = over(measured, BUDGET)
    assert fault.startswith(f"{name}: {BUDGET[name]['what']}")
    assert fault.endswith(f"measured {measured[name]:g}, allowed {BUDGET[name]['most']:g}")


def test_a_budget_that_is_not_measured_is_an_error() -> None:
    with pytest.raises(KeyError):
        over({}, BUDGET)


@pytest.mark.parametrize(
    ("limit", "met"),
    [
        (at_most(0.5), True),
        (at_most(0.4), False),
        (at_least(0.6), False),
        (at_most(2, "figure"), True),
        (at_least(3, "figure"), False),
        (None, None),
    ],
)
def test_a_limit_is_held_against_the_figure_or_the_ratio(limit: object, met: bool | None) -> None:
    assert row(2, 4, limit=limit).met is met


async def test_rounds_begin_with_another_contender_and_the_first_is_dropped() -> None:
    order: list[str] = []

    async def sample(label: str) -> int:
        order.append(label)
        return len(order)

    found = await interleaved(2, {label: lambda label=label: sample(label) for label in "abc"})
    assert "".join(order) == "abcbcacab"
    assert found == {"a": [6, 8], "b": [4, 9], "c": [5, 7]}


def test_saving_replaces_only_the_measures_that_ran(tmp_path: Path) -> None:
    file = tmp_path / "results" / "day.json"
    kept = Row("press", "generate", "s", Figure.of("Toolpress", [1, 2, 3]))
    save(file, MACHINE, [row(1, 2), kept])
    save(file, MACHINE, [row(3, 4, limit=at_most(1))])
    assert load(file) == (MACHINE, [kept, row(3, 4, limit=at_most(1))])


def test_the_page_has_each_row_with_its_command_and_a_chart_of_many_peers() -> None:
    rows = [row(1, peer) for peer in (2, 3, 4)]
    made = files("day.json", MACHINE, rows)
    page = made.pop(PAGE)
    assert page.count("nox -s bench -- --only lists") == len(rows)
    ((path, chart),) = made.items()
    assert f"({path.relative_to('docs')})" in page
    bars = [each for each in ET.fromstring(chart).iter() if each.tag.endswith("rect")]
    assert len(bars) == 1 + len(rows)
