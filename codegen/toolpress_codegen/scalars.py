"""What a plain YAML word means: the core schema of YAML 1.2, so `no`, `on` and 2026-01-01 stay strings."""

from __future__ import annotations

import math
import re

Scalar = str | int | float | bool | None

_NULLS = frozenset({"", "~", "null", "Null", "NULL"})
_BOOLEANS = {"true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False}
_INTEGER = re.compile(r"[-+]?[0-9]+")
_RADIX = re.compile(r"0o[0-7]+|0x[0-9a-fA-F]+")
_FLOAT = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?")
_SPECIAL = re.compile(r"[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)")
_DIGITS = 30


class UnportableNumberError(ValueError):
    """A number that JSON or a 64-bit client cannot hold."""


def plain(text: str) -> Scalar:
    """The value of an unquoted scalar; raises UnportableNumberError."""
    if text in _NULLS:
        return None
    if text in _BOOLEANS:
        return _BOOLEANS[text]
    if _INTEGER.fullmatch(text) or _RADIX.fullmatch(text):
        return _integer(text)
    if _SPECIAL.fullmatch(text):
        raise UnportableNumberError(text)
    if _FLOAT.fullmatch(text):
        number = float(text)
        if not math.isfinite(number):
            raise UnportableNumberError(text)
        return number
    return text


def _integer(text: str) -> int:
    if len(text) > _DIGITS:
        raise UnportableNumberError(text)
    number = int(text, 0) if text.startswith(("0o", "0x")) else int(text)
    if not -(2**63) <= number < 2**63:
        raise UnportableNumberError(text)
    return number
