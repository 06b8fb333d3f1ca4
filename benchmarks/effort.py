"""What one `tools/call` and one `tools/list` cost in figures that no busy machine changes.

python -m benchmarks.effort CATALOGUE UPSTREAM, as one JSON object; the catalogue's folder is on PYTHONPATH.
"""

from __future__ import annotations

import asyncio
import gc
import json
import os
import sys
from collections.abc import Awaitable, Callable, MutableMapping
from types import FrameType
from typing import Any

import uvloop

from benchmarks.catalogue import IDENTITY, NAME
from benchmarks.wire import META, MODERN
from toolpress.asgi import create_app

TIMES = 20
MANY = 1000
App = Callable[..., Awaitable[None]]
Message = MutableMapping[str, Any]


def _message(method: str, params: dict[str, Any], *named: tuple[bytes, bytes]) -> tuple[dict[str, Any], bytes]:
    body = json.dumps({"jsonrpc": "2.0", "id": 1, "method": method, "params": {**params, "_meta": META}}).encode()
    headers = [
        (b"host", b"127.0.0.1"),
        (b"content-type", b"application/json"),
        (b"accept", b"application/json, text/event-stream"),
        (b"content-length", str(len(body)).encode()),
        (b"x-api-key", b"bench"),
        (b"mcp-protocol-version", MODERN.encode()),
        (b"mcp-method", method.encode()),
        *named,
    ]
    scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": "POST",
        "scheme": "http",
        "path": "/mcp",
        "raw_path": b"/mcp",
        "root_path": "",
        "query_string": b"",
        "headers": headers,
        "client": ("127.0.0.1", 1),
        "server": ("127.0.0.1", 80),
    }
    return scope, body


async def _ask(app: App, scope: dict[str, Any], body: bytes) -> None:
    status: list[int] = []
    ended = asyncio.Event()
    unread = [{"type": "http.request", "body": body, "more_body": False}]

    async def receive() -> Message:
        if unread:
            return unread.pop()
        await ended.wait()
        return {"type": "http.disconnect"}

    async def send(message: Message) -> None:
        if message["type"] == "http.response.start":
            status.append(message["status"])
        elif not message.get("more_body"):
            ended.set()

    await app(dict(scope), receive, send)
    if status != [200]:
        raise AssertionError(f"status {status}")


async def entered(app: App, scope: dict[str, Any], body: bytes) -> float:
    """The Python functions that one request enters, in the mean of several after a first one."""
    seen = 0

    def count(_: FrameType, event: str, __: Any) -> None:
        nonlocal seen
        seen += event == "call"

    await _ask(app, scope, body)
    sys.setprofile(count)
    try:
        for _ in range(TIMES):
            await _ask(app, scope, body)
    finally:
        sys.setprofile(None)
    return seen / TIMES


async def kept(app: App, scope: dict[str, Any], body: bytes) -> float:
    """The memory blocks that are still held after a request, in the mean of many."""
    for _ in range(MANY):  # caches fill
        await _ask(app, scope, body)
    gc.collect()
    before = sys.getallocatedblocks()
    for _ in range(MANY):
        await _ask(app, scope, body)
    gc.collect()
    return (sys.getallocatedblocks() - before) / MANY


async def main(catalogue: str, upstream: str) -> None:
    os.environ[f"TOOLPRESS_{NAME.upper()}_BASE_URL"] = upstream
    app: Any = create_app(catalogue)
    call = _message("tools/call", {"name": IDENTITY, "arguments": {}}, (b"mcp-name", IDENTITY.encode()))
    async with app.lifespan(app):
        found = {"functions_per_call": await entered(app, *call)}
        found["functions_per_list"] = await entered(app, *_message("tools/list", {}))
        found["blocks_kept_per_call"] = await kept(app, *call)
    print(json.dumps(found))


if __name__ == "__main__":
    uvloop.run(main(*sys.argv[1:]))  # as `serve` runs; asyncio's own loop holds timers that are over for a while
