"""The HTTP transport of the page: its curl examples, its headers, and what is said to a request that breaks a rule."""

from __future__ import annotations

import json
import shlex
import subprocess
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from tests.processes import Server, serve
from tests.zihin.wire import (
    BOTH,
    HANDSHAKE,
    MODERN,
    answer_of,
    headers,
    initialize,
    key_of,
    message,
    open_session,
    over_handshake,
    payload,
)

OWNER = key_of("owner")

# The page's examples, as they stand there.
INITIALIZE = """
curl -X POST "https://llm.zihin.ai/mcp" \\
-H "X-Api-Key: YOUR_API_KEY" \\
-H "Content-Type: application/json" \\
-H "Accept: application/json, text/event-stream" \\
-d '{
"jsonrpc": "2.0",
"id": 1,
"method": "initialize",
"params": {
"protocolVersion": "2025-03-26",
"capabilities": {},
"clientInfo": { "name": "my-app", "version": "1.0" }
}
}'
"""
CALL = """
curl -X POST "https://llm.zihin.ai/mcp" \\
-H "X-Api-Key: YOUR_API_KEY" \\
-H "Content-Type: application/json" \\
-H "Accept: application/json, text/event-stream" \\
-H "mcp-session-id: <session-id-from-initialize>" \\
-d '{
"jsonrpc": "2.0",
"id": 2,
"method": "tools/call",
"params": {
"name": "list_agents",
"arguments": { "status": "published" }
}
}'
"""


@pytest.fixture
def url(zihin_server: Server) -> str:
    return zihin_server.mcp_url


@pytest.fixture
def http() -> Iterator[httpx.Client]:
    with httpx.Client(trust_env=False, timeout=30) as client:
        yield client


def curl(command: str, url: str, session: str = "") -> httpx.Response:
    """Run an example with our host, key and session; its answer as a response."""
    words = shlex.split(command.replace("\\\n", " "))
    replaced = {
        "https://llm.zihin.ai/mcp": url,
        "X-Api-Key: YOUR_API_KEY": f"X-Api-Key: {OWNER}",
        "mcp-session-id: <session-id-from-initialize>": f"mcp-session-id: {session}",
    }
    words = [replaced.get(word, word) for word in words]
    done = subprocess.run([*words, "-sS", "-i", "--noproxy", "*"], capture_output=True, text=True, timeout=30)
    assert done.returncode == 0, done.stderr
    head, _, body = done.stdout.replace("\r\n", "\n").partition("\n\n")
    status, *lines = head.splitlines()
    pairs = [(name, value) for name, _, value in (line.partition(": ") for line in lines)]
    kept = [(name, value) for name, value in pairs if name.lower() not in ("content-length", "transfer-encoding")]
    return httpx.Response(int(status.split()[1]), headers=kept, text=body)


def test_the_examples_of_the_page_work_as_they_stand(url: str) -> None:
    opened = curl(INITIALIZE, url)
    assert opened.status_code == 200
    assert opened.headers["content-type"] == "text/event-stream"
    result = answer_of(opened)["result"]
    assert (result["protocolVersion"], result["serverInfo"]["name"]) == ("2025-03-26", "zihin")
    called = curl(CALL, url, opened.headers["mcp-session-id"])
    assert called.headers["content-type"] == "text/event-stream"
    answer = answer_of(called)
    assert answer["id"] == 2
    assert {agent["status"] for agent in payload(answer)["agents"]} == {"published"}


@pytest.mark.parametrize("protocol", ["2024-11-05", "2025-03-26", "2025-06-18", "2025-11-25"])
def test_every_version_of_the_handshake_is_spoken(protocol: str, url: str, http: httpx.Client) -> None:
    opened = http.post(url, headers=headers(OWNER), json=initialize(protocol))
    assert answer_of(opened)["result"]["protocolVersion"] == protocol


def test_a_modern_request_has_no_session_and_plain_json(url: str, http: httpx.Client) -> None:
    meta = {"io.modelcontextprotocol/protocolVersion": MODERN, "io.modelcontextprotocol/clientCapabilities": {}}
    named = headers(OWNER, mcp_protocol_version=MODERN, mcp_method="tools/list", mcp_session_id="of no use")
    answer = http.post(url, headers=named, json=message("tools/list", {"_meta": meta}))
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/json"
    assert "mcp-session-id" not in answer.headers
    assert len(answer.json()["result"]["tools"]) == 96


# Keys.


@pytest.mark.parametrize("prefix", ["zhn_live_", "zhn_test_", "zhn_dev_"])
def test_a_key_of_each_environment_is_good_in_both_headers(
    prefix: str, zihin_server: Server, http: httpx.Client
) -> None:
    with over_handshake(zihin_server, OWNER) as send:
        arguments = {"name": "Made here", "role": "member", "prefix": prefix}
        key = payload(send("tools/call", {"name": "create_api_key", "arguments": arguments}))["data"]["api_key"]
    assert key.startswith(prefix)
    for way in (
        {"X-Api-Key": key},
        {"Authorization": f"Bearer {key}"},
        {"X-Api-Key": key, "authorization": f"bearer {key}"},
    ):
        opened = http.post(zihin_server.mcp_url, headers={"accept": BOTH, **way}, json=initialize())
        assert opened.status_code == 200, opened.text


@pytest.mark.parametrize(
    ("way", "code"),
    [
        ({}, "MISSING_API_KEY"),
        ({"X-Api-Key": ""}, "MISSING_API_KEY"),
        ({"Authorization": f"Basic {OWNER}"}, "MISSING_API_KEY"),
        ({"X-Api-Key": "zhn_prod_1"}, "INVALID_API_KEY"),
        ({"X-Api-Key": "zhn_test_unheard_of"}, "INVALID_API_KEY"),
        ({"X-Api-Key": key_of("revoked")}, "INVALID_API_KEY"),
        ({"X-Api-Key": OWNER, "Authorization": f"Bearer {key_of('admin')}"}, "INVALID_API_KEY"),
    ],
)
def test_without_one_good_key_nothing_is_answered(way: dict[str, str], code: str, url: str, http: httpx.Client) -> None:
    for method, body in (("POST", initialize()), ("GET", None), ("DELETE", None)):
        answer = http.request(method, url, headers={"accept": BOTH, **way}, json=body)
        assert answer.status_code == 401
        assert answer.headers["www-authenticate"].startswith('Bearer realm="zihin"')
        assert refused(answer, 401)["data"]["code"] == code
        assert "mcp-session-id" not in answer.headers


# What is refused, and what it says.


def refused(answer: httpx.Response, status: int) -> dict[str, Any]:
    """The JSON-RPC error of a refusal, which always tells what to do."""
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/json"
    body = answer.json()
    assert body.keys() == {"jsonrpc", "id", "error"}
    problem = dict(body["error"])
    assert problem["message"]
    assert problem["data"]["code"]
    assert problem["data"]["fix"]
    return problem


@pytest.mark.parametrize(
    "accept", ["*/*", "application/json", "text/event-stream", "text/html", "application/*, text/*"]
)
@pytest.mark.parametrize("version", [{}, {"mcp_protocol_version": HANDSHAKE}, {"mcp_protocol_version": MODERN}])
def test_406_without_both_media_types(accept: str, version: dict[str, str], url: str, http: httpx.Client) -> None:
    named = headers(OWNER, **version) | {"accept": accept}
    problem = refused(http.post(url, headers=named, json=initialize()), 406)
    assert (problem["code"], problem["data"]["code"]) == (-32600, "NOT_ACCEPTABLE")
    assert BOTH in problem["data"]["fix"]


@pytest.mark.parametrize("accept", ["text/event-stream, application/json", "Application/JSON;q=0.9, text/event-stream"])
def test_both_media_types_may_come_in_any_spelling(accept: str, url: str, http: httpx.Client) -> None:
    assert http.post(url, headers=headers(OWNER) | {"accept": accept}, json=initialize()).status_code == 200


def test_406_to_a_listener_that_takes_no_events(url: str, http: httpx.Client) -> None:
    session = open_session(http, url, OWNER)
    named = headers(OWNER, mcp_session_id=session) | {"accept": "application/json"}
    assert refused(http.get(url, headers=named), 406)["data"]["code"] == "NOT_ACCEPTABLE"


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", "application/json5", ""])
def test_415_for_a_body_that_is_not_said_to_be_json(kind: str, url: str, http: httpx.Client) -> None:
    named = headers(OWNER) | {"content-type": kind}
    problem = refused(http.post(url, headers=named, content=json.dumps(initialize())), 415)
    assert problem["data"]["code"] == "UNSUPPORTED_MEDIA_TYPE"
    charset = headers(OWNER) | {"content-type": "application/json; charset=utf-8"}
    assert http.post(url, headers=charset, content=json.dumps(initialize())).status_code == 200


@pytest.mark.parametrize("method", ["HEAD", "OPTIONS", "PUT", "PATCH", "TRACE"])
def test_405_for_other_methods(method: str, url: str, http: httpx.Client) -> None:
    answer = http.request(method, url, headers=headers(OWNER))
    assert answer.headers["allow"] == "GET, POST, DELETE"
    assert "mcp-session-id" not in answer.headers
    if method == "HEAD":
        assert (answer.status_code, answer.content) == (405, b"")
    else:
        assert refused(answer, 405)["data"]["code"] == "METHOD_NOT_ALLOWED"


@pytest.mark.parametrize("version", [{}, {"mcp_protocol_version": MODERN}])
@pytest.mark.parametrize(
    ("body", "code", "number"),
    [
        (b"", "INVALID_JSON", -32700),
        (b"{", "INVALID_JSON", -32700),
        (b'{"jsonrpc": "2.0", "id": 1, "method": "initialize"', "INVALID_JSON", -32700),
        (b"\xff\xfe", "INVALID_JSON", -32700),
        (b"[" * 5000, "INVALID_JSON", -32700),
        (b"[]", "INVALID_MESSAGE", -32600),
        (b'"secret-word"', "INVALID_MESSAGE", -32600),
        (b'[{"jsonrpc": "2.0", "id": 1, "method": "ping"}]', "INVALID_MESSAGE", -32600),
        (b'{"hello": "secret-word"}', "INVALID_MESSAGE", -32600),
    ],
)
def test_400_for_what_cannot_be_read(
    body: bytes, code: str, number: int, version: dict[str, str], url: str, http: httpx.Client
) -> None:
    answer = http.post(url, headers=headers(OWNER, **version), content=body)
    problem = refused(answer, 400)
    assert (problem["code"], problem["data"]["code"]) == (number, code)
    assert answer.json()["id"] is None
    assert "secret-word" not in answer.text
    if not version:
        session = open_session(http, url, OWNER)
        inside = http.post(url, headers=headers(OWNER, mcp_session_id=session), content=body)
        assert refused(inside, 400) == problem


@pytest.mark.parametrize("method", ["ping", "tools/list", "tools/call", "notifications/initialized"])
def test_400_without_a_session(method: str, url: str, http: httpx.Client) -> None:
    answer = http.post(url, headers=headers(OWNER, mcp_protocol_version=HANDSHAKE), json=message(method, number=7))
    assert refused(answer, 400)["data"]["code"] == "SESSION_REQUIRED"
    assert answer.json()["id"] == 7
    for other in ("GET", "DELETE"):
        assert refused(http.request(other, url, headers=headers(OWNER)), 400)["data"]["code"] == "SESSION_REQUIRED"


def test_413_over_the_body_limit() -> None:
    with serve("zihin", env={"TOOLPRESS_BODY_LIMIT": "1000"}) as server, httpx.Client(trust_env=False) as http:
        session = open_session(http, server.mcp_url, OWNER)
        for body in (json.dumps(initialize()) + " " * 1000, iter([b" " * 600] * 2)):
            answer = http.post(server.mcp_url, headers=headers(OWNER, mcp_session_id=session), content=body)
            assert refused(answer, 413)["data"]["code"] == "PAYLOAD_TOO_LARGE"


def test_an_error_of_the_protocol_comes_as_an_event(url: str, http: httpx.Client) -> None:
    """Only what stops before a method is looked at has a status of its own."""
    session = open_session(http, url, OWNER)
    for method, params in (("tools/call", {"name": "no_such_tool"}), ("no/such/method", {})):
        answer = http.post(url, headers=headers(OWNER, mcp_session_id=session), json=message(method, params))
        assert (answer.status_code, answer.headers["content-type"]) == (200, "text/event-stream")
        assert answer_of(answer)["error"]["code"] in (-32601, -32602)
