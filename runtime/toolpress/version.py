"""The version of this package, from its installed metadata."""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, version

try:
    VERSION = version("toolpress")
except PackageNotFoundError:
    VERSION = "0+unknown"

USER_AGENT = f"toolpress/{VERSION}"
