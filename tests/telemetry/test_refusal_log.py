"""One line for each HTTP request that is refused, and none for probes."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx
import pytest

from tests import modern
from tests.runtime.conftest import listening
from tests.runtime.fixture_catalog.catalog import CATALOG
from tests.runtime.product import OWNER, Product
from tests.runtime.test_logs import _restored as _restored
from toolpress import logs
from toolpress.combined import application
from toolpress.server import Built, build_server
from toolpress.settings import Settings

SECRET = "s3cr3t-value"


@pytest.fixture
def built() -> Built:
    return build_server(Settings(body_limit=1000), CATALOG, transport=Product().transport())


@contextmanager
def logging_server(built: Built) -> Iterator[str]:
    logs.configure("json", "debug")
    with listening(application([built])) as address:
        yield address


def refused(text: str) -> list[dict[str, Any]]:
    return [found for line in text.splitlines() if (found := json.loads(line))["event"] == "refused"]


LIST = modern.request("tools/list", OWNER)
KEYED = {name.lower(): value for name, value in LIST["headers"].items()} | {"content-type": "application/json"}


@pytest.mark.parametrize(
    ("path", "changed", "line"),
    [
        ("/mcp", {"headers": {"X-Api-Key": SECRET}}, (401, "INVALID_API_KEY")),
        ("/mcp", {"headers": KEYED | {"accept": "text/html"}, "content": b"{}"}, (406, "NOT_ACCEPTABLE")),
        ("/mcp", {"headers": KEYED, "content": SECRET.encode() * 100}, (413, "PAYLOAD_TOO_LARGE")),
        ("/mcp", {"headers": KEYED | {"content-type": SECRET}, "content": b"{}"}, (415, "UNSUPPORTED_MEDIA_TYPE")),
        ("/mcp", {"headers": KEYED, "content": SECRET.encode()}, (400, "INVALID_JSON")),
        ("/mcp", {**LIST, "headers": KEYED | {"host": SECRET}}, (421, None)),
        ("/mcp", modern.call(OWNER, SECRET, {}), (400, "-32602")),
        (f"/{SECRET}?key={SECRET}", LIST, (404, None)),
    ],
)
def test_a_refusal_is_one_line_without_secrets(
    built: Built, path: str, changed: dict[str, Any], line: tuple[int, str | None], capsys: pytest.CaptureFixture[str]
) -> None:
    changed = {**changed, "headers": changed["headers"] | {"x-request-id": "req-1"}}
    with logging_server(built) as address:
        answer = httpx.post(address + path, trust_env=False, **changed)
    error = capsys.readouterr().err
    [found] = refused(error)
    assert (found["status"], found["code"]) == line
    assert answer.status_code == found["status"]
    assert found["method"] == "POST"
    assert found["request_id"] == answer.headers.get("x-request-id", found["request_id"])
    for secret in (SECRET, OWNER):
        assert secret not in error


def test_another_method_is_named(built: Built, capsys: pytest.CaptureFixture[str]) -> None:
    with logging_server(built) as address:
        httpx.put(f"{address}/mcp", trust_env=False)
    [found] = refused(capsys.readouterr().err)
    assert (found["method"], found["status"], found["code"]) == ("PUT", 405, "METHOD_NOT_ALLOWED")


def test_probes_and_what_is_answered_are_no_refusals(built: Built, capsys: pytest.CaptureFixture[str]) -> None:
    with logging_server(built) as address:
        built.drain()
        assert httpx.get(f"{address}/readyz", trust_env=False).status_code == 503
        assert httpx.get(f"{address}/healthz", trust_env=False).status_code == 200
        assert httpx.post(f"{address}/mcp", trust_env=False, **LIST).status_code == 200
    assert refused(capsys.readouterr().err) == []
