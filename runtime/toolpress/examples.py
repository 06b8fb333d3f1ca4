"""The calls that a catalogue's manifests promise: which succeed, and which fail with which code."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from toolpress.contract import JsonObject


@dataclass(frozen=True, slots=True)
class Case:
    """One promised call. `code` is None when it must succeed; `role` None stands for the highest."""

    tool: str
    arguments: JsonObject
    code: str | None = None
    role: str | None = None
    revoked: bool = False


def cases(sandbox: JsonObject) -> list[Case]:
    """All cases of a `sandbox.json`, in catalogue order."""
    return [case for operation in sandbox.get("operations", ()) for case in _of(operation)]


def _of(operation: JsonObject) -> Iterator[Case]:
    name = operation["name"]
    for example in operation.get("examples") or ():
        yield Case(name, dict(example.get("input") or {}))
    for code, declared in (operation.get("errors") or {}).items():
        example = _example(declared)
        if example is not None:
            yield Case(
                name,
                dict(example.get("input") or {}),
                code=code,
                role=example.get("role"),
                revoked=example.get("key") == "revoked",
            )


def _example(declared: Any) -> JsonObject | None:
    example = declared.get("example") if isinstance(declared, dict) else None
    return example if isinstance(example, dict) else None
