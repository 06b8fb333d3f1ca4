"""The manifest entry of a page becomes a working tool by the steps that the page names."""

from __future__ import annotations

import re
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from tests.docs.commands import Command, Place
from tests.docs.pages import ROOT, Block, blocks
from tests.docs.runners import ends


@pytest.mark.parametrize("block", blocks("yaml"), ids=str)
def test_entry(block: Block, place: Place, tmp_path_factory: pytest.TempPathFactory) -> None:
    root = tmp_path_factory.mktemp("checkout")
    for folder in ("specs", "generated", "docs/reference"):
        shutil.copytree(ROOT / folder, root / folder)
    name, category = entry_facts(block.text)
    manifest = root / block.before.split("`")[1]
    manifest.write_text(manifest.read_text(encoding="utf-8").rstrip() + "\n" + block.text, encoding="utf-8")
    raise_size(manifest.with_name("server.yaml"), category)

    there = replace(place, folder=root)
    ends(Command(("toolpress", "lint")), there)
    ends(Command(("toolpress", "generate")), there)
    drive = Command(
        ("toolpress", "drive", "zihin", "--sandbox", "--tool", name), {"PYTHONPATH": str(root / "generated")}
    )
    ends(drive, there)
    for made in ("tools/agents.py", "tools.json", "sandbox.json", "openapi.json", "tools.lock"):
        assert name in (root / "generated/toolpress_catalogs/zihin" / made).read_text(encoding="utf-8")
    assert f"#{name}" in (root / "docs/reference/zihin/README.md").read_text(encoding="utf-8")


def entry_facts(text: str) -> tuple[str, str]:
    """The tool's name and category."""
    name, category = (re.search(rf"{word}: ([\w-]+)$", text, re.MULTILINE) for word in ("name", "category"))
    assert name
    assert category
    return name[1], category[1]


def raise_size(server: Path, category: str) -> None:
    text = server.read_text(encoding="utf-8")
    raised = re.sub(rf"^(  {category}: .*size: )(\d+)", lambda m: f"{m[1]}{int(m[2]) + 1}", text, flags=re.MULTILINE)
    assert raised != text
    server.write_text(raised, encoding="utf-8")
