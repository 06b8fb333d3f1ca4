"""A client takes a call back, in both eras: the request to the product is stopped."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest

from toolpress.cancellation import REQUEST_CANCELLED, Cancellation
from toolpress.gate import ADMITTED, Admitted
from toolpress.principal import Caller, Credential, Principal

CALLER = Caller("notebook", Principal("owner", "t", "f"), Credential("nb_test_mine"))


class Slow:
    """An application that answers requests never, and notifications at once."""

    def __init__(self) -> None:
        self.working = asyncio.Event()
        self.stopped = asyncio.Event()

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        body = json.loads((await receive())["body"])
        if "id" not in body:
            await send({"type": "http.response.start", "status": 202, "headers": []})
            await send({"type": "http.response.body", "body": b""})
            return
        self.working.set()
        try:
            await asyncio.Future()
        finally:
            self.stopped.set()


class Exchange:
    """One request; its client hangs up when told."""

    def __init__(self, layer: Cancellation, body: Any, **headers: str) -> None:
        raw = json.dumps(body).encode()
        named = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
        self.scope = {"type": "http", "method": "POST", "headers": named, ADMITTED: Admitted(CALLER, raw)}
        self.raw = raw
        self.given = False
        self.closed = asyncio.Event()
        self.out: list[Any] = []
        self.layer = layer

    async def receive(self) -> Any:
        if self.given:
            await self.closed.wait()
            return {"type": "http.disconnect"}
        self.given = True
        return {"type": "http.request", "body": self.raw, "more_body": False}

    async def send(self, message: Any) -> None:
        self.out.append(message)

    async def run(self) -> None:
        await self.layer(self.scope, self.receive, self.send)


def request(number: Any = 1) -> dict[str, Any]:
    return {"jsonrpc": "2.0", "id": number, "method": "tools/call", "params": {"name": "slow"}}


def taken_back(number: Any = 1) -> dict[str, Any]:
    return {"jsonrpc": "2.0", "method": "notifications/cancelled", "params": {"requestId": number}}


async def test_a_closed_connection_stops_the_work_of_the_newer_era() -> None:
    app = Slow()
    call = Exchange(Cancellation(app), request(), mcp_protocol_version="2026-07-28")
    running = asyncio.create_task(call.run())
    await app.working.wait()
    call.closed.set()
    await asyncio.wait_for(running, 10)
    assert app.stopped.is_set()
    assert call.out == []


async def test_a_notification_in_the_same_session_stops_the_work_and_ends_the_answer() -> None:
    app = Slow()
    layer = Cancellation(app)
    call = Exchange(layer, request("a"), mcp_session_id="mine")
    running = asyncio.create_task(call.run())
    await app.working.wait()
    for session, number in (("other", "a"), ("mine", "b"), ("mine", None), ("mine", ["a"])):
        await Exchange(layer, taken_back(number), mcp_session_id=session).run()
    assert not app.stopped.is_set()
    told = Exchange(layer, taken_back("a"), mcp_session_id="mine")
    await told.run()
    await asyncio.wait_for(running, 10)
    assert app.stopped.is_set()
    assert told.out[0]["status"] == 202
    answer = json.loads(call.out[-1]["body"])
    assert (answer["id"], answer["error"]["code"]) == ("a", REQUEST_CANCELLED)


@pytest.mark.parametrize("headers", [{}, {"mcp_session_id": "mine"}])
async def test_a_closed_connection_means_nothing_in_the_handshake_era(headers: dict[str, str]) -> None:
    app = Slow()
    call = Exchange(Cancellation(app), request(), **headers)
    running = asyncio.create_task(call.run())
    await app.working.wait()
    call.closed.set()
    for _ in range(20):  # rounds of the loop, in which a watcher would have stopped it
        await asyncio.sleep(0)
    assert not app.stopped.is_set()
    running.cancel()
