"""What stands before the endpoint, seen from the wire."""

from __future__ import annotations

import json
from typing import Any

import httpx
import pytest

from tests.runtime.conftest import listening
from tests.runtime.fixture_catalog.catalog import CATALOG
from tests.runtime.product import OWNER, Product
from toolpress.contract import Limits
from toolpress.errors import RateLimited
from toolpress.http_app import http_app
from toolpress.server import Built, build_server
from toolpress.settings import Settings

ACCEPT = {"accept": "application/json, text/event-stream", "mcp-protocol-version": "2025-11-25"}
LIST = {"jsonrpc": "2.0", "id": 1, "method": "tools/list", "params": {}}


def post(url: str, headers: dict[str, str], body: Any = None) -> httpx.Response:
    content = body if isinstance(body, bytes) else json.dumps(body or LIST)
    sent = {**ACCEPT, "content-type": "application/json", **headers}
    return httpx.post(url, content=content, headers=sent, trust_env=False)


@pytest.mark.parametrize(
    ("headers", "code", "challenge"),
    [
        ({}, "MISSING_API_KEY", 'Bearer realm="notebook"'),
        ({"X-Api-Key": "sk_1"}, "INVALID_API_KEY", 'Bearer realm="notebook", error="invalid_token"'),
        ({"X-Api-Key": "nb_test_unknown"}, "INVALID_API_KEY", 'Bearer realm="notebook", error="invalid_token"'),
        ({"X-Api-Key": OWNER, "Authorization": "Bearer nb_test_b_owner"}, "INVALID_API_KEY", "invalid_token"),
    ],
)
def test_without_a_good_key(mcp_url: str, headers: dict[str, str], code: str, challenge: str) -> None:
    answer = post(mcp_url, headers)
    body = answer.json()
    assert answer.status_code == 401
    assert challenge in answer.headers["www-authenticate"]
    assert (body["jsonrpc"], body["id"]) == ("2.0", None)
    assert body["error"]["data"]["code"] == code
    assert body["error"]["data"]["fix"]
    assert "nb_test" not in answer.text.replace("nb_test_.", "")


def test_with_a_good_key(mcp_url: str) -> None:
    for headers in ({"X-Api-Key": OWNER}, {"Authorization": f"Bearer {OWNER}"}):
        answer = post(mcp_url, {**headers, "X-Request-Id": "abc-1"})
        assert answer.status_code == 200
        assert answer.headers["content-type"] == "application/json"
        assert answer.headers["x-request-id"] == "abc-1"
        assert len(answer.json()["result"]["tools"]) == 6


def test_an_odd_request_id_is_replaced(mcp_url: str) -> None:
    assert post(mcp_url, {"X-Request-Id": "a b"}).headers["x-request-id"] != "a b"


@pytest.mark.parametrize("method", ["GET", "HEAD", "OPTIONS", "DELETE", "PUT", "PATCH"])
def test_other_methods(mcp_url: str, method: str) -> None:
    answer = httpx.request(method, mcp_url, headers={"X-Api-Key": OWNER}, trust_env=False)
    assert answer.status_code == 405
    assert answer.headers["allow"] == "POST"


def test_an_upstream_that_is_down(mcp_url: str, product: Product, built: Built) -> None:
    built.executor.client.upstream._limits = Limits(read_retries=0)
    product.down = True
    answer = post(mcp_url, {"X-Api-Key": OWNER})
    assert answer.status_code == 503
    assert answer.headers["retry-after"] == "1"
    assert answer.json()["error"]["data"]["retryable"] is True


def test_an_upstream_that_asks_to_wait(mcp_url: str, built: Built, monkeypatch: pytest.MonkeyPatch) -> None:
    async def limited(_key: str) -> Any:
        raise RateLimited("Slow down", retry_after_s=6.2)

    monkeypatch.setattr(built.executor.identities, "_ask", limited)
    answer = post(mcp_url, {"X-Api-Key": OWNER})
    assert (answer.status_code, answer.headers["retry-after"]) == (429, "7")


@pytest.fixture
def small(product: Product) -> Built:
    return build_server(Settings(body_limit=200), CATALOG, transport=product.transport())


def test_bodies_over_the_limit(small: Built) -> None:
    def chunks() -> Any:
        for _ in range(5):
            yield b" " * 60

    with listening(http_app(small)) as address:
        url, headers = f"{address}/mcp", {"X-Api-Key": OWNER}
        assert post(url, headers).status_code == 200
        declared = post(url, headers, b" " * 201)
        streamed = httpx.post(url, content=chunks(), headers={**ACCEPT, **headers}, trust_env=False)
        assert post(url, {}, b" " * 201).status_code == 401, "a stranger learns nothing about limits"
    for answer in (declared, streamed):
        assert answer.status_code == 413
        assert answer.json()["error"]["data"]["code"] == "PAYLOAD_TOO_LARGE"


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Host": "evil.example"}, 421),
        ({"Origin": "http://evil.example"}, 403),
        ({"Host": "notes.example"}, 200),
        ({"Host": "notes.example", "Origin": "https://app.example"}, 200),
        ({"Origin": "http://localhost:3000"}, 200),
    ],
)
def test_hosts_and_origins(product: Product, headers: dict[str, str], status: int) -> None:
    settings = Settings(allowed_hosts=("notes.example",), allowed_origins=("https://app.example",))
    with listening(http_app(build_server(settings, CATALOG, transport=product.transport()))) as address:
        assert post(f"{address}/mcp", {"X-Api-Key": OWNER, **headers}).status_code == status


def test_what_is_not_json_rpc(mcp_url: str) -> None:
    assert post(mcp_url, {"X-Api-Key": OWNER}, b"{").status_code == 400


async def test_a_client_that_leaves_while_sending(built: Built) -> None:
    """The rest of the body never comes: the endpoint gets what there was and fails on its own."""
    sent: list[dict[str, Any]] = []
    messages = [{"type": "http.request", "body": b"{", "more_body": True}, {"type": "http.disconnect"}]

    async def receive() -> dict[str, Any]:
        return messages.pop(0) if messages else {"type": "http.disconnect"}

    async def send(message: Any) -> None:
        sent.append(message)

    scope = {
        "type": "http", "method": "POST", "path": "/mcp", "raw_path": b"/mcp", "query_string": b"", "root_path": "",
        "scheme": "http", "server": ("127.0.0.1", 80), "client": ("127.0.0.1", 1), "http_version": "1.1",
        "headers": [(b"host", b"localhost"), (b"x-api-key", OWNER.encode()), (b"content-type", b"application/json"),
                    (b"accept", b"application/json, text/event-stream")],
    }  # fmt: skip
    app = http_app(built)
    async with app.lifespan(app):
        await app(scope, receive, send)
    assert sent[0]["status"] == 400
