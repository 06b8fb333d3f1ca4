"""Read `key=value` words by the types that a tool's schema gives them."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from toolpress.errors import InvalidArguments


def read(words: Iterable[str], json_args: str | None, schema: dict[str, Any]) -> dict[str, Any]:
    """The arguments of a call; words win over `json_args`.

    Raises:
        InvalidArguments: A word without `=`, or text that is not the JSON its type wants.
    """
    arguments = _object(json_args) if json_args else {}
    for word in words:
        name, separator, text = word.partition("=")
        if not separator or not name:
            raise InvalidArguments(f"Not an argument: {name}.", fix="Write key=value.")
        arguments[name] = _value(name, text, schema.get("properties", {}).get(name, {}))
    return arguments


def _value(name: str, text: str, rule: dict[str, Any]) -> Any:
    declared = rule.get("type")
    types = {declared} if isinstance(declared, str) else set(declared or ())
    if not types or "string" in types:
        return text
    try:
        return json.loads(text)
    except ValueError:
        raise InvalidArguments(
            f"{name} must be {' or '.join(sorted(types))}, written as JSON.", field=name, fix="Quote it for the shell."
        ) from None


def _object(text: str) -> dict[str, Any]:
    try:
        value = json.loads(text)
    except ValueError as error:
        raise InvalidArguments(f"--json-args is not JSON: {error}.", fix="Quote it for the shell.") from None
    if not isinstance(value, dict):
        raise InvalidArguments("--json-args must be a JSON object.")
    return value
