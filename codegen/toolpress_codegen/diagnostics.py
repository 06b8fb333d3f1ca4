"""What lint says: one fault at one place of one file, with the way out."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

_LONGEST = 240


@dataclass(frozen=True, slots=True, order=True)
class Diagnostic:
    """Sorts by place. Lines and columns count from 1; `file` is relative to the project with `/` between folders."""

    file: str
    line: int
    column: int
    rule: str
    message: str
    hint: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column} [{self.rule}] {self.message} -> {self.hint}"


class UnpressableError(Exception):
    """What lint does not see stands in the way of faithful output; the message is for people."""


def one_line(text: str) -> str:
    """`text` without line breaks, cut to a length that still fits a terminal."""
    flat = " ".join(text.split())
    return flat if len(flat) <= _LONGEST else f"{flat[: _LONGEST - 3]}..."


def shown(value: Any, longest: int = 60) -> str:
    """A value of a manifest as JSON, cut when long."""
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= longest else f"{text[: longest - 3]}..."
