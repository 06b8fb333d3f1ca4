"""Agents can tell tools apart: near twins say when to use which."""

from __future__ import annotations

import re
from collections.abc import Iterator
from difflib import SequenceMatcher
from importlib.metadata import entry_points
from itertools import combinations

import pytest

from toolpress.catalog import CatalogIndex, find_catalog

CATALOGS = sorted(point.name for point in entry_points(group="toolpress.catalogs"))
CLOSE_NAMES = 0.8
CLOSE_WORDS = 0.5
SMALL_WORDS = frozenset(re.findall(r"\w+", "a an and as at by for from in is it its of on one or the this to use with"))


def told(index: CatalogIndex, name: str) -> str:
    """What the manifest's author wrote: the description without the closing lines of the press."""
    return re.split(r"\nRequired: ", str(index.listing(name)["description"]))[0]


def words(text: str) -> set[str]:
    return set(re.findall(r"[a-z]+", text.lower())) - SMALL_WORDS


def likeness(first: set[str], second: set[str]) -> float:
    """Jaccard: what is shared, of all there is."""
    return len(first & second) / len(first | second) if first | second else 1.0


def near_pairs(index: CatalogIndex) -> Iterator[tuple[str, str]]:
    """Pairs whose names differ little and whose descriptions share most of their words."""
    vocabulary = {tool.name: words(told(index, tool.name)) for tool in index.tools}
    for first, second in combinations(vocabulary, 2):
        if SequenceMatcher(None, first, second).ratio() < CLOSE_NAMES:
            continue
        if likeness(vocabulary[first], vocabulary[second]) >= CLOSE_WORDS:
            yield first, second


@pytest.mark.parametrize("name", CATALOGS)
def test_near_twins_name_each_other(name: str) -> None:
    index = CatalogIndex(find_catalog(name))
    silent = [
        f"{first} / {second}"
        for first, second in near_pairs(index)
        if second not in told(index, first) and first not in told(index, second)
    ]
    assert silent == [], "say in one of the two when to use the other"


def test_twins_are_found() -> None:
    """The measure itself: a plain copy under a neighbouring name is near, another subject is not."""
    assert likeness(words("List the tags of a contact."), words("List the tags of one contact.")) == 1.0
    assert likeness(words("List the tags of a contact."), words("Place a call to a number.")) < CLOSE_WORDS


@pytest.mark.parametrize("name", CATALOGS)
def test_no_two_tools_are_described_alike(name: str) -> None:
    index = CatalogIndex(find_catalog(name))
    texts: dict[str, str] = {}
    for tool in index.tools:
        text = " ".join(told(index, tool.name).split())
        assert texts.setdefault(text, tool.name) == tool.name, f"{tool.name} says what {texts[text]} says"
