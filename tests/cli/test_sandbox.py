"""`toolpress sandbox`: the imitation of the product as a process of its own."""

from __future__ import annotations

import signal
import socket
from pathlib import Path

import httpx
import pytest

from tests.cli.conftest import OWNER, REVOKED, Command
from tests.processes import sandbox as running
from toolpress.catalog import CatalogIndex
from toolpress.embedded import seeded_keys


@pytest.mark.parametrize("stop", [signal.SIGTERM, signal.SIGINT], ids=lambda stop: stop.name)
def test_it_answers_until_it_is_told_to_stop(zihin: CatalogIndex, stop: signal.Signals) -> None:
    with running("zihin", stop=stop) as (url, lines):
        first = seeded_keys(zihin)[0]
        assert lines[0].split() == [first.key, first.role, "of", first.tenant]
        answer = httpx.get(f"{url}/api/agents", headers={"X-Api-Key": OWNER})
        assert (answer.status_code, answer.json()["success"]) == (200, True)
        assert httpx.get(f"{url}/api/agents", headers={"X-Api-Key": REVOKED}).status_code == 401
        assert httpx.get(f"{url}/__sandbox__/health").json()["catalog"] == "zihin"
    with pytest.raises(httpx.ConnectError):
        httpx.get(url)


def test_a_data_file_keeps_what_was_written(toolpress: Command, tmp_path: Path) -> None:
    kept = str(tmp_path / "kept.db")
    there = ("--catalog", "zihin", "--key", OWNER, "--base-url")
    with running("zihin", "--data", kept) as (url, _):
        model = 'llm_config={"model": "openai.gpt-4.1-nano"}'
        made = toolpress("call", "create_agent", "name=Kept", model, *there, url).json["agent"]["id"]
    with running("zihin", "--data", kept) as (url, _):
        assert toolpress("call", "get_agent", f"agent_id={made}", *there, url).code == 0


def test_a_port_that_is_taken_is_one_line(toolpress: Command) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        ran = toolpress("sandbox", "zihin", "--port", str(taken.getsockname()[1]))
    assert ran.code == 3
    assert "Address already in use" in ran.complaint
    assert "Check the port" in ran.complaint


def test_a_file_that_holds_no_data_is_one_line(toolpress: Command, tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("not a database, only some words\n" * 40, encoding="utf-8")
    for file in ("notes.txt", "no/such/folder.db"):
        ran = toolpress("sandbox", "zihin", "--port", "0", "--data", str(tmp_path / file))
        assert ran.code == 3
        assert f"{file} is no usable data file" in ran.complaint


def test_without_the_sandbox_package(toolpress: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("toolpress.embedded.find_spec", lambda _: None)
    ran = toolpress("sandbox", "zihin")
    assert (ran.code, ran.complaint) == (
        3,
        "toolpress sandbox: The sandbox is not installed. Run: pip install toolpress",
    )
