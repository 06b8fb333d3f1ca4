"""The pages as data: fenced blocks, tables, inline code, headings and links."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
PAGES = [ROOT / "README.md", *(page for page in sorted(DOCS.rglob("*.md")) if DOCS / "reference" not in page.parents)]
"""Pages whose blocks are run; `docs/reference` is generated."""
ALL_PAGES = [*sorted(ROOT.glob("*.md")), *sorted(DOCS.rglob("*.md"))]

_FENCE = re.compile(r"^```(\S*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_CODE = re.compile(r"(`+)(.+?)\1")


@dataclass(frozen=True)
class Block:
    """A fenced block. `before` is the last line of text above it."""

    page: str
    line: int
    language: str
    text: str
    before: str

    def __str__(self) -> str:
        return f"{self.page}:{self.line}"


def blocks(*languages: str) -> list[Block]:
    """The fenced blocks of all pages, of these languages or of any."""
    return [block for page in PAGES for block in _blocks(page) if not languages or block.language in languages]


def _blocks(page: Path) -> Iterator[Block]:
    text = page.read_text(encoding="utf-8")
    for match in _FENCE.finditer(text):
        above = text[: match.start()].rstrip().splitlines()
        line = text.count("\n", 0, match.start()) + 1
        yield Block(name_of(page), line, match[1], match[2], above[-1] if above else "")


def table(page: str, heading: str) -> list[list[str]]:
    """The rows of the first table below a heading that has `heading` as its text, as cells."""
    section = (ROOT / page).read_text(encoding="utf-8").split(f"# {heading}\n", 1)[1]
    lines = section.splitlines()
    start = next(number for number, line in enumerate(lines) if line.startswith("|")) + 2
    rows: list[list[str]] = []
    for line in lines[start:]:
        if not line.startswith("|"):
            break
        rows.append([cell.strip() for cell in line.strip("|").split("|")])
    return rows


def prose(page: Path) -> str:
    """The page without its fenced blocks."""
    return _FENCE.sub("", page.read_text(encoding="utf-8"))


def inline_code(text: str) -> list[str]:
    return [match[2].strip() for match in _CODE.finditer(text)]


def links(page: Path) -> list[str]:
    """The targets of the page's links, those in code left out."""
    return re.findall(r"\[[^\]]*\]\(([^)\s]+)\)", _CODE.sub("code", prose(page)))


def anchors(page: Path) -> set[str]:
    """What the headings are called in an address, and what the page names itself."""
    text = prose(page)
    headings = re.findall(r"^#+ (.+?)\s*$", text, re.MULTILINE)
    return {_slug(heading) for heading in headings} | set(re.findall(r'<a (?:id|name)="([^"]+)"', text))


def _slug(heading: str) -> str:
    return re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")


def name_of(page: Path) -> str:
    return page.relative_to(ROOT).as_posix()
