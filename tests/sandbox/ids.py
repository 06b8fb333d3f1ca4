"""Ids of the seed data, by kind and number: `AGENT(1)` is 0a000000-0000-4000-8000-000000000001."""

from __future__ import annotations

from collections.abc import Callable


def _kind(prefix: str) -> Callable[[int], str]:
    return lambda number: f"{prefix}000000-0000-4000-8000-{number:012d}"


AGENT = _kind("0a")
SCHEMA = _kind("0b")
TRIGGER = _kind("0c")
TRIGGER_RUN = _kind("0d")
CONNECTION = _kind("0e")
MCP_SERVER = _kind("0f")
KEY = _kind("1a")
CSP = _kind("1b")
SECRET = _kind("1c")
APPROVAL_POLICY = _kind("1d")
APPROVAL = _kind("1e")
SESSION = _kind("1f")
EXECUTION = _kind("2a")
SNAPSHOT = _kind("2b")
MEMORY = _kind("2c")
TENANT = _kind("2d")
