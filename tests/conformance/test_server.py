"""The official MCP conformance suite against our server, in both eras; no list of expected failures is given to it."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path

import pytest

from tests.javascript import NODE, SUITE
from tests.processes import Server

KEYED = Path(__file__).parents[1] / "foreign" / "keyed.mjs"

TASKS = "needs the extension io.modelcontextprotocol/tasks, which no server of ours declares"
NOT_SERVED = {
    "tasks-capability-negotiation": TASKS,
    "tasks-dispatch-and-envelope": TASKS,
    "tasks-lifecycle": TASKS,
    "tasks-mrtr-composition": TASKS,
    "tasks-mrtr-input": TASKS,
    "tasks-request-headers": TASKS,
    "tasks-request-state-removal": TASKS,
    "tasks-required-task-error": TASKS,
    "tasks-wire-fields": TASKS,
}
"""Scenarios of extensions that fail, and why; the suite scores none of them."""

pytestmark = pytest.mark.usefixtures("foreign")


def suite(*words: str) -> subprocess.CompletedProcess[str]:
    command = [NODE, "--import", KEYED, SUITE, *words]
    return subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)


def verdicts(folder: Path) -> dict[str, set[str]]:
    """What a run wrote into its output folder: by scenario the verdicts of its checks."""
    names = {
        file: re.fullmatch(r"server-(.+)-\d{4}-\d\d-\d\dT.*", file.parent.name) for file in folder.rglob("checks.json")
    }
    return {
        name[1]: {check["status"] for check in json.loads(file.read_text(encoding="utf-8"))}
        for file, name in names.items()
        if name
    }


def failing(found: dict[str, set[str]]) -> set[str]:
    return {name for name, statuses in found.items() if "FAILURE" in statuses}


@pytest.mark.parametrize("revision", ["2025-11-25", "2026-07-28"])
def test_every_requirement_of_a_revision_is_met(revision: str, fixture_server: Server, tmp_path: Path) -> None:
    done = suite("server", "--url", fixture_server.mcp_url, "--requirements", revision, "--output-dir", str(tmp_path))
    assert done.returncode == 0, done.stdout
    assert failing(verdicts(tmp_path)) <= NOT_SERVED.keys(), done.stdout


def test_of_all_scenarios_only_those_of_extensions_fail(fixture_server: Server, tmp_path: Path) -> None:
    known = set(re.findall(r"^  - (\S+)", suite("list", "--server").stdout, re.MULTILINE))
    done = suite("server", "--url", fixture_server.mcp_url, "--suite", "all", "--output-dir", str(tmp_path))
    found = verdicts(tmp_path)
    assert found.keys() == known, done.stdout
    assert failing(found) == NOT_SERVED.keys(), done.stdout
