"""Messages over two descriptors: whole lines, in order, and an end on either side."""

from __future__ import annotations

import json
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import anyio
import pytest
from mcp.shared.message import SessionMessage
from mcp_types import JSONRPCNotification, JSONRPCRequest

from toolpress.proxy.pipes import Pipes, pipes


@dataclass
class Ends:
    """The host's ends: what it writes is stdin, what it reads is stdout."""

    stdin: int
    stdout: int
    pipes: Pipes


@asynccontextmanager
async def connected() -> AsyncIterator[Ends]:
    stdin, to_stdin = os.pipe()
    from_stdout, stdout = os.pipe()
    async with pipes(stdin, stdout) as opened:
        with anyio.fail_after(10):
            yield Ends(to_stdin, from_stdout, opened)


def note(method: str, text: str = "") -> SessionMessage:
    return SessionMessage(JSONRPCNotification(jsonrpc="2.0", method=method, params={"text": text}))


def line(**members: object) -> bytes:
    return json.dumps({"jsonrpc": "2.0", **members}).encode()


async def test_lines_become_messages_however_they_arrive() -> None:
    async with connected() as ends:
        whole = line(id=1, method="a") + b"\n\n  \n" + line(id="two", method="b", params={"x": "ü"}) + b"\r\n"
        for byte in whole:
            os.write(ends.stdin, bytes([byte]))
        first, second = await ends.pipes.incoming.receive(), await ends.pipes.incoming.receive()
        assert isinstance(first, SessionMessage)
        assert isinstance(second, SessionMessage)
        assert first.message == JSONRPCRequest(jsonrpc="2.0", id=1, method="a")
        assert second.message == JSONRPCRequest(jsonrpc="2.0", id="two", method="b", params={"x": "ü"})


@pytest.mark.parametrize("nonsense", [b"hello", b"[]", b'{"jsonrpc": "2.0"}', b"\xff\xfe", b"{"])
async def test_a_line_that_is_no_message_spoils_no_other(nonsense: bytes) -> None:
    async with connected() as ends:
        os.write(ends.stdin, nonsense + b"\n" + line(method="good") + b"\n")
        assert isinstance(await ends.pipes.incoming.receive(), Exception)
        assert isinstance(await ends.pipes.incoming.receive(), SessionMessage)


async def test_the_end_of_stdin_ends_the_stream() -> None:
    async with connected() as ends:
        os.write(ends.stdin, line(method="last") + b"\n" + line(method="torn")[:-1])
        os.close(ends.stdin)
        assert [type(message) async for message in ends.pipes.incoming] == [SessionMessage]


async def test_messages_are_written_as_lines_in_order() -> None:
    async with connected() as ends, anyio.create_task_group() as tasks:
        for number in range(20):
            tasks.start_soon(ends.pipes.outgoing.send, note(f"n{number}", "line\nbreak"))
        await anyio.wait_all_tasks_blocked()
        read = b""
        while read.count(b"\n") < 20:
            read += await anyio.to_thread.run_sync(os.read, ends.stdout, 65536)
        assert [json.loads(text)["method"] for text in read.splitlines()] == [f"n{number}" for number in range(20)]


async def test_what_was_put_in_is_written_though_its_sender_is_cancelled() -> None:
    async with connected() as ends:
        with anyio.CancelScope() as scope:
            scope.cancel()
            await ends.pipes.outgoing.send(note("still"))
        await ends.pipes.outgoing.flush()
        assert json.loads(os.read(ends.stdout, 65536))["method"] == "still"


async def test_a_host_that_reads_no_more_holds_nothing_up() -> None:
    big = "x" * (1 << 20)
    async with connected() as ends:
        with anyio.move_on_after(0.05) as waiting:
            await ends.pipes.outgoing.send(note("big", big))
        assert waiting.cancelled_caught


async def test_a_host_that_has_gone_is_a_broken_stream() -> None:
    async with connected() as ends:
        os.close(ends.stdout)
        with pytest.raises(anyio.BrokenResourceError):
            await ends.pipes.outgoing.send(note("nobody"))
