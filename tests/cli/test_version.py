"""`toolpress version`: what is installed."""

from __future__ import annotations

import platform
from importlib.metadata import PackageNotFoundError, version

import pytest

from tests.cli.conftest import Command


def test_versions_as_lines_and_as_json(toolpress: Command) -> None:
    found = toolpress("version", "--json").json
    assert found["toolpress"] == version("toolpress")
    assert found["python"] == platform.python_version()
    assert all(found[name] == version(name) for name in found.keys() - {"python"})
    assert {"fastmcp", "httpx", "pydantic"} <= found.keys()
    assert toolpress("version").out.splitlines() == [f"{name} {number}" for name, number in found.items()]


def test_a_library_that_is_absent_is_called_missing(toolpress: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    def absent(name: str) -> str:
        raise PackageNotFoundError(name)

    monkeypatch.setattr("toolpress.cli.version.version", absent)
    assert toolpress("version", "--json").json["fastmcp"] == "missing"
