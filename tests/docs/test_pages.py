"""What holds for all pages: no block without a reader, no dead link, no command that does not exist."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.docs.commands import without_uv
from tests.docs.pages import ALL_PAGES, PAGES, ROOT, Block, anchors, blocks, inline_code, links, name_of, prose
from tests.docs.runners import RUNNERS
from toolpress.cli.parser import parse

READ = {"sh", "console", "python", "json", "toml", "yaml"}
"""Languages that a module of this folder runs or reads."""
PROGRAMS = {words[0] for words in RUNNERS} | {"uv", "$", "python"}


@pytest.mark.parametrize("block", blocks(), ids=str)
def test_every_block_is_run_or_is_a_drawing(block: Block) -> None:
    assert block.language in READ | {"text"}, f"nobody reads {block.language or 'a block without a language'}"
    if block.language == "text":
        assert not {line.split()[0] for line in block.text.splitlines() if line.strip()} & PROGRAMS, (
            "a command: write sh"
        )


@pytest.mark.parametrize("page", ALL_PAGES, ids=name_of)
def test_links_lead_somewhere(page: Path) -> None:
    for link in links(page):
        if re.match(r"[a-z]+:", link):
            continue
        path, _, anchor = link.partition("#")
        target = (page.parent / path).resolve() if path else page
        assert target.exists(), link
        assert not anchor or anchor in anchors(target), link


def mentioned() -> dict[str, tuple[str, ...]]:
    """Commands of our own tools that stand in the text of a page, by their place."""
    pages = [*PAGES, ROOT / "CONTRIBUTING.md"]
    found = {
        f"{name_of(page)}: {text}": without_uv(text.split()) for page in pages for text in inline_code(prose(page))
    }
    return {place: tuple(words) for place, words in found.items() if len(words) > 1 and words[0] in EXISTS}


def is_command(words: tuple[str, ...]) -> bool:
    try:
        parse([*words, "--help"] if len(words) == 1 else words)
    except SystemExit as end:
        return end.code == 0
    return True


def is_session(words: tuple[str, ...]) -> bool:
    """Of what follows `--`, the session itself is the judge."""
    own = words[: words.index("--")] if "--" in words else words
    text = (ROOT / "noxfile.py").read_text(encoding="utf-8")
    return own[0] == "-s" and set(own[1:]) <= set(re.findall(r"^def (\w+)\(session", text, re.MULTILINE))


def is_test(words: tuple[str, ...]) -> bool:
    return all((ROOT / word).exists() for word in words if not word.startswith("-"))


EXISTS = {"toolpress": is_command, "nox": is_session, "pytest": is_test}


@pytest.mark.parametrize("words", [pytest.param(words, id=place) for place, words in mentioned().items()])
def test_commands_in_the_text_exist(words: tuple[str, ...]) -> None:
    assert EXISTS[words[0]](words[1:])
