"""`toolpress version`."""

from __future__ import annotations

import argparse
import json
import platform
from importlib.metadata import PackageNotFoundError, version

from toolpress.cli import exits
from toolpress.version import VERSION

_LIBRARIES = ("fastmcp", "mcp", "httpx", "pydantic", "uvicorn")


def run(args: argparse.Namespace) -> int:
    found = {"toolpress": VERSION, "python": platform.python_version(), **{name: _of(name) for name in _LIBRARIES}}
    print(json.dumps(found) if args.json else "\n".join(f"{name} {number}" for name, number in found.items()))
    return exits.OK


def _of(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return "missing"
