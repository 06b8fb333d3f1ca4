"""Python source for values: the only way that text from a manifest reaches emitted code."""

from __future__ import annotations

import re
from dataclasses import fields, is_dataclass


def literal(value: object) -> str:
    """The expression that builds `value`; dataclasses leave out members that equal their default."""
    if is_dataclass(value) and not isinstance(value, type):
        members = [
            f"{member.name}={literal(getattr(value, member.name))}"
            for member in fields(value)
            if getattr(value, member.name) != member.default
        ]
        return f"{type(value).__name__}({', '.join(members)})"
    if isinstance(value, tuple):
        return "(" + "".join(f"{literal(item)}, " for item in value) + ")"
    if value is None or isinstance(value, str | bool | int | float):
        return repr(value)
    raise TypeError(f"no literal for {type(value).__name__}")


def docstring(text: str, indent: str = "") -> str:
    """`text` as a docstring literal whose lines carry `indent`."""
    escaped = re.sub(r'"(?="|\Z)', r"\"", text.replace("\\", "\\\\"))
    escaped = re.sub(r"[^\n\x20-\x7e\xa0-\ud7ff\ue000-\U0010ffff]", lambda match: f"\\u{ord(match[0]):04x}", escaped)
    lines = [f"{indent}{line}".rstrip() if index else line for index, line in enumerate(escaped.split("\n"))]
    closing = f"\n{indent}" if len(lines) > 1 else ""
    return '"""' + "\n".join(lines) + closing + '"""'
