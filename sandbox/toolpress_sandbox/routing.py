"""Which operation a method and a path mean."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from urllib.parse import unquote

from toolpress_sandbox.definition import Address, OperationDef


@dataclass(frozen=True, slots=True)
class Match:
    """The operation, the decoded path values and, for a switch, the argument that the route stands for."""

    operation: OperationDef
    address: Address
    values: dict[str, str]


@dataclass(frozen=True, slots=True)
class Miss:
    """No operation. `allow` holds the methods that the path does know: empty means 404, else 405."""

    allow: tuple[str, ...] = ()


class Router:
    """Paths are compared segment by segment before decoding, so an encoded slash stays inside its value."""

    def __init__(self, operations: Iterable[OperationDef]) -> None:
        self._by_length: dict[int, list[tuple[tuple[str, ...], OperationDef, Address]]] = {}
        for operation in operations:
            for address in operation.addresses:
                segments = tuple(address.path.strip("/").split("/"))
                self._by_length.setdefault(len(segments), []).append((segments, operation, address))
        for rows in self._by_length.values():
            rows.sort(key=lambda row: tuple(_is_name(segment) for segment in row[0]))

    def match(self, method: str, raw_path: str) -> Match | Miss:
        """Literal segments win over names: `/csp/effective` is not the policy called "effective"."""
        segments = raw_path.lstrip("/").split("/")
        allow: list[str] = []
        for template, operation, address in self._by_length.get(len(segments), ()):
            values = _bind(template, segments)
            if values is None:
                continue
            if address.method == method:
                return Match(operation, address, values)
            allow.append(address.method)
        return Miss(tuple(sorted(set(allow))))


def _is_name(segment: str) -> bool:
    return segment.startswith("{")


def _bind(template: tuple[str, ...], segments: list[str]) -> dict[str, str] | None:
    values: dict[str, str] = {}
    for expected, actual in zip(template, segments, strict=True):
        if _is_name(expected):
            if not actual:
                return None
            values[expected[1:-1]] = unquote(actual)
        elif expected != unquote(actual):
            return None
    return values
