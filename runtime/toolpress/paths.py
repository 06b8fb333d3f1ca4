"""Dotted paths into JSON objects."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any


def lookup(value: Any, path: str) -> Any:
    """The member at `path` (`error.details.reason`), or None when any step is missing."""
    for step in path.split("."):
        if not isinstance(value, dict):
            return None
        value = value.get(step)
    return value


def first_text(value: Any, paths: Iterable[str]) -> str | None:
    """The first non-empty string found at one of the paths."""
    for path in paths:
        found = lookup(value, path)
        if isinstance(found, str) and found.strip():
            return found.strip()
    return None
