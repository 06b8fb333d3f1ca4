"""Sessions over HTTP as the page has them, over real processes: alone, and as replicas of one another."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from fastmcp import Client
from fastmcp.client.transports import StreamableHttpTransport
from key_value.aio.stores.memory import MemoryStore

from tests.processes import Server, serve
from tests.redis_server import needs_redis
from tests.zihin.wire import (
    HANDSHAKE,
    WAYS,
    Way,
    answer_of,
    change_key,
    headers,
    initialize,
    key_of,
    message,
    next_message,
    open_session,
    over_handshake,
    payload,
    stream,
)
from toolpress.authorize import audience
from toolpress.catalog import CatalogIndex
from toolpress.principal import Credential
from toolpress.sessions import SessionBook
from toolpress_catalogs.zihin.catalog import CATALOG

OWNER, EDITOR, OTHER_TENANT = key_of("owner"), key_of("editor"), key_of("owner", "globex")
SEAL = "shared-by-every-replica-of-this-test"
PING = message("ping")
HOUR = 3600


@pytest.fixture(scope="module")
def replicas() -> Iterator[tuple[Server, Server]]:
    """Two processes that share nothing but the key; who calls is asked anew for every request."""
    env = {"TOOLPRESS_SESSION_KEY": SEAL, "TOOLPRESS_IDENTITY_TTL_S": "0"}
    with serve("zihin", env=env) as first, serve("zihin", env=env) as second:
        yield first, second


def status(http: httpx.Client, server: Server, key: str, session: str) -> int:
    return http.post(server.mcp_url, headers=headers(key, mcp_session_id=session), json=PING).status_code


def test_a_session_is_opened_used_and_closed(zihin_server: Server, http: httpx.Client) -> None:
    url = zihin_server.mcp_url
    session = open_session(http, url, OWNER)
    for _ in range(2):
        assert status(http, zihin_server, OWNER, session) == 200
    assert http.delete(url, headers=headers(OWNER, mcp_session_id=session)).status_code == 200
    for method in ("POST", "GET", "DELETE"):
        gone = http.request(method, url, headers=headers(OWNER, mcp_session_id=session), json=PING)
        assert gone.status_code == 404
        problem = gone.json()["error"]["data"]
        assert problem["code"] == "SESSION_NOT_FOUND"
        assert "initialize" in problem["fix"]
    assert status(http, zihin_server, OWNER, open_session(http, url, OWNER)) == 200


def test_a_session_belongs_to_the_key_that_opened_it(zihin_server: Server, http: httpx.Client) -> None:
    session = open_session(http, zihin_server.mcp_url, OWNER)
    for key in (EDITOR, OTHER_TENANT):
        assert status(http, zihin_server, key, session) == 404
        closed = http.delete(zihin_server.mcp_url, headers=headers(key, mcp_session_id=session))
        assert closed.status_code == 404
    assert status(http, zihin_server, OWNER, session) == 200
    assert http.post(zihin_server.mcp_url, headers={"mcp-session-id": session}, json=PING).status_code == 401


@pytest.mark.parametrize("session", ["", "x", "of-nobody-at-all", "%00", "A" * 3000, "a b"])
def test_what_is_no_session_is_none(session: str, zihin_server: Server, http: httpx.Client) -> None:
    assert status(http, zihin_server, OWNER, session) == 404


def test_any_replica_takes_the_sessions_of_another(replicas: tuple[Server, Server], http: httpx.Client) -> None:
    first, second = replicas
    for here, there in (replicas, (second, first)):
        session = open_session(http, here.mcp_url, OWNER)
        call = message("tools/call", {"name": "whoami", "arguments": {}})
        for server in (here, there):
            answer = http.post(server.mcp_url, headers=headers(OWNER, mcp_session_id=session), json=call)
            assert payload(answer_of(answer))["role"] == "owner"
    assert first.process.pid != second.process.pid


def test_without_a_shared_key_every_process_has_its_own(
    replicas: tuple[Server, Server], zihin_server: Server, http: httpx.Client
) -> None:
    session = open_session(http, zihin_server.mcp_url, OWNER)
    assert status(http, replicas[0], OWNER, session) == 404


@pytest.mark.parametrize(("plan", "hours"), [("free", 24), ("basic", 7 * 24), ("pro", 7 * 24), ("enterprise", 30 * 24)])
def test_a_session_lasts_as_long_as_the_page_says(
    plan: str, hours: int, replicas: tuple[Server, Server], http: httpx.Client
) -> None:
    """Another replica, whose clock is the test's, opened it some time ago."""
    assert CATALOG.sessions is not None
    for ago, expected in ((hours * HOUR - 60, 200), (hours * HOUR + 1, 404)):
        clock = lambda ago=ago: time.time() - ago  # noqa: E731 - a clock that is slow
        book = SessionBook("zihin", CATALOG.sessions, MemoryStore(), SEAL, clock)
        assert status(http, replicas[0], OWNER, book.open(Credential(OWNER), plan, HANDSHAKE)) == expected


def test_the_plan_comes_from_the_product(replicas: tuple[Server, Server], http: httpx.Client) -> None:
    """acme is on basic and globex on free: what each opens lasts accordingly."""
    assert CATALOG.sessions is not None
    for key, hours in ((OWNER, 7 * 24), (OTHER_TENANT, 24)):
        before = int(time.time())
        session = open_session(http, replicas[0].mcp_url, key)
        reader = SessionBook("zihin", CATALOG.sessions, MemoryStore(), SEAL)
        opened = reader._unsealed(session, Credential(key))
        assert opened is not None
        assert 0 <= opened.ends - before - hours * HOUR <= 60


# The shared store.


@needs_redis
def test_a_session_that_one_replica_ended_is_over_for_all(redis_url: str, http: httpx.Client) -> None:
    env = {"TOOLPRESS_SESSION_KEY": SEAL, "TOOLPRESS_STORE_URL": redis_url}
    with serve("zihin", env=env) as first, serve("zihin", env=env) as second:
        session, other = (open_session(http, first.mcp_url, OWNER) for _ in range(2))
        assert status(http, second, OWNER, session) == 200
        assert http.delete(second.mcp_url, headers=headers(OWNER, mcp_session_id=session)).status_code == 200
        assert [status(http, server, OWNER, session) for server in (first, second)] == [404, 404]
        assert [status(http, server, OWNER, other) for server in (first, second)] == [200, 200]


# Clients.


async def test_the_python_client_opens_uses_and_closes_a_session(zihin_server: Server) -> None:
    transport = StreamableHttpTransport(zihin_server.mcp_url, headers={"X-Api-Key": OWNER})
    async with Client(transport, mode="legacy") as client:
        assert len(await client.list_tools()) == 96
        assert (await client.call_tool("whoami")).data["role"] == "owner"
        session = transport.get_session_id()
        assert session is not None
        with httpx.Client(trust_env=False) as http:
            assert status(http, zihin_server, OWNER, session) == 200
    with httpx.Client(trust_env=False) as http:
        assert status(http, zihin_server, OWNER, session) == 404, "it said good-bye"


# Streams of notifications.


def test_a_stream_ends_with_its_session(zihin_server: Server, http: httpx.Client) -> None:
    session = open_session(http, zihin_server.mcp_url, OWNER)
    with stream(http, zihin_server, OWNER, session) as lines:
        assert http.delete(zihin_server.mcp_url, headers=headers(OWNER, mcp_session_id=session)).status_code == 200
        assert list(lines) == [""]


def test_the_server_does_not_wait_for_streams_when_it_stops() -> None:
    with httpx.Client(trust_env=False, timeout=30) as http:
        with serve("zihin") as server:
            session = open_session(http, server.mcp_url, OWNER)
            opened = http.stream("GET", server.mcp_url, headers=headers(OWNER, mcp_session_id=session))
            lines = opened.__enter__().iter_lines()
            assert next(lines) == ": open"
        assert list(lines) == [""], "ended in good order, not cut off"
        opened.__exit__(None, None, None)


# A key that changes while it is in use.


@pytest.fixture
def strict(replicas: tuple[Server, Server]) -> Iterator[Server]:
    """A server that asks who calls for every request, with its sandbox as it was at the start."""
    yield replicas[0]
    httpx.post(f"{replicas[0].sandbox_url}/__sandbox__/reset").raise_for_status()


def connect_strictly(way: Way, server: Server, key: str) -> Any:
    settings = {"TOOLPRESS_IDENTITY_TTL_S": "0"} if way.name == "stdio" else {}
    return way.connect(server, key, **settings)


@pytest.mark.parametrize("way", WAYS, ids=str)
def test_a_key_that_is_downgraded_loses_its_tools_at_the_next_request(way: Way, strict: Server) -> None:
    def listed() -> int:
        return len(send("tools/list", {})["result"]["tools"])

    def called(tool: str) -> Any:
        answer = send("tools/call", {"name": tool, "arguments": {"no_such_argument": 1}})
        return payload(answer)["code"] if "result" in answer else answer["error"]["code"]

    with connect_strictly(way, strict, OWNER) as send:
        for role, count, write, read in (
            ("owner", 96, "VALIDATION_ERROR", "VALIDATION_ERROR"),
            ("editor", 52, "WRITE_BLOCKED", "VALIDATION_ERROR"),
            ("member", 5, "WRITE_BLOCKED", -32602),
            ("admin", 96, "VALIDATION_ERROR", "VALIDATION_ERROR"),
        ):
            change_key(strict, OWNER, role=role)
            assert called("create_agent") == write, "the call comes first: no listing before it"
            change_key(strict, OWNER, role="owner")
            assert listed() == 96
            change_key(strict, OWNER, role=role)
            assert (listed(), called("list_agents")) == (count, read)


@pytest.mark.parametrize("way", WAYS, ids=str)
def test_a_key_that_is_revoked_opens_nothing_at_the_next_request(way: Way, strict: Server) -> None:
    def code(method: str, params: dict[str, Any]) -> str:
        answer = send(method, params)
        return str(payload(answer)["code"] if "result" in answer else answer["error"]["data"]["code"])

    with connect_strictly(way, strict, EDITOR) as send, connect_strictly(way, strict, OWNER) as owner:
        assert "result" in send("tools/list", {})
        arguments = {"name": "delete_api_key", "arguments": {"key_id": "1a000000-0000-4000-8000-000000000003"}}
        assert payload(owner("tools/call", arguments))["status"] == "revoked"
        assert code("tools/call", {"name": "list_agents", "arguments": {}}) == "INVALID_API_KEY"
        assert code("tools/list", {}) == "INVALID_API_KEY"
        change_key(strict, EDITOR, status="active")
        assert "result" in send("tools/list", {}), "the session itself was not touched"


def listed_for(role: str) -> set[str]:
    return {tool.name for tool in CatalogIndex(CATALOG).tools if role in audience(tool, CATALOG)}


@pytest.fixture(scope="module")
def believing() -> Iterator[Server]:
    """A server that believes the catalogue's time; never reset, so that no two keys made on it are the same."""
    with serve("zihin") as server:
        yield server


@pytest.mark.parametrize("way", WAYS, ids=str)
@pytest.mark.parametrize(
    ("change", "code"), [({"role": "editor"}, "WRITE_BLOCKED"), ({"status": "revoked"}, "INVALID_API_KEY")]
)
def test_what_the_product_refuses_ends_what_was_believed_of_a_key(
    change: dict[str, str], code: str, way: Way, believing: Server
) -> None:
    with over_handshake(believing, OWNER) as owner:
        arguments = {"name": "Made here", "role": "admin"}
        key = payload(owner("tools/call", {"name": "create_api_key", "arguments": arguments}))["data"]["api_key"]
    with way.connect(believing, key) as send:

        def listed() -> set[str]:
            return {tool["name"] for tool in send("tools/list", {})["result"]["tools"]}

        assert listed() == listed_for("admin")
        change_key(believing, key, **change)
        assert listed() == listed_for("admin"), "nobody has asked again"
        delete = {"name": "delete_agent", "arguments": {"agent_id": "ffffffff-ffff-4fff-8fff-ffffffffffff"}}
        assert payload(send("tools/call", delete))["code"] == code
        if "role" in change:
            assert listed() == listed_for(change["role"])
        else:
            assert send("tools/list", {})["error"]["data"]["code"] == code


def test_a_stream_tells_that_the_tools_have_changed(strict: Server, http: httpx.Client) -> None:
    session = open_session(http, strict.mcp_url, OWNER)
    with stream(http, strict, OWNER, session) as lines:
        change_key(strict, OWNER, role="member")
        assert status(http, strict, OWNER, session) == 200
        told = next_message(lines)
    assert told["method"] == "notifications/tools/list_changed"


def test_the_name_of_the_session_header_is_any_case(zihin_server: Server, http: httpx.Client) -> None:
    opened = http.post(zihin_server.mcp_url, headers=headers(OWNER), json=initialize())
    named = {**headers(OWNER), "Mcp-Session-Id": opened.headers["Mcp-Session-Id"]}
    assert http.post(zihin_server.mcp_url, headers=named, json=PING).status_code == 200
