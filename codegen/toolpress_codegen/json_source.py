"""One JSON file (a contract) as plain data; pure, and never raises."""

from __future__ import annotations

import json
import math
from typing import Any

from toolpress_codegen.diagnostics import Diagnostic, one_line
from toolpress_codegen.source_file import BOM, BOM_FAULT, SourceFile, UnusableError, decode, unprintable


def read_json(file: str, raw: bytes) -> SourceFile:
    """Parse one object. Its inner places are not kept."""
    try:
        if raw.startswith(BOM):
            raise UnusableError(*BOM_FAULT)
        data = _object(decode(raw))
        return SourceFile(file, "", data)
    except UnusableError as problem:
        rule, spot, message, hint = problem.fault
        return SourceFile(file, "", None, {}, (Diagnostic(file, *spot, rule, one_line(message), hint),))


def _object(text: str) -> dict[str, Any]:
    hint = "correct the file; it holds one JSON object"
    try:
        data = json.loads(text, object_pairs_hook=_unique, parse_constant=_refused, parse_float=_finite)
        odd = unprintable(json.dumps(data, ensure_ascii=False))
    except json.JSONDecodeError as error:
        raise UnusableError("contract", (error.lineno, error.colno), f"not JSON: {error.msg}", hint) from error
    except (ValueError, RecursionError) as error:
        raise UnusableError("contract", (1, 1), f"not JSON for every reader: {error}", hint) from error
    if not isinstance(data, dict):
        raise UnusableError("contract", (1, 1), "the file is not a JSON object", hint)
    if odd:
        message = f"the text holds U+{ord(odd[0]):04X}"
        raise UnusableError("yaml-encoding", (1, 1), message, "leave control characters out")
    return data


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise ValueError(f"key {twice!r} stands twice")
    return found


def _refused(word: str) -> float:
    raise ValueError(f"{word} is not a JSON number")


def _finite(text: str) -> float:
    number = float(text)
    return number if math.isfinite(number) else _refused(text)
