"""Statements of docs/deploy.md that no block shows: what differs under `fastmcp run`, and what a wrong setting does."""

from __future__ import annotations

import httpx
import pytest

from tests.docs.commands import Command, Place, output
from tests.docs.servers import serving, status
from tests.zihin.wire import key_of

LIST = {"jsonrpc": "2.0", "id": 1, "method": "tools/list", "params": {}}
OWNER = key_of("owner")
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
        assert bool(session["mcp-session-id"]) == (words[0] == "fastmcp"), "only there a stranger gets a session"


ASGI = {"TOOLPRESS_CATALOG": "zihin"}


@pytest.mark.parametrize(
    "words",
    [
        ("toolpress", "serve", "zihin"),
        ("uvicorn", "--factory", "toolpress.asgi:create_app"),
        ("gunicorn", "-k", "uvicorn_worker.UvicornWorker", "toolpress.asgi:create_app()"),
    ],
    ids=lambda words: words[0],
)
def test_a_server_does_not_wait_for_the_streams_that_clients_listen_on(words: tuple[str, ...], place: Place) -> None:
    keyed = HEADERS | {"x-api-key": OWNER}
    with httpx.Client(trust_env=False, timeout=60) as http:
        with serving(Command(words, ASGI), place, "/readyz") as served:
            opened = http.post(f"{served.url}/mcp", headers=keyed, json=initialize())
            session = {"mcp-session-id": opened.headers["mcp-session-id"]}
            stream = http.stream("GET", f"{served.url}/mcp", headers=keyed | session)
            lines = stream.__enter__().iter_lines()
            assert next(lines) == ": open"
        assert set(lines) <= {"", ": keep-alive"}, "the stream ended in good order"
        stream.__exit__(None, None, None)


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
