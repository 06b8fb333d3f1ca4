"""Every example of every manifest: the good ones succeed, the failing ones fail with the code they stand under."""

from __future__ import annotations

from typing import Any

import pytest

from tests.sandbox.wire import Driver, NoRouteError
from toolpress_sandbox.definition import load

OPERATIONS: list[dict[str, Any]] = load("zihin").raw["operations"]
GOOD = [
    pytest.param(operation["name"], example.get("input", {}), id=f"{operation['name']}-{number}")
    for operation in OPERATIONS
    for number, example in enumerate(operation["examples"])
]
FAILING = [
    pytest.param(operation["name"], code, entry["example"], id=f"{operation['name']}-{code}")
    for operation in OPERATIONS
    for code, entry in operation["errors"].items()
    if entry.get("example")
]


def test_every_tool_has_a_failing_example() -> None:
    assert len(OPERATIONS) == 96
    assert {param.values[0] for param in FAILING} == {operation["name"] for operation in OPERATIONS}


@pytest.mark.parametrize(("tool", "arguments"), GOOD)
async def test_good_example(sandbox: Driver, tool: str, arguments: dict[str, Any]) -> None:
    answer = await sandbox(tool, **arguments)
    assert answer.body["success"] is True, answer.body
    assert answer.status == (201 if sandbox.definition.operations[tool].effect == "create" else 200)


@pytest.mark.parametrize(("tool", "code", "example"), FAILING)
async def test_failing_example(sandbox: Driver, tool: str, code: str, example: dict[str, Any]) -> None:
    key = "revoked" if example.get("key") == "revoked" else example.get("role") or "owner"
    try:
        answer = await sandbox(tool, f"zhn_test_acme_{key}", **example.get("input", {}))
    except NoRouteError:
        assert code == "VALIDATION_ERROR"
        return
    assert (answer.code, answer.body["success"]) == (code, False), answer.body
    assert answer.status >= 400
