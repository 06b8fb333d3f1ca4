"""Every lint rule has an example that keeps it and one that breaks it, and a paragraph of its own."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from toolpress_codegen.load import load_folder
from toolpress_codegen.rules import RULES
from toolpress_codegen.rules.page import rules_page
from toolpress_codegen.rules.rule import Rule
from toolpress_codegen.source_file import BOM, MAX_BYTES
from toolpress_codegen.validate import validate

EXAMPLES = Path(__file__).parent / "rules"
BASE = "_base"
PAGE = Path(__file__).parents[2] / "docs" / "lint-rules.md"
UPDATE = "run: pytest tests/codegen/test_rules.py --update-expected"
IDS = [rule.id for rule in RULES]


def _filled(size: int) -> bytes:
    return b"notes: []\n#".ljust(size, b"-")


WRITTEN: dict[str, tuple[Callable[[Path], object], Callable[[Path], object]]] = {
    "file-missing": (
        lambda folder: (folder / "server.yaml").touch(),
        lambda folder: (folder / "server.yaml").unlink(),
    ),
    "yaml-bom": (
        lambda folder: (folder / "sandbox.yaml").write_bytes(b"notes: []\n"),
        lambda folder: (folder / "sandbox.yaml").write_bytes(BOM + b"notes: []\n"),
    ),
    "yaml-size": (
        lambda folder: (folder / "sandbox.yaml").write_bytes(_filled(MAX_BYTES)),
        lambda folder: (folder / "sandbox.yaml").write_bytes(_filled(MAX_BYTES + 1)),
    ),
}
"""Examples, good and bad, that git or an editor would spoil."""


def faults(rule: str, kind: str, folder: Path) -> list[str]:
    """What lint says of an example: its files laid over those of the base."""
    catalog = folder / "desk"
    shutil.copytree(EXAMPLES / BASE, catalog)
    if rule in WRITTEN:
        WRITTEN[rule][kind == "bad"](catalog)
    else:
        shutil.copytree(EXAMPLES / rule / kind, catalog, dirs_exist_ok=True)
    return [str(fault) for fault in validate(load_folder(catalog, catalog))[1]]


def test_ids_are_unique() -> None:
    assert len(set(IDS)) == len(IDS)


@pytest.mark.parametrize("rule", IDS)
def test_good_example_has_no_fault(rule: str, tmp_path: Path) -> None:
    assert faults(rule, "good", tmp_path) == []


@pytest.mark.parametrize("rule", IDS)
def test_bad_example_breaks_its_rule_alone(rule: str, tmp_path: Path, request: pytest.FixtureRequest) -> None:
    found, file = faults(rule, "bad", tmp_path), EXAMPLES / rule / "expected"
    if request.config.getoption("--update-expected"):
        file.write_text("".join(f"{line}\n" for line in found), encoding="utf-8", newline="\n")
    assert found == file.read_text(encoding="utf-8").splitlines(), UPDATE
    assert found
    assert all(f" [{rule}] " in line for line in found)


@pytest.mark.parametrize("rule", RULES, ids=IDS)
def test_rule_is_explained(rule: Rule) -> None:
    assert rule.title.strip()
    assert rule.docs.strip().endswith(".")


def test_page_is_printed_from_the_rules(request: pytest.FixtureRequest) -> None:
    if request.config.getoption("--update-expected"):
        PAGE.write_text(rules_page(), encoding="utf-8", newline="\n")
    assert PAGE.read_text(encoding="utf-8") == rules_page(), UPDATE


def test_every_rule_has_its_examples() -> None:
    stored = {path.name for path in EXAMPLES.iterdir()} - {BASE}
    assert stored == set(IDS), "one folder for each rule"
    assert WRITTEN.keys() <= stored
    for rule in stored:
        parts = {path.name for path in (EXAMPLES / rule).iterdir()}
        assert parts == ({"expected"} if rule in WRITTEN else {"good", "bad", "expected"}), rule
