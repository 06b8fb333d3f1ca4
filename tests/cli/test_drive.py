"""`toolpress drive`: every promise of a catalogue is tried, and a broken one is found."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from fastmcp import FastMCP
from fastmcp.tools.base import ToolResult
from mcp_types import TextContent
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from tests.cli.conftest import AGENT, CLOSED, UNKNOWN, Command, Scratch
from tests.runtime.conftest import listening
from toolpress.catalog import CatalogIndex, find_catalog
from toolpress.contract import JsonObject
from toolpress.drive import Served, drive
from toolpress.errors import ConfigurationError
from toolpress.examples import cases


def operation(data: JsonObject, name: str) -> JsonObject:
    return next(item for item in data["operations"] if item["name"] == name)


def promise(name: str, **words: Any) -> Callable[[JsonObject], None]:
    """A change of `sandbox.json`: the tool promises something else."""
    return lambda data: operation(data, name).update(words)


def test_every_tool_of_the_shipped_catalogue_keeps_its_promises(toolpress: Command, zihin: CatalogIndex) -> None:
    ran = toolpress("drive", "zihin", "--sandbox", "--json")
    report = ran.json
    count = len(zihin.tools)
    assert report["summary"] == f"{count} of {count} succeed, {count} of {count} fail as declared"
    assert [row["tool"] for row in report["tools"]] == [tool.name for tool in zihin.tools]
    assert all(row["succeeds"] and row["fails_as_declared"] for row in report["tools"])
    tried = [case for row in report["tools"] for case in row["cases"]]
    assert len(tried) == len(cases(zihin.sandbox))
    assert (ran.code, report["good"]) == (0, True)


def test_chosen_tools_are_printed_as_a_table(
    toolpress: Command, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Settings of the shell do not reach the driven server: its data file would be emptied by the first reset."""
    for name, value in {"SANDBOX_DATA": str(tmp_path / "mine.db"), "HOST": "203.0.113.1", "BODY_LIMIT": "1"}.items():
        monkeypatch.setenv(f"TOOLPRESS_{name}", value)
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, CLOSED)
    ran = toolpress("drive", "zihin", "--sandbox", "--tool", "get_agent", "--tool", "whoami")
    assert ran.out.splitlines() == [
        "tool       succeeds  fails as declared",
        "get_agent  1/1       1/1 NOT_FOUND",
        "whoami     1/1       1/1 INVALID_API_KEY",
        "2 of 2 succeed, 2 of 2 fail as declared",
    ]
    assert (ran.code, ran.err) == (0, "")
    assert list(tmp_path.iterdir()) == []


def test_an_unknown_tool_gets_the_nearest_name(toolpress: Command) -> None:
    ran = toolpress("drive", "zihin", "--sandbox", "--tool", "get_agents")
    assert (ran.code, ran.complaint) == (2, "toolpress drive: Unknown tool: get_agents. Did you mean get_agent?")


def test_broken_promises_are_mismatches(toolpress: Command, scratch: Scratch) -> None:
    missing, found = {"agent_id": UNKNOWN}, {"agent_id": AGENT}

    def change(data: JsonObject) -> None:
        operation(data, "get_agent").update(
            examples=[{"input": found}, {"input": missing}],
            errors={
                "CONFLICT": {"example": {"input": missing}},
                "NOT_FOUND": {"example": {"input": found}},
                "FORBIDDEN": {"example": {"input": found, "role": "member"}},
            },
        )
        operation(data, "whoami").update(examples=[], errors={"INVALID_API_KEY": {"when": "No example shows it."}})

    ran = toolpress("drive", scratch(change), "--sandbox", "--tool", "get_agent", "--tool", "whoami")
    assert ran.code == 1
    lines = ran.out.splitlines()
    assert lines[1:3] == [
        "get_agent  1/2       0/3 CONFLICT, NOT_FOUND, FORBIDDEN",
        "whoami     0/0       0/0 no failing example",
    ]
    assert [line.split(" ", 6)[:6] for line in lines[3:-1]] == [
        ["MISMATCH", "get_agent:", "wanted", wanted, "saw", seen]
        for wanted, seen in [
            ("success,", "NOT_FOUND"),
            ("CONFLICT,", "NOT_FOUND"),
            ("NOT_FOUND,", "success"),
            ("FORBIDDEN,", "JSON-RPC"),
        ]
    ]
    assert "-32602 Unknown tool: get_agent" in lines[-2]
    assert lines[-1] == "0 of 2 succeed, 0 of 2 fail as declared"


@pytest.mark.parametrize(
    ("example", "told"),
    [({"role": "auditor"}, "has no key of role auditor."), ({"key": "revoked"}, "has no key that is revoked.")],
)
def test_a_key_that_the_seed_data_lacks(toolpress: Command, scratch: Scratch, example: JsonObject, told: str) -> None:
    def change(data: JsonObject) -> None:
        promise("whoami", errors={"X": {"example": example}})(data)
        for row in data["data"]["seed"]["acme"]["api_keys"]:
            row["status"] = "active"

    ran = toolpress("drive", scratch(change), "--sandbox", "--tool", "whoami")
    assert (ran.code, ran.complaint) == (
        3,
        f"toolpress drive: The sandbox's seed data {told} Add one to sandbox.yaml.",
    )


def test_a_server_that_does_not_start_says_why(toolpress: Command, scratch: Scratch) -> None:
    reference = scratch(promise("whoami", sandbox={"handler": "no.such_handler"}))
    ran = toolpress("drive", reference, "--sandbox", "--tool", "whoami")
    assert ran.code == 3
    assert ran.complaint.startswith(
        "toolpress drive: The server did not start: toolpress serve: The sandbox of scratch"
    )
    assert "no handler" in ran.complaint


@contextmanager
def odd_server(_reference: str) -> Iterator[Served]:
    """A server whose tools answer as ours never should, and which lets everybody in."""
    mcp: FastMCP[Any] = FastMCP("odd")

    @mcp.custom_route("/__sandbox__/reset", methods=["POST"])
    async def reset(_request: Request) -> Response:
        return JSONResponse({})

    def answering(name: str, text: str, structured: Any = None) -> None:
        async def tool() -> ToolResult:
            return ToolResult(content=[TextContent(type="text", text=text)], structured_content=structured)

        mcp.tool(tool, name=name)

    good = {"success": True}
    answering("list_agents", "hello")
    answering("get_agent", "[]", {"result": []})
    answering("get_trigger", json.dumps(good), {"success": True, "more": 1})
    answering("create_agent", json.dumps({"success": "yes"}), {"success": "yes"})
    answering("whoami", json.dumps(good), good)
    with listening(mcp.http_app(stateless_http=True, json_response=True)) as url:
        yield Served(f"{url}/mcp", url)


def test_answers_that_are_none(toolpress: Command, monkeypatch: pytest.MonkeyPatch, scratch: Scratch) -> None:
    names = ("list_agents", "get_agent", "get_trigger", "create_agent", "whoami")

    def change(data: JsonObject) -> None:
        data["operations"] = [{"name": name, "examples": [{"input": {}}]} for name in names]
        data["operations"][-1]["errors"] = {"INVALID_API_KEY": {"example": {"input": {}, "key": "revoked"}}}

    reference = scratch(change)
    monkeypatch.setattr("toolpress.drive.served", odd_server)
    chosen = [word for name in names for word in ("--tool", name)]
    ran = toolpress("drive", reference, "--sandbox", "--json", *chosen)
    assert (ran.code, ran.json["good"]) == (1, False)
    assert ran.json["summary"] == "1 of 5 succeed, 0 of 5 fail as declared"
    assert {(row["tool"], case["wanted"], case["seen"]) for row in ran.json["tools"] for case in row["cases"]} == {
        ("list_agents", "success", "not JSON"),
        ("get_agent", "success", "no object"),
        ("get_trigger", "success", "no success"),
        ("create_agent", "success", "no success"),
        ("whoami", "success", "success"),
        ("whoami", "INVALID_API_KEY", "HTTP 200"),
    }
    assert [row["tool"] for row in ran.json["tools"] if row["succeeds"]] == ["whoami"]
    assert not any(row["fails_as_declared"] for row in ran.json["tools"])


def test_a_sandbox_without_a_key_for_everything_cannot_be_driven(scratch: Scratch) -> None:
    reference = scratch(lambda data: data["data"].pop("default_key"))
    with pytest.raises(ConfigurationError, match="default_key"):
        drive(CatalogIndex(find_catalog(reference)), reference)
