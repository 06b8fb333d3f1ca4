"""The page of the soak is what its results say, and a bad result is told as one."""

from __future__ import annotations

import json
from typing import Any

import pytest

from benchmarks import soak_page

WELL: dict[str, Any] = {
    "minutes": 1,
    "samples": [{"at": at, "rss_mib": 100 + at % 3} for at in range(0, 80, 2)],
    "outcomes": {"calm": {"ok": 100}, "down": {"UPSTREAM_UNAVAILABLE": 10}},
    "stuck": 0,
    "sockets_before": 3,
    "sockets_after": 4,
}


def test_page_and_chart_are_those_of_the_results() -> None:
    soak = json.loads(soak_page.RESULTS.read_text(encoding="utf-8"))
    assert soak["verdicts"] == soak_page.judge(soak)
    assert soak_page.PAGE.read_text(encoding="utf-8") == soak_page.page(soak)
    assert soak_page.CHART.read_text(encoding="utf-8") == soak_page.chart(soak)


def bad(soak: dict[str, Any]) -> list[str]:
    return [verdict["what"] for verdict in soak_page.judge(soak) if not verdict["good"]]


@pytest.mark.parametrize(
    ("changed", "found"),
    [
        ({}, []),
        ({"samples": [{"at": at, "rss_mib": 100 + at / 5} for at in range(0, 80, 2)]}, ["growth of memory"]),
        ({"stuck": 1}, ["calls without an end"]),
        ({"sockets_after": 9}, ["open sockets at rest"]),
        ({"outcomes": {"calm": {"ok": 100, "http 500": 1}}}, ["errors while the upstream was well"]),
    ],
)
def test_a_bad_result_is_told(changed: dict[str, Any], found: list[str]) -> None:
    assert [what.removesuffix(" over the second half") for what in bad({**WELL, **changed})] == found
