"""Names in emitted code; each is a function of its own item alone, so a new tool never renames another."""

from __future__ import annotations

import keyword
import re

PACKAGE = "toolpress_catalogs"
"""Of all emitted code."""


def class_name(*parts: str) -> str:
    """`create_agent`, `llm_config` -> `CreateAgentLlmConfig`."""
    words = (word for part in parts for word in re.split(r"[^A-Za-z0-9]+", part) if word)
    return "".join(word[0].upper() + word[1:] for word in words)


def constant_name(tool: str) -> str:
    """`create_agent` -> `CREATE_AGENT`."""
    return tool.upper()


def argument_name(name: str) -> str:
    """The Python spelling of an argument: keywords get a trailing underscore."""
    return f"{name}_" if keyword.iskeyword(name) else name
