"""Handshake clients over HTTP hear that a resource or their tools changed: in one process, and across replicas."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from itertools import count
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests import modern
from tests.processes import Server, serve
from tests.redis_server import needs_redis
from tests.zihin.wire import (
    HANDSHAKE,
    JsonObject,
    answer_of,
    change_key,
    headers,
    key_of,
    message,
    next_message,
    open_session,
    stream,
)

AGENTS = "zihin://agents"
OWNER, EDITOR, MEMBER, OTHER = key_of("owner"), key_of("editor"), key_of("member"), key_of("owner", "globex")
UPDATED = {"jsonrpc": "2.0", "method": "notifications/resources/updated", "params": {"uri": AGENTS}}
TOOLS = {"jsonrpc": "2.0", "method": "notifications/tools/list_changed"}


class Speaker:
    """A client's session on one server, or on several replicas."""

    _numbers = count(1)

    def __init__(self, http: httpx.Client, server: Server, key: str = EDITOR) -> None:
        self.http, self.key = http, key
        self.session = open_session(http, server.mcp_url, key)

    def _headers(self) -> dict[str, str]:
        return headers(self.key, mcp_session_id=self.session, mcp_protocol_version=HANDSHAKE)

    def ask(self, server: Server, method: str, params: JsonObject) -> JsonObject:
        body = message(method, params, next(self._numbers))
        return answer_of(self.http.post(server.mcp_url, headers=self._headers(), json=body))

    def subscribe(self, server: Server, uri: str = AGENTS) -> None:
        assert self.ask(server, "resources/subscribe", {"uri": uri})["result"] == {}

    def unsubscribe(self, server: Server) -> None:
        assert self.ask(server, "resources/unsubscribe", {"uri": AGENTS})["result"] == {}

    def end(self, server: Server) -> None:
        assert self.http.delete(server.mcp_url, headers=self._headers()).status_code == 200

    def stream(self, server: Server) -> Any:
        return stream(self.http, server, self.key, self.session)


Change = Callable[..., None]


@pytest.fixture
def change(http: httpx.Client) -> Change:
    """Rename an agent of a tenant, by a client without a session."""
    numbers = count(1)

    def call(server: Server, key: str, tool: str, **arguments: str) -> Any:
        result = http.post(server.mcp_url, **modern.call(key, tool, arguments)).json()["result"]
        assert result["isError"] is False, result
        return result["structuredContent"]

    def rename(server: Server, key: str = OWNER) -> None:
        agent = call(server, key, "list_agents")["agents"][0]["id"]
        call(server, key, "update_agent", agent_id=agent, name=f"Name {next(numbers)}")

    return rename


def test_a_session_subscribes_hears_unsubscribes_and_ends(fresh: Server, http: httpx.Client, change: Change) -> None:
    """The witness hears of every change; whatever else the reader had been told would still be in its stream."""
    reader, witness, stranger = (Speaker(http, fresh, key) for key in (EDITOR, EDITOR, OTHER))
    for speaker in (reader, witness, stranger):
        speaker.subscribe(fresh)  # before there is a stream
    with reader.stream(fresh) as mine, witness.stream(fresh) as all_of_it, stranger.stream(fresh) as theirs:
        change(fresh)
        assert [next_message(mine), next_message(all_of_it)] == [UPDATED, UPDATED]
        reader.unsubscribe(fresh)
        for _ in range(2):
            change(fresh)
            assert next_message(all_of_it) == UPDATED
        reader.subscribe(fresh)  # while there is one
        reader.subscribe(fresh, "zihin://models")
        change(fresh, OTHER)
        assert next_message(theirs) == UPDATED
        change(fresh)
        assert [next_message(mine), next_message(all_of_it)] == [UPDATED, UPDATED]
        for speaker in (reader, stranger):
            speaker.end(fresh)
        assert not [line for line in (*mine, *theirs) if line.startswith("data: ")]
        change(fresh)
        assert next_message(all_of_it) == UPDATED


def test_a_stream_that_is_opened_anew_hears_on(fresh: Server, http: httpx.Client, change: Change) -> None:
    reader = Speaker(http, fresh)
    reader.subscribe(fresh)
    for _ in range(2):
        with reader.stream(fresh) as lines:
            change(fresh)
            assert next_message(lines) == UPDATED


def test_a_stream_of_a_revoked_key_tells_nothing_more(http: httpx.Client, change: Change) -> None:
    """The second change that the witness hears of shows that all were asked about the first."""
    with ExitStack() as streams:
        with serve("zihin", env={"TOOLPRESS_IDENTITY_TTL_S": "0"}) as server:
            reader, witness = (Speaker(http, server, key) for key in (EDITOR, OWNER))
            for speaker in (reader, witness):
                speaker.subscribe(server)
            mine, all_of_it = (streams.enter_context(speaker.stream(server)) for speaker in (reader, witness))
            change(server)
            assert [next_message(mine), next_message(all_of_it)] == [UPDATED, UPDATED]
            change_key(server, EDITOR, status="revoked")
            for _ in range(2):
                change(server)
                assert next_message(all_of_it) == UPDATED
        assert not [line for line in mine if line.startswith("data: ")], "to the end of the stream"


def test_the_hidden_is_refused_like_what_does_not_exist(fresh: Server, http: httpx.Client) -> None:
    member = Speaker(http, fresh, MEMBER)
    refused = [member.ask(fresh, "resources/subscribe", {"uri": uri})["error"] for uri in (AGENTS, "zihin://nothing")]
    assert [error["code"] for error in refused] == [-32602, -32602]
    assert refused[0]["message"].replace(AGENTS, "zihin://nothing") == refused[1]["message"]
    member.unsubscribe(fresh)  # what it never had


# Replicas that share a key and a Redis, each with a sandbox of its own.


@pytest.fixture(scope="module")
def replicas(redis_url: str) -> Iterator[tuple[Server, Server]]:
    env = {
        "TOOLPRESS_SESSION_KEY": "shared-by-every-replica-of-this-test",
        "TOOLPRESS_STORE_URL": redis_url,
        "TOOLPRESS_IDENTITY_TTL_S": "0",
    }
    with serve("zihin", env=env) as first, serve("zihin", env=env) as second:
        yield first, second


@needs_redis
def test_a_subscription_a_stream_and_a_change_meet_wherever_they_are(
    replicas: tuple[Server, Server], http: httpx.Client, change: Change
) -> None:
    for here, there in (replicas, replicas[::-1]):
        reader = Speaker(http, here)
        with reader.stream(there) as lines:
            reader.subscribe(here)
            for place in (here, there):
                change(place, OTHER)
                change(place)
                assert next_message(lines) == UPDATED
            reader.unsubscribe(there)
            change(here)
            reader.subscribe(here)
            change(here)
            assert next_message(lines) == UPDATED
        reader.end(there)


@needs_redis
def test_a_stream_of_the_new_era_hears_of_changes_through_another_replica(
    replicas: tuple[Server, Server], http: httpx.Client, change: Change
) -> None:
    here, there = replicas
    wanted = {"resourceSubscriptions": [AGENTS], "toolsListChanged": True}
    with http.stream(
        "POST", there.mcp_url, **modern.request("subscriptions/listen", OWNER, notifications=wanted)
    ) as answer:
        lines = answer.iter_lines()
        assert next_message(lines)["params"]["notifications"] == wanted
        change(here, OTHER)
        change(here)
        heard = next_message(lines)
        assert (heard["method"], heard["params"]["uri"]) == (UPDATED["method"], AGENTS)
        change_key(here, OWNER, role="editor")
        http.post(here.mcp_url, **modern.request("tools/list", OWNER))
        assert next_message(lines)["method"] == TOOLS["method"]
    change_key(here, OWNER, role="owner")


@needs_redis
def test_a_role_that_one_replica_sees_changed_is_told_on_the_streams_of_another(
    replicas: tuple[Server, Server], http: httpx.Client
) -> None:
    here, there = replicas
    reader = Speaker(http, there, OWNER)
    with reader.stream(there) as lines:
        change_key(here, OWNER, role="member")
        assert "result" in reader.ask(here, "tools/list", {})
        assert next_message(lines) == TOOLS
    change_key(here, OWNER, role="owner")


@needs_redis
def test_without_its_redis_a_replica_answers_and_tells_its_own_listeners(
    tmp_path: Path, http: httpx.Client, change: Change
) -> None:
    with serve("zihin", env={"TOOLPRESS_STORE_URL": f"unix://{tmp_path / 'nothing'}"}) as server:
        with http.stream("POST", server.mcp_url, **modern.listen(EDITOR, AGENTS)) as answer:
            lines = answer.iter_lines()
            next_message(lines)
            for _ in range(3):
                change(server)
                assert next_message(lines)["method"] == UPDATED["method"]
        log = server.log.read_text(encoding="utf-8")
    assert log.count("bus_lost") == 1, "said once, however often it is tried"
    assert "Traceback" not in log
