"""`{{stepN.field}}`: how the settings of a step take values from the steps before it."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from toolpress.contract import JsonObject
from toolpress_sandbox.mihu.answers import refused

NOWHERE = 0
"""Where a reference to a removed step points: no step has this position."""
_REFERENCE = re.compile(r"\{\{\s*step(\d+)\.([A-Za-z0-9_.]+)\s*\}\}")


def filled(config: JsonObject, results: Mapping[int, JsonObject]) -> JsonObject:
    """The settings with values in place of references; `results` holds what the steps before gave, by position.

    A text that is one reference becomes the value itself. Raises Refusal (422) for a reference without a value.
    """

    def fill(text: str) -> Any:
        whole = _REFERENCE.fullmatch(text)
        if whole:
            return _value(whole, results)
        return _REFERENCE.sub(lambda match: str(_value(match, results)), text)

    settings: JsonObject = _mapped(config, fill)
    return settings


def moved(config: JsonObject, positions: Mapping[int, int]) -> JsonObject:
    """The settings with references that follow their steps to new positions."""

    def follow(match: re.Match[str]) -> str:
        position = int(match[1])
        return f"{{{{step{positions.get(position, position)}.{match[2]}}}}}"

    settings: JsonObject = _mapped(config, lambda text: _REFERENCE.sub(follow, text))
    return settings


def _mapped(value: Any, change: Callable[[str], Any]) -> Any:
    """The value with every text in it changed."""
    if isinstance(value, str):
        return change(value)
    if isinstance(value, list):
        return [_mapped(item, change) for item in value]
    if isinstance(value, dict):
        return {name: _mapped(item, change) for name, item in value.items()}
    return value


def _value(match: re.Match[str], results: Mapping[int, JsonObject]) -> Any:
    found: Any = results.get(int(match[1]))
    if found is None:
        raise refused("config", f"refers to step{match[1]}, which is no earlier step with a kept test")
    for name in match[2].split("."):
        if not isinstance(found, dict) or name not in found:
            raise refused("config", f"refers to step{match[1]}.{match[2]}, which has no value")
        found = found[name]
    return found
