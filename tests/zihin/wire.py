"""The ways in which a client reaches a server, as they stand on the wire."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from itertools import count
from typing import Any

import httpx

from tests.processes import TOOLPRESS, Server

JsonObject = dict[str, Any]
Send = Callable[[str, JsonObject], JsonObject]
"""One request, method and params, to its JSON-RPC answer."""

BOTH = "application/json, text/event-stream"
MODERN = "2026-07-28"
HANDSHAKE = "2025-11-25"


def key_of(role: str, tenant: str = "acme") -> str:
    """The sandbox's key of that role."""
    return f"zhn_test_{tenant}_{role}"


def headers(key: str, **more: str) -> dict[str, str]:
    named = {name.replace("_", "-"): value for name, value in more.items()}
    return {"x-api-key": key, "accept": BOTH, "content-type": "application/json", **named}


def message(method: str, params: JsonObject | None = None, number: int | None = 1) -> JsonObject:
    """A request; without a number a notification."""
    body: JsonObject = {"jsonrpc": "2.0", "method": method, "params": params or {}}
    return body if number is None else {**body, "id": number}


def initialize(protocol: str = HANDSHAKE) -> JsonObject:
    client = {"name": "wire", "version": "1"}
    return message("initialize", {"protocolVersion": protocol, "capabilities": {}, "clientInfo": client})


def answer_of(response: httpx.Response) -> JsonObject:
    """The JSON-RPC answer, be it JSON or the one event of a stream."""
    if response.headers["content-type"].startswith("application/json"):
        return dict(response.json())
    assert response.headers["content-type"] == "text/event-stream"
    [data] = [line.removeprefix("data: ") for line in response.text.splitlines() if line.startswith("data: ")]
    return dict(json.loads(data))


def open_session(http: httpx.Client, url: str, key: str, protocol: str = HANDSHAKE) -> str:
    """A new session's id."""
    opened = http.post(url, headers=headers(key), json=initialize(protocol))
    assert opened.status_code == 200, opened.text
    identifier = opened.headers["mcp-session-id"]
    told = message("notifications/initialized", number=None)
    assert http.post(url, headers=headers(key, mcp_session_id=identifier), json=told).status_code == 202
    return identifier


@contextmanager
def stream(http: httpx.Client, server: Server, key: str, session: str) -> Iterator[Iterator[str]]:
    """An open GET stream; its lines."""
    with http.stream("GET", server.mcp_url, headers=headers(key, mcp_session_id=session)) as answer:
        assert answer.status_code == 200
        assert answer.headers["content-type"] == "text/event-stream"
        assert "mcp-session-id" not in answer.headers
        lines = answer.iter_lines()
        assert next(lines) == ": open"
        yield lines


def next_message(lines: Iterator[str]) -> JsonObject:
    """What a stream tells next."""
    return dict(json.loads(next(line for line in lines if line.startswith("data: ")).removeprefix("data: ")))


def change_key(server: Server, key: str, **changes: str) -> None:
    """Change a key of the server's sandbox."""
    httpx.post(f"{server.sandbox_url}/__sandbox__/keys", json={"key": key, **changes}).raise_for_status()


@contextmanager
def over_handshake(server: Server, key: str) -> Iterator[Send]:
    """HTTP with a session, answers as event streams."""
    numbers = count(1)
    with httpx.Client(trust_env=False, timeout=30) as http:
        named = headers(key, mcp_protocol_version=HANDSHAKE, mcp_session_id=open_session(http, server.mcp_url, key))

        def send(method: str, params: JsonObject) -> JsonObject:
            response = http.post(server.mcp_url, headers=named, json=message(method, params, next(numbers)))
            if response.status_code == 200:
                assert response.headers["content-type"] == "text/event-stream"
            return answer_of(response)

        yield send


@contextmanager
def over_modern(server: Server, key: str) -> Iterator[Send]:
    """HTTP as of 2026-07-28: no session, plain JSON."""
    meta = {"io.modelcontextprotocol/protocolVersion": MODERN, "io.modelcontextprotocol/clientCapabilities": {}}
    with httpx.Client(trust_env=False, timeout=30) as http:

        def send(method: str, params: JsonObject) -> JsonObject:
            named = {"mcp_name": params["name"]} if "name" in params else {}
            response = http.post(
                server.mcp_url,
                headers=headers(key, mcp_protocol_version=MODERN, mcp_method=method, **named),
                json=message(method, {**params, "_meta": meta}),
            )
            assert response.headers["content-type"] == "application/json"
            return answer_of(response)

        yield send


@contextmanager
def over_stdio(server: Server, key: str, **settings: str) -> Iterator[Send]:
    """A process of one's own, before the sandbox of `server`."""
    numbers = count(2)
    process = subprocess.Popen(
        [*TOOLPRESS, "serve", "zihin", "--transport", "stdio", "--base-url", server.sandbox_url],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env={**os.environ, "ZIHIN_API_KEY": key, **settings},
    )
    assert process.stdin is not None
    assert process.stdout is not None
    stdin, stdout = process.stdin, process.stdout

    def write(body: JsonObject) -> None:
        stdin.write(json.dumps(body).encode() + b"\n")
        stdin.flush()

    def send(method: str, params: JsonObject) -> JsonObject:
        number = next(numbers)
        write(message(method, params, number))
        return read(number)

    def read(number: int) -> JsonObject:
        while True:
            answer = json.loads(stdout.readline())
            if answer.get("id") == number:
                return dict(answer)

    try:
        write(initialize())
        assert "result" in read(1)
        write(message("notifications/initialized", number=None))
        yield send
    finally:
        stdin.close()
        status = process.wait(20)
        stdout.close()
    assert status == 0


@dataclass(frozen=True)
class Way:
    """A name for test ids, and how to connect: with the server and a key."""

    name: str
    connect: Callable[[Server, str], AbstractContextManager[Send]]

    def __str__(self) -> str:
        return self.name


WAYS = (Way("handshake", over_handshake), Way("modern", over_modern), Way("stdio", over_stdio))


def payload(answer: JsonObject) -> JsonObject:
    """What a tool says: the JSON of its one text block."""
    [block] = answer["result"]["content"]
    return dict(json.loads(block["text"]))
