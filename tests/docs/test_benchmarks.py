"""The page of the benchmarks and its charts are what the newest results say."""

from __future__ import annotations

from benchmarks import page
from benchmarks.catalogue import ROOT
from benchmarks.report import RESULTS, load


def test_page_and_charts_are_those_of_the_newest_results() -> None:
    newest = max(RESULTS.glob("20*.json"))
    texts = page.files(newest.name, *load(newest))
    assert {path: (ROOT / path).read_text(encoding="utf-8") for path in texts} == texts
    assert {path.relative_to(ROOT) for path in (ROOT / page.CHARTS).iterdir()} == texts.keys() - {page.PAGE}
