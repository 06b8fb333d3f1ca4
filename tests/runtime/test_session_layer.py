"""The layer between gate and application: what it hands on, and what it answers by itself."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest
from key_value.aio.stores.memory import MemoryStore
from mcp.server.subscriptions import ResourceUpdated

from toolpress.audience import Leave, Tell, Wants
from toolpress.contract import Sessions
from toolpress.gate import ADMITTED, SESSION, Admitted
from toolpress.principal import Caller, Credential, Principal
from toolpress.session_layer import SessionLayer
from toolpress.sessions import OpenSession, SessionBook
from toolpress.streams import Streams

CREDENTIAL = Credential("nb_test_mine")
CALLER = Caller("notebook", Principal("owner", "t", CREDENTIAL.fingerprint, "pro"), CREDENTIAL)
INITIALIZE = {"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": {}}
PING = {"jsonrpc": "2.0", "id": 2, "method": "ping"}


class Down(MemoryStore):
    """A store that stops answering when told."""

    down = False

    async def get(self, *places: Any, **named: Any) -> Any:
        if self.down:
            raise ConnectionError("down")
        return await super().get(*places, **named)


class App:
    """An application that answers everything with the same result, and what it was asked."""

    def __init__(self, result: dict[str, Any]) -> None:
        self.result = result
        self.scopes: list[Any] = []

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        self.scopes.append(scope)
        body = json.dumps({"jsonrpc": "2.0", "id": 1, **self.result}).encode()
        head = [(b"content-type", b"application/json")]
        await send({"type": "http.response.start", "status": 200, "headers": head})
        await send({"type": "http.response.body", "body": body})


class Stage:
    def __init__(self, result: dict[str, Any] | None = None, **streams: Any) -> None:
        self.store = Down()
        self.app = App(result or {"result": {"protocolVersion": "2025-03-26"}})
        self.now = 1_800_000_000.0
        self.listening = asyncio.Event()
        self.book = SessionBook(
            "notebook", Sessions((("free", 24.0), ("pro", 168.0))), self.store, "k" * 40, lambda: self.now
        )
        self.joined: list[tuple[Caller, Wants, Tell]] = []
        self.layer = SessionLayer(self.app, book=self.book, streams=Streams(lambda: False, **streams), join=self._join)

    def _join(self, *listener: Any) -> Leave:
        self.joined.append(listener)
        return lambda: self.joined.remove(listener)

    async def send(
        self, method: str, body: Any = None, admitted: bool = True, stays: bool = False, **headers: str
    ) -> tuple[int, dict[str, str], str]:
        """A request from the gate; status, headers and body of its answer. A client that `stays` never hangs up."""
        raw = json.dumps(body).encode() if body is not None else b""
        named = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
        scope: dict[str, Any] = {"type": "http", "method": method, "path": "/mcp", "headers": named}
        if admitted:
            scope[ADMITTED] = Admitted(CALLER, raw)
        out: list[Any] = []

        async def receive() -> Any:
            return await asyncio.Future() if stays else {"type": "http.disconnect"}

        async def send(message: Any) -> None:
            out.append(message)
            if stays:
                self.listening.set()

        await self.layer(scope, receive, send)
        head = {name.decode(): value.decode() for name, value in out[0]["headers"]}
        return out[0]["status"], head, b"".join(part.get("body", b"") for part in out[1:]).decode()

    async def opened(self) -> str:
        _, head, _ = await self.send("POST", INITIALIZE)
        return head["mcp-session-id"]


async def test_what_was_agreed_is_told_to_the_application() -> None:
    stage = Stage()
    session = await stage.opened()
    await stage.send("POST", PING, mcp_session_id=session)
    await stage.send("POST", PING, mcp_session_id=session, mcp_protocol_version="2025-06-18")
    versions = [dict(scope["headers"]).get(b"mcp-protocol-version") for scope in stage.app.scopes]
    assert versions == [None, b"2025-03-26", b"2025-06-18"]


async def test_a_handshake_that_fails_opens_nothing() -> None:
    stage = Stage({"error": {"code": -32602, "message": "no"}})
    status, head, body = await stage.send("POST", INITIALIZE)
    assert (status, head["content-type"]) == (200, "text/event-stream")
    assert "-32602" in body
    assert "mcp-session-id" not in head


async def test_the_plan_of_the_caller_decides_how_long() -> None:
    stage = Stage()
    session = await stage.opened()
    stage.now += 167 * 3600
    assert (await stage.send("POST", PING, mcp_session_id=session))[0] == 200
    stage.now += 3600
    status, _, body = await stage.send("POST", PING, mcp_session_id=session)
    assert status == 404
    assert json.loads(body)["error"]["data"]["code"] == "SESSION_NOT_FOUND"


async def test_a_session_ends_once() -> None:
    stage = Stage()
    session = await stage.opened()
    assert (await stage.send("DELETE", mcp_session_id=session))[0] == 200
    for method in ("DELETE", "GET", "POST"):
        assert (await stage.send(method, PING, mcp_session_id=session))[0] == 404


async def test_the_end_of_a_session_ends_its_stream_at_once() -> None:
    stage = Stage(step_s=1000)
    session = await stage.opened()
    listener = asyncio.create_task(stage.send("GET", stays=True, mcp_session_id=session))
    await stage.listening.wait()
    assert (await stage.send("DELETE", mcp_session_id=session))[0] == 200
    assert (await asyncio.wait_for(listener, 20))[2] == ": open\n\n"


async def test_a_stream_listens_for_what_its_session_is_subscribed_to_while_it_is_open() -> None:
    stage = Stage(step_s=1000)
    session = await stage.opened()
    await stage.send("POST", PING, mcp_session_id=session)
    asked: OpenSession = stage.app.scopes[-1][SESSION]
    await asked.subscribe("notes://early")
    listener = asyncio.create_task(stage.send("GET", stays=True, mcp_session_id=session))
    await stage.listening.wait()
    [(caller, wants, tell)] = stage.joined
    assert caller is CALLER
    await asked.subscribe("notes://late")
    uris = ("notes://early", "notes://late", "notes://never")
    assert [await wants(uri) for uri in uris] == [True, True, False]
    await asked.unsubscribe("notes://early")
    assert [await wants(uri) for uri in uris] == [False, True, False]
    stage.listening.clear()
    await tell(ResourceUpdated("notes://late"))
    await asyncio.wait_for(stage.listening.wait(), 20)
    assert (await stage.send("DELETE", mcp_session_id=session))[0] == 200
    assert '"uri":"notes://late"' in (await asyncio.wait_for(listener, 20))[2]
    assert stage.joined == []


async def test_a_store_that_is_down_is_no_end_of_the_session() -> None:
    stage = Stage()
    session = await stage.opened()
    stage.store.down = True
    for method in ("POST", "GET", "DELETE"):
        status, head, body = await stage.send(method, PING, mcp_session_id=session)
        assert (status, head["retry-after"]) == (503, "1")
        assert json.loads(body)["error"]["data"]["code"] == "STORE_UNAVAILABLE"
    stage.store.down = False
    assert (await stage.send("POST", PING, mcp_session_id=session))[0] == 200


async def test_too_many_streams() -> None:
    stage = Stage(most=0)
    status, head, body = await stage.send("GET", mcp_session_id=await stage.opened())
    assert (status, int(head["retry-after"]) > 0) == (503, True)
    assert json.loads(body)["error"]["data"]["code"] == "TOO_MANY_STREAMS"


async def test_a_listener_that_leaves_at_once() -> None:
    stage = Stage()
    session = await stage.opened()
    status, head, body = await asyncio.wait_for(stage.send("GET", mcp_session_id=session), 20)
    assert (status, head["content-type"], body) == (200, "text/event-stream", ": open\n\n")


@pytest.mark.parametrize("version", ["2026-07-28", "2099-01-01"])
async def test_what_has_no_sessions_passes_untouched(version: str) -> None:
    stage = Stage()
    for options in ({"mcp_protocol_version": version}, {"admitted": False}):
        status, head, body = await stage.send("POST", PING, **options)
        assert (status, head["content-type"]) == (200, "application/json")
        assert json.loads(body)["id"] == 1


@pytest.mark.parametrize(
    ("body", "number"),
    [(PING, 2), ({**PING, "id": "x"}, "x"), ({"jsonrpc": "2.0", "method": "ping"}, None), ({**PING, "id": {}}, None)],
)
async def test_a_message_without_a_session_is_told_so_under_its_own_number(body: Any, number: Any) -> None:
    status, _, said = await Stage().send("POST", body)
    assert status == 400
    assert json.loads(said)["id"] == number
    assert json.loads(said)["error"]["data"]["code"] == "SESSION_REQUIRED"


async def test_what_is_no_message_is_left_to_the_application() -> None:
    stage = Stage()
    for body in ([PING], "ping", {"method": "ping"}, None):
        await stage.send("POST", body)
    assert len(stage.app.scopes) == 4
