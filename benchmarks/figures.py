"""Figures with their spread, compared with a peer's and with a limit."""

from __future__ import annotations

import asyncio
import statistics
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from typing import Any, Literal, ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")


@dataclass(frozen=True)
class Figure:
    """What one contender needed or did: the median of the rounds, the lowest and the highest."""

    label: str
    median: float
    low: float
    high: float

    @classmethod
    def of(cls, label: str, values: Sequence[float]) -> Figure:
        return cls(label, statistics.median(values), min(values), max(values))


@dataclass(frozen=True)
class Limit:
    """What is to be reached, by the figure itself or by its ratio to the peer's."""

    of: Literal["figure", "ratio"]
    bound: Literal["at most", "at least"]
    value: float

    def holds(self, figure: float) -> bool:
        return figure <= self.value if self.bound == "at most" else figure >= self.value


@dataclass(frozen=True)
class Row:
    """One line of the table."""

    measure: str
    """The module of `benchmarks.measures` that makes it."""
    what: str
    unit: str
    ours: Figure
    peer: Figure | None = None
    limit: Limit | None = None

    @property
    def ratio(self) -> float | None:
        return self.ours.median / self.peer.median if self.peer and self.peer.median else None

    @property
    def met(self) -> bool | None:
        """Whether the limit holds; None without one."""
        if self.limit is None:
            return None
        value = self.ours.median if self.limit.of == "figure" else self.ratio
        return value is not None and self.limit.holds(value)

    @property
    def command(self) -> str:
        """What reproduces the line."""
        return f"uv run nox -s bench -- --only {self.measure}"

    def as_json(self) -> dict[str, Any]:
        return {**asdict(self), "ratio": self.ratio, "met": self.met, "command": self.command}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Row:
        return cls(
            data["measure"],
            data["what"],
            data["unit"],
            Figure(**data["ours"]),
            Figure(**data["peer"]) if data["peer"] else None,
            Limit(**data["limit"]) if data["limit"] else None,
        )


def at_most(value: float, of: Literal["figure", "ratio"] = "ratio") -> Limit:
    return Limit(of, "at most", value)


def at_least(value: float, of: Literal["figure", "ratio"] = "ratio") -> Limit:
    return Limit(of, "at least", value)


def blocking(work: Callable[P, T], *words: P.args, **more: P.kwargs) -> Callable[[], Awaitable[T]]:
    """A sample that starts a process and waits for it."""
    return partial(asyncio.to_thread, work, *words, **more)


async def interleaved(rounds: int, samples: Mapping[str, Callable[[], Awaitable[T]]]) -> dict[str, list[T]]:
    """Take every sample once a round, each round beginning with another; a first round warms up and is dropped."""
    found: dict[str, list[T]] = {label: [] for label in samples}
    order = list(samples)
    for _ in range(rounds + 1):
        for label in order:
            found[label].append(await samples[label]())
        order = order[1:] + order[:1]
    return {label: values[1:] for label, values in found.items()}
