"""A file as read: its text, its data, and the place of every key and value."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from toolpress_codegen.diagnostics import Diagnostic

DataPath = tuple[str | int, ...]
Spot = tuple[int, int]
At = Literal["key", "value"]

MAX_BYTES = 1_000_000

BOM = b"\xef\xbb\xbf"
BOM_FAULT = ("yaml-bom", (1, 1), "the file begins with a byte order mark", "save it as UTF-8 without BOM")
_UTF16 = (b"\xff\xfe", b"\xfe\xff")
# Beside what YAML forbids, the line ends of YAML 1.1 alone: its readers begin a line where editors show none.
_UNPRINTABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff\ufeff\ufffe\uffff]")
_BREAK = re.compile(r"\r\n?|\n")


@dataclass(frozen=True, slots=True)
class Place:
    """Line and column, from 1, of a value and of the key before it."""

    key: Spot
    value: Spot


@dataclass(frozen=True, slots=True)
class SourceFile:
    """A file as read. `data` is None when it could not be understood; then `faults` says why."""

    file: str
    text: str
    data: dict[str, Any] | None
    places: Mapping[DataPath, Place] = field(default_factory=dict, repr=False)
    faults: tuple[Diagnostic, ...] = ()
    digest: str = ""
    """Of its bytes, for files of `specs/`."""

    def spot(self, path: DataPath, at: At = "value") -> Spot:
        """Where `path` stands; for what is not written, where the nearest thing around it stands."""
        for length in range(len(path), -1, -1):
            place = self.places.get(path[:length])
            if place is not None:
                return place.value if at == "value" and length == len(path) else place.key
        return (1, 1)


class UnusableError(Exception):
    """The file cannot be read on: rule, spot, message, hint."""

    def __init__(self, rule: str, spot: Spot, message: str, hint: str) -> None:
        super().__init__(message)
        self.fault = (rule, spot, message, hint)


def decode(raw: bytes) -> str:
    """The text of a file without its byte order mark; raises UnusableError."""
    if len(raw) > MAX_BYTES:
        message = f"the file has more than {MAX_BYTES} bytes"
        raise UnusableError("yaml-size", (1, 1), message, "split it into smaller files")
    if raw.startswith(_UTF16) or b"\x00" in raw[:4]:
        raise UnusableError("yaml-encoding", (1, 1), "the file is UTF-16 or UTF-32", "save it as UTF-8")
    body = raw.removeprefix(BOM)
    try:
        text = body.decode("utf-8")
    except UnicodeDecodeError as error:
        spot = _end_of(body[: error.start].decode("utf-8"))
        message = f"byte 0x{body[error.start]:02x} is not UTF-8"
        raise UnusableError("yaml-encoding", spot, message, "save the file as UTF-8") from error
    odd = unprintable(text)
    if odd:
        message = f"the file holds U+{ord(odd[0]):04X}"
        raise UnusableError("yaml-encoding", _end_of(text[: odd.start()]), message, "leave control characters out")
    return text


def unprintable(text: str) -> re.Match[str] | None:
    """The first character that no manifest may hold, written or escaped."""
    return _UNPRINTABLE.search(text)


def _end_of(text: str) -> Spot:
    lines = _BREAK.split(text)
    return len(lines), len(lines[-1]) + 1
