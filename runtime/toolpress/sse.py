"""Read a finished stream of server-sent events."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass

_LINE_END = re.compile(r"\r\n|\r|\n")


@dataclass(frozen=True, slots=True)
class Event:
    """One event; `data` is its data lines joined by line feeds."""

    name: str
    data: str


def parse(text: str) -> Iterator[Event]:
    """The events of a stream in order.

    An event whose closing blank line is missing counts only if its data is whole JSON: the stream may have been cut.
    """
    name, data = "", list[str]()
    for line in _LINE_END.split(text.removeprefix("\ufeff")):
        if not line:
            if data:
                yield Event(name or "message", "\n".join(data))
            name, data = "", []
            continue
        field, _, value = line.partition(":")
        value = value.removeprefix(" ")
        if field == "event":
            name = value
        elif field == "data":
            data.append(value)
    if data and _is_json("\n".join(data)):
        yield Event(name or "message", "\n".join(data))


def _is_json(text: str) -> bool:
    try:
        json.loads(text)
    except (ValueError, RecursionError):
        return False
    return True
