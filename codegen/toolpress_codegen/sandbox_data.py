"""The sandbox's data of a catalogue: `sandbox.yaml` and, where that grows long, the files in `sandbox/`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from toolpress_codegen.diagnostics import Diagnostic
from toolpress_codegen.source_file import DataPath, SourceFile


def merged(files: Iterable[SourceFile]) -> tuple[dict[str, Any], list[Diagnostic]]:
    """One mapping of all files: mappings are joined, lists appended; a value given twice is a fault."""
    data: dict[str, Any] = {}
    faults: list[Diagnostic] = []
    for file in sorted(files, key=lambda file: file.file):
        if file.data is not None:
            faults += _join(data, file.data, (), file)
    return data, faults


def _join(into: dict[str, Any], more: dict[str, Any], path: DataPath, file: SourceFile) -> Iterator[Diagnostic]:
    for name, value in more.items():
        known = into.get(name)
        if name not in into:
            into[name] = _copy(value)
        elif isinstance(known, dict) and isinstance(value, dict):
            yield from _join(known, value, (*path, name), file)
        elif isinstance(known, list) and isinstance(value, list):
            known += value
        else:
            line, column = file.spot((*path, name), "key")
            message, hint = f"{name} is given in another file too", "keep one of the two"
            yield Diagnostic(file.file, line, column, "sandbox-twice", message, hint)


def _copy(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _copy(item) for name, item in value.items()}
    return list(value) if isinstance(value, list) else value
