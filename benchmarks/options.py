"""How long and how often is measured."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Options:
    rounds: int = 5
    seconds: float = 1.5
    """The length of one window of load."""
    abandoned: int = 10_000
