"""Statements of docs/deploy.md that no block shows: what differs under `fastmcp run`, and what a wrong setting does."""

from __future__ import annotations

import httpx
import pytest

from tests.docs.commands import Command, Place, output
from tests.docs.servers import serving, status

LIST = {"jsonrpc": "2.0", "id": 1, "method": "tools/list", "params": {}}
HEADERS = {"accept": "application/json, text/event-stream", "content-type": "application/json"}


@pytest.mark.parametrize(("protection", "answer"), [("false", 200), ("true", 421)])
def test_fastmcp_run_checks_hosts_only_when_told(protection: str, answer: int, place: Place) -> None:
    settings = {"TOOLPRESS_CATALOG": "zihin", "FASTMCP_HTTP_HOST_ORIGIN_PROTECTION": protection}
    command = Command(("fastmcp", "run", "--transport", "http"), settings)
    with serving(command, place, "/readyz") as served:
        assert status(served.url, "tools.example.com") == answer


@pytest.mark.parametrize(
    ("words", "keyless"),
    [(("toolpress", "serve", "zihin"), 401), (("fastmcp", "run", "--transport", "http"), 200)],
)
def test_a_missing_key(words: tuple[str, ...], keyless: int, place: Place) -> None:
    with serving(Command(words, {"TOOLPRESS_CATALOG": "zihin"}), place, "/readyz") as served:
        opened = httpx.post(f"{served.url}/mcp", headers=HEADERS, json=initialize(), trust_env=False)
        session = {"mcp-session-id": opened.headers.get("mcp-session-id", "")}
        answer = httpx.post(f"{served.url}/mcp", headers=HEADERS | session, json=LIST, trust_env=False)
        assert answer.status_code == keyless
        assert "MISSING_API_KEY" in answer.text
        assert bool(session["mcp-session-id"]) == (words[0] == "fastmcp"), "only fastmcp run keeps sessions"


def initialize() -> dict[str, object]:
    client = {"name": "test", "version": "1"}
    params = {"protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": client}
    return {"jsonrpc": "2.0", "id": 0, "method": "initialize", "params": params}


def test_a_wrong_setting_is_named(place: Place) -> None:
    wrong = {"TOOLPRESS_PORT": "http", "TOOLPRESS_GRACE_S": "long"}
    code, text = output(Command(("toolpress", "serve", "zihin"), wrong), place)
    assert code == 3
    (line,) = text.splitlines()
    assert all(name in line for name in wrong)
    code, text = output(Command(("uvicorn", "--factory", "toolpress.asgi:create_app"), wrong), place)
    assert code != 0
    assert all(name in text for name in wrong)
