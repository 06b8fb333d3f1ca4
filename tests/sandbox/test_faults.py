"""Faults over a real socket: what a client sees, and whether the work was done."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from tests.sandbox.ids import AGENT
from tests.sandbox.wire import OWNER, Driver, events
from toolpress_sandbox.faults import parse_fault
from toolpress_sandbox.serve import run_in_thread

HEADERS = {"X-Api-Key": OWNER}
FAULT = "X-Sandbox-Fault"


@pytest.fixture(scope="module")
def served() -> Iterator[str]:
    with run_in_thread("zihin") as url:
        yield url


@pytest.fixture
def client(served: str) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=served, headers=HEADERS, trust_env=False) as client:
        client.post("/__sandbox__/reset")
        yield client


def names(client: httpx.Client) -> set[str]:
    return {row["name"] for row in client.get("/api/agents").json()["data"]}


def create(client: httpx.Client, fault: str) -> httpx.Response:
    return client.post("/api/agents", json={"name": "Twin"}, headers={FAULT: fault})


def test_a_status_comes_without_the_work(client: httpx.Client) -> None:
    response = create(client, "status=429;retry_after=3")
    assert (response.status_code, response.headers["retry-after"]) == (429, "3")
    assert response.json()["code"] == "RATE_LIMITED"
    assert create(client, "status=503").json()["success"] is False
    assert "Twin" not in names(client)


def test_a_reset_before_the_work_drops_the_connection(client: httpx.Client) -> None:
    with pytest.raises((httpx.ReadError, httpx.RemoteProtocolError)):
        create(client, "reset_before")
    assert "Twin" not in names(client)


def test_a_reset_after_commit_leaves_the_work_done(client: httpx.Client) -> None:
    with pytest.raises((httpx.ReadError, httpx.RemoteProtocolError)):
        create(client, "reset_after_commit")
    assert "Twin" in names(client)


def test_a_garbage_body_is_no_json(client: httpx.Client) -> None:
    response = create(client, "garbage")
    assert (response.status_code, response.headers["content-type"]) == (200, "application/json")
    with pytest.raises(ValueError, match="Expecting value"):
        response.json()
    assert "Twin" in names(client)


@pytest.mark.parametrize(
    ("path", "body"),
    [("/api/agents", {"name": "Twin"}), (f"/api/v2/agents/{AGENT(1)}/stream", {"message": "Hello"})],
)
def test_a_truncated_body_ends_early(client: httpx.Client, path: str, body: dict[str, Any]) -> None:
    with pytest.raises(httpx.RemoteProtocolError, match=r"incomplete|without"):
        client.post(path, json=body, headers={FAULT: "truncated"})


def test_latency_is_added(client: httpx.Client) -> None:
    with pytest.raises(httpx.ReadTimeout):
        client.get("/api/agents", headers={FAULT: "latency=5000"}, timeout=0.2)
    assert client.get("/api/agents", headers={FAULT: "latency=1"}).status_code == 200


def test_a_stream_can_end_in_an_error(client: httpx.Client) -> None:
    url = f"/api/v2/agents/{AGENT(1)}/stream"
    response = client.post(url, json={"message": "Hello"}, headers={FAULT: "stream_error=TURN_TIMEOUT"})
    assert [name for name, _ in events(response)] == ["status", "error"]
    assert events(response)[-1][1]["code"] == "TURN_TIMEOUT"


def test_rules_hold_for_a_run_by_count_and_operation(client: httpx.Client) -> None:
    rule = {"fault": "status=500", "count": 2, "operation": "whoami"}
    assert client.post("/__sandbox__/faults", json=rule).json()["faults"] == [rule]
    assert client.get("/api/agents").status_code == 200
    assert [client.get("/api/v1/whoami").status_code for _ in range(3)] == [500, 500, 200]
    client.post("/__sandbox__/faults", json={"fault": "status=502"})
    assert [client.get("/api/agents").status_code for _ in range(3)] == [502, 502, 502]
    assert client.get("/__sandbox__/health").status_code == 200, "the control interface is out of reach"
    assert client.delete("/__sandbox__/faults").json() == {"faults": []}
    assert client.get("/api/agents").status_code == 200


def test_the_log_names_the_fault(client: httpx.Client) -> None:
    create(client, "status=500")
    with pytest.raises(httpx.TransportError):
        create(client, "reset_before")
    with pytest.raises(httpx.TransportError):
        create(client, "reset_after_commit")
    log = client.get("/__sandbox__/requests", params={"tool": "create_agent"}).json()["requests"]
    assert [(row["fault"], row["status"]) for row in log] == [
        ("status=500", 500),
        ("reset_before", None),
        ("reset_after_commit", 201),
    ]


def test_an_unknown_fault_is_refused(client: httpx.Client) -> None:
    response = client.get("/api/agents", headers={FAULT: "status=200"})
    assert (response.status_code, response.json()["code"]) == (400, "VALIDATION_ERROR")
    assert client.post("/__sandbox__/faults", json={"fault": "boom"}).status_code == 400
    assert client.post("/__sandbox__/faults", json={"fault": "garbage", "operation": "fly"}).status_code == 400


def test_words_are_joined() -> None:
    fault = parse_fault(" latency=20 ; status=429;retry_after=3")
    assert (fault.latency_ms, fault.status, fault.retry_after, fault.kind) == (20, 429, 3, None)


async def test_without_a_socket_a_reset_is_an_exception(sandbox: Driver) -> None:
    with pytest.raises(ConnectionResetError):
        await sandbox.raw("whoami", OWNER, {}, {FAULT: "reset_before"})
