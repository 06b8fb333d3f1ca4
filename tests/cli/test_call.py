"""`toolpress call`: an answer on stdout, a hindrance in one line, and the exit code that tells them apart."""

from __future__ import annotations

import json
from io import StringIO

import pytest

from tests.cli.conftest import AGENT, CLOSED, MEMBER, OWNER, REVOKED, UNKNOWN, Command, Scratch
from toolpress.cli import main
from toolpress.errors import UpstreamRefused

ZIHIN = ("--catalog", "zihin")
"""Names such as list_agents are in another catalogue too."""


def test_a_read_on_a_fresh_sandbox(toolpress: Command) -> None:
    ran = toolpress("call", "list_agents", "status=published", *ZIHIN, "--sandbox")
    assert (ran.code, ran.err) == (0, "")
    assert ran.json["success"] is True
    assert {agent["status"] for agent in ran.json["agents"]} == {"published"}


def test_a_write_with_json_values_can_be_read_back(toolpress: Command, sandbox: str) -> None:
    there = (*ZIHIN, "--base-url", sandbox, "--key", OWNER)
    model = {"model": "openai.gpt-4.1-nano", "max_tokens": 7}
    made = toolpress("call", "create_agent", "name=Schön 7", f"llm_config={json.dumps(model)}", *there)
    assert made.code == 0
    assert '"Schön 7"' in made.out
    read = toolpress("call", "get_agent", f"agent_id={made.json['agent']['id']}", *there)
    assert read.json["agent"]["llm_config"] == made.json["agent"]["llm_config"]
    assert read.json["agent"]["llm_config"]["max_tokens"] == 7


def test_arguments_as_one_object(toolpress: Command, sandbox: str) -> None:
    there = (*ZIHIN, "--base-url", sandbox, "--key", OWNER)
    ran = toolpress("call", "get_agent", "--json-args", json.dumps({"agent_id": UNKNOWN}), *there, f"agent_id={AGENT}")
    assert ran.json["agent"]["id"] == AGENT


def test_arguments_from_standard_input(toolpress: Command, sandbox: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", StringIO(json.dumps({"agent_id": AGENT})))
    ran = toolpress(
        "call", "get_agent", "--json-args", "-", "--catalog", "zihin", "--base-url", sandbox, "--key", OWNER
    )
    assert ran.json["agent"]["id"] == AGENT


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (["get_agent", f"agent_id={UNKNOWN}"], "NOT_FOUND"),
        (["get_agent"], "VALIDATION_ERROR"),
        (["get_agent", f"agent_id={AGENT}", "other=1"], "VALIDATION_ERROR"),
        (["whoami", "--key", REVOKED], "INVALID_API_KEY"),
        (["create_agent", "--key", MEMBER], "WRITE_BLOCKED"),
        (["list_agents", "--key", MEMBER], "NOT_FOUND"),
    ],
)
def test_an_error_of_the_tool_is_an_answer(toolpress: Command, sandbox: str, words: list[str], code: str) -> None:
    ran = toolpress("call", words[0], *ZIHIN, "--base-url", sandbox, "--key", OWNER, *words[1:])
    assert ran.code == 1
    assert (ran.json["success"], ran.json["code"]) == (False, code)
    assert ran.err == ""


@pytest.mark.parametrize(
    ("words", "code", "complaint"),
    [
        (["get_agent", "agent_id"], 2, "Not an argument: agent_id. Write key=value."),
        (["list_agents", "include_archived=yes"], 2, "include_archived must be boolean, written as JSON. Quote it"),
        (["list_agents", "--json-args", "{"], 2, "--json-args is not JSON: "),
        (["list_agent"], 2, "No tool is called list_agent. Did you mean list_agents?"),
        (["whoami"], 3, "No API key is set. Set the environment variable ZIHIN_API_KEY."),
        (["whoami", "--key", "abc"], 3, "The API key is malformed. Use a key that starts with one of: zhn_"),
        (["whoami", "--key", OWNER, "--base-url", "ftp://x"], 3, "The base URL must be http(s)://"),
        (["whoami", "--sandbox", "--catalog", "nothing"], 3, "No catalogue is called nothing; "),
        (["list_agents", "--key", OWNER, "--base-url", CLOSED], 4, "The upstream could not be reached. Call again"),
    ],
)
def test_what_keeps_a_call_from_an_answer(toolpress: Command, words: list[str], code: int, complaint: str) -> None:
    ran = toolpress("call", *ZIHIN, *words)
    assert ran.code == code
    assert ran.complaint.startswith(f"toolpress call: {complaint}")


def test_key_and_address_come_from_the_environment(
    toolpress: Command, sandbox: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ZIHIN_API_KEY", MEMBER)
    monkeypatch.setenv("TOOLPRESS_ZIHIN_BASE_URL", sandbox)
    assert toolpress("call", "whoami").json["role"] == "member"
    monkeypatch.setenv("TOOLPRESS_ZIHIN_BASE_URL", CLOSED)
    assert toolpress("call", "whoami", "--base-url", sandbox).code == 0
    assert toolpress("call", "whoami").code == 4


def test_debug_raises_the_error_of_the_tool(sandbox: str) -> None:
    with pytest.raises(UpstreamRefused):
        main(["call", "get_agent", f"agent_id={UNKNOWN}", *ZIHIN, "--base-url", sandbox, "--key", OWNER, "--debug"])


def test_a_catalogue_outside_the_entry_points_has_its_own_sandbox(toolpress: Command, scratch: Scratch) -> None:
    reference = scratch(lambda data: data["data"].update(default_key=MEMBER))
    assert toolpress("call", "whoami", "--catalog", reference, "--sandbox").json["role"] == "member"


def test_a_sandbox_without_a_key_for_everything(toolpress: Command, scratch: Scratch) -> None:
    reference = scratch(lambda data: data["data"].pop("default_key"))
    ran = toolpress("call", "whoami", "--catalog", reference, "--sandbox")
    assert ran.code == 3
    assert "names no default_key. Set default_key in specs/scratch/sandbox.yaml" in ran.complaint
