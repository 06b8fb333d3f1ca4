"""Answers as bytes, member for member as the protocol library writes them."""

from __future__ import annotations

import json

from starlette.types import Send

from toolpress.lane.message import Ask
from toolpress.response import Answer

_CONTENT_TYPE = (b"content-type", b"application/json")


def result(ask: Ask, members: bytes) -> bytes:
    """The message around a result that is JSON already."""
    return b"".join((opening(ask), members, b"}"))


def opening(ask: Ask) -> bytes:
    """What stands before the result."""
    return b'{"jsonrpc":"2.0","id":' + ask.id + b',"result":'


def call_result(ask: Ask, answer: Answer, server: bytes) -> bytes:
    """The result of `tools/call`; `server` is what results of 2026-07-28 say of it, as JSON."""
    text = answer.text
    parts = [
        b'{"content":[{"text":',
        json.dumps(text, ensure_ascii=False).encode("utf-8"),
        b',"type":"text"}],"isError":',
        b"true" if answer.is_error else b"false",
    ]
    if ask.modern:
        parts.append(b',"resultType":"complete"')
    parts += (b',"structuredContent":', text.encode("utf-8"))
    if ask.modern:
        parts += (b',"_meta":{"io.modelcontextprotocol/serverInfo":', server, b"}")
    parts.append(b"}")
    return result(ask, b"".join(parts))


async def send_json(send: Send, body: bytes) -> None:
    length = (b"content-length", str(len(body)).encode("ascii"))
    await send({"type": "http.response.start", "status": 200, "headers": [_CONTENT_TYPE, length]})
    await send({"type": "http.response.body", "body": body})
