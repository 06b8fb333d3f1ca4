"""The figures in the pages are those of the catalogues.

They stand between `<!-- figures:NAME -->` and `<!-- /figures -->`. To write them anew, for all pages:

    pytest tests/docs/test_figures.py --update-expected
"""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path
from typing import get_args

import pytest

from tests.docs.pages import PAGES, name_of
from tests.docs.products import PRODUCTS, Product
from toolpress.contract import Observed

MARK = re.compile(r"(<!-- figures:(\S+) -->)(.*?)(<!-- /figures -->)")
UPDATE = "run: pytest tests/docs/test_figures.py --update-expected"


def figures() -> dict[str, str]:
    longest = max(_longest_call_s(product) for product in PRODUCTS.values())
    believed = max(product.catalog.authentication.identity.ttl_s for product in PRODUCTS.values())
    found = {
        "longest-call": f"{longest:g} seconds",
        "identity-ttl": f"{believed:g} seconds",
        "session-lifetimes": ", ".join(f"{plan} {hours:g} hours" for plan, hours in _lifetimes()),
    }
    for name, product in PRODUCTS.items():
        tools = product.index.tools
        found[name] = f"{len(tools)} tools in {len({tool.module for tool in tools})} modules"
        seen = Counter(tool.observed for tool in tools)
        found[f"{name}-observed"] = ", ".join(f"{seen[word]} {word}" for word in get_args(Observed))
    return found


def _lifetimes() -> tuple[tuple[str, float], ...]:
    """Those of the one catalogue that has sessions."""
    [sessions] = [product.catalog.sessions for product in PRODUCTS.values() if product.catalog.sessions]
    return sessions.lifetime_hours


def _longest_call_s(product: Product) -> float:
    limit = product.catalog.limits.call_timeout_s
    return max(product.index.operation(tool).timeout_s or limit for tool in product.index.tools)


def filled(text: str, known: dict[str, str]) -> str:
    return MARK.sub(lambda mark: f"{mark[1]}{known[mark[2]]}{mark[4]}", text)


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_figures_of_a_page(page: Path, request: pytest.FixtureRequest) -> None:
    text, known = page.read_text(encoding="utf-8"), figures()
    assert {mark[2] for mark in MARK.finditer(text)} <= known.keys()
    if request.config.getoption("--update-expected"):
        page.write_text(filled(text, known), encoding="utf-8")
        return
    assert text == filled(text, known), UPDATE


def test_every_figure_stands_somewhere() -> None:
    marks = {mark[2] for page in PAGES for mark in MARK.finditer(page.read_text(encoding="utf-8"))}
    assert marks == figures().keys()


def test_a_figure_that_is_wrong_is_found() -> None:
    known = {"one": "1 tool"}
    assert filled("a <!-- figures:one -->9 tools<!-- /figures --> b", known) == (
        "a <!-- figures:one -->1 tool<!-- /figures --> b"
    )
