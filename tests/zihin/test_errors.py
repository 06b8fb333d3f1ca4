"""The page's error envelope and its seven codes: each reached on the sandbox; how statuses and bodies become codes."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from tests.processes import Server
from tests.zihin.wire import WAYS, Way, headers, initialize, key_of, over_stdio, payload
from toolpress.catalog import CatalogIndex
from toolpress.errors import ToolpressError
from toolpress.response import UpstreamResponse, read
from toolpress_catalogs.zihin.catalog import CATALOG

INDEX = CatalogIndex(CATALOG)
UNKNOWN = "ffffffff-ffff-4fff-8fff-ffffffffffff"
DRAFT, FLAGSHIP = "0a000000-0000-4000-8000-000000000005", "0a000000-0000-4000-8000-000000000006"
PAGE = {
    "MISSING_API_KEY",
    "INVALID_API_KEY",
    "WRITE_BLOCKED",
    "ROLE_ESCALATION_DENIED",
    "NOT_FOUND",
    "VALIDATION_ERROR",
    "MODEL_TIER_RESTRICTED",
}
BY_A_TOOL = [
    ("editor", "create_agent", {"name": "A", "llm_config": {"model": "auto"}}, "WRITE_BLOCKED"),
    ("member", "delete_agent", {"agent_id": UNKNOWN}, "WRITE_BLOCKED"),
    ("admin", "create_api_key", {"name": "Above", "role": "owner"}, "ROLE_ESCALATION_DENIED"),
    ("owner", "get_agent", {"agent_id": UNKNOWN}, "NOT_FOUND"),
    ("owner", "get_agent", {"agent_id": "no uuid"}, "VALIDATION_ERROR"),
    (
        "owner",
        "create_schema",
        {"agent_id": DRAFT, "schema_type": "persona_config", "schema_data": {"instructions": "Help."}},
        "VALIDATION_ERROR",
    ),
    ("owner", "publish_agent", {"agent_id": FLAGSHIP}, "MODEL_TIER_RESTRICTED"),
]


@pytest.fixture
def server(zihin_server: Server) -> Iterator[Server]:
    yield zihin_server
    httpx.post(f"{zihin_server.sandbox_url}/__sandbox__/reset").raise_for_status()


@pytest.mark.parametrize("way", WAYS[:2], ids=str)
@pytest.mark.parametrize(("role", "tool", "arguments", "code"), BY_A_TOOL)
def test_a_tool_that_fails_answers_in_the_envelope_of_the_page(
    role: str, tool: str, arguments: dict[str, Any], code: str, way: Way, server: Server
) -> None:
    with way.connect(server, key_of(role)) as send:
        result = send("tools/call", {"name": tool, "arguments": arguments})["result"]
    assert result["isError"] is True
    [block] = result["content"]
    assert block["type"] == "text"
    said = json.loads(block["text"])
    assert list(said)[:3] == ["success", "error", "code"]
    assert (said["success"], said["code"]) == (False, code)
    assert said["error"]


BY_THE_KEY = [("", "MISSING_API_KEY"), (key_of("revoked"), "INVALID_API_KEY")]


@pytest.mark.parametrize(("key", "code"), BY_THE_KEY)
def test_a_bad_key_is_told_in_every_way(key: str, code: str, server: Server) -> None:
    answer = httpx.post(server.mcp_url, headers=headers(key), json=initialize(), trust_env=False)
    assert (answer.status_code, answer.json()["error"]["data"]["code"]) == (401, code)
    if key:  # over stdio a process without one does not start
        with over_stdio(server, key) as send:
            assert payload(send("tools/call", {"name": "whoami", "arguments": {}}))["code"] == code


def test_the_seven_codes_are_all_reached_above() -> None:
    assert {code for *_, code in BY_A_TOOL} | {code for _, code in BY_THE_KEY} == PAGE
    assert set(INDEX.sandbox["errors"]) >= PAGE


NEW, OLD, FLAT = "new", "old", "flat"
"""The shapes of the product's error bodies: `error.code`, snake case in `error`, and a plain `code`."""


def body(shape: str, code: str | None) -> Any:
    if shape == NEW:
        return {"error": {"message": "No", **({"code": code} if code else {})}}
    if shape == OLD:
        return {"error": code.lower() if code else "It failed", "message": "No", "status": "error"}
    return {"success": False, "error": "No", **({"code": code} if code else {})}


CODES = {
    400: "VALIDATION_ERROR",
    401: "INVALID_API_KEY",
    403: "WRITE_BLOCKED",
    404: "NOT_FOUND",
    409: "CONFLICT",
    422: "VALIDATION_ERROR",
    429: "RATE_LIMITED",
    500: "UPSTREAM_ERROR",
    502: "UPSTREAM_ERROR",
}


def code_of(status: int, said: Any) -> str:
    raw = said if isinstance(said, bytes) else json.dumps(said).encode()
    answer = UpstreamResponse(status, {"content-type": "application/json"}, raw)
    with pytest.raises(ToolpressError) as caught:
        read(INDEX.operation(INDEX.require("update_agent")), CATALOG.errors, answer)
    return caught.value.code


@pytest.mark.parametrize("shape", [NEW, OLD, FLAT])
@pytest.mark.parametrize("status", CODES)
def test_a_code_in_the_body_counts_and_else_the_status(status: int, shape: str) -> None:
    for code in sorted(PAGE | {"PLAN_LIMIT_REACHED", "QUOTA_EXCEEDED"}):
        assert code_of(status, body(shape, code)) == code
    assert code_of(status, body(shape, None)) == CODES[status]


@pytest.mark.parametrize("status", CODES)
@pytest.mark.parametrize("said", [b"", b"<html>", b"null", b"[]", {"error": None}, {"code": 7}, {"code": "No code."}])
def test_a_body_without_a_code_leaves_it_to_the_status(status: int, said: Any) -> None:
    assert code_of(status, said) == CODES[status]


@pytest.mark.parametrize(
    ("said", "code"),
    [
        ({"error": {"code": "FORBIDDEN", "details": {"reason": "AGENT_ACCESS_DENIED"}}}, "AGENT_ACCESS_DENIED"),
        ({"error": {"code": "NOT_FOUND"}, "code": "OTHER"}, "NOT_FOUND"),
        ({"success": False, "code": "CONFLICT"}, "CONFLICT"),
        ({"success": False}, "UPSTREAM_ERROR"),
    ],
)
def test_the_most_precise_word_wins_even_with_status_200(said: Any, code: str) -> None:
    assert code_of(403, said) == (code if code != "UPSTREAM_ERROR" else "WRITE_BLOCKED")
    if "success" in said:
        assert code_of(200, said) == code
