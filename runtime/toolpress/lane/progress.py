"""A call whose client wants to hear of its progress: one JSON if it is answered soon, else a stream with both."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Coroutine
from typing import Any

from starlette.types import Send

from toolpress import waiting
from toolpress.event_answer import EVENT_HEADERS, event, part
from toolpress.lane import wire


async def answer(send: Send, work: Coroutine[Any, Any, bytes], token: int | str) -> None:
    """Send what the work makes, and until then every few seconds for how long it has been under way."""
    start, streaming = time.monotonic(), False
    task = asyncio.ensure_future(work)
    try:
        while not (await asyncio.wait({task}, timeout=waiting.EVERY_S))[0]:
            if not streaming:
                await send({"type": "http.response.start", "status": 200, "headers": list(EVENT_HEADERS)})
                streaming = True
            await send(part(_notification(token, time.monotonic() - start)))
        if streaming:
            await send({"type": "http.response.body", "body": event(task.result())})
        else:
            await wire.send_json(send, task.result())
    finally:
        task.cancel()


def _notification(token: int | str, passed_s: float) -> bytes:
    params = {"progressToken": token, "progress": passed_s, "message": waiting.told(passed_s)}
    message = {"jsonrpc": "2.0", "method": "notifications/progress", "params": params}
    return event(json.dumps(message).encode("ascii"))
