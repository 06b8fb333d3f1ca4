"""stdin and stdout as streams of messages.

Both are read and written by threads that the interpreter does not wait for: nothing can wake a thread that waits for
stdin, and a host that has stopped reading must not keep us from ending. Only this module writes to stdout; what else
prints, prints to stderr.
"""

from __future__ import annotations

import asyncio
import math
import os
import queue
import threading
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from types import TracebackType
from typing import Self

import anyio
from anyio.streams.memory import MemoryObjectReceiveStream, MemoryObjectSendStream
from mcp.shared.message import SessionMessage
from mcp_types import jsonrpc_message_adapter

_CHUNK = 1 << 16
_FLUSH_S = 1.0
Incoming = SessionMessage | Exception


@asynccontextmanager
async def standard_pipes() -> AsyncIterator[Pipes]:
    """The process's own stdin and stdout, which nobody else uses from now on."""
    wire = os.dup(1)
    os.dup2(2, 1)
    async with pipes(0, wire) as opened:
        yield opened


@asynccontextmanager
async def pipes(stdin: int, stdout: int) -> AsyncIterator[Pipes]:
    """Messages over two file descriptors."""
    sender, receiver = anyio.create_memory_object_stream[Incoming](math.inf)
    outgoing = _Outgoing(stdout)
    reader = _Reader(stdin, sender)
    for target in (reader, outgoing.run):
        threading.Thread(target=target, daemon=True).start()
    try:
        yield Pipes(receiver, outgoing)
    finally:
        await outgoing.flush()
        sender.close()
        receiver.close()


class _Reader:
    """Runs in a thread: line by line from the pipe into the stream, which ends when the pipe does."""

    def __init__(self, descriptor: int, stream: MemoryObjectSendStream[Incoming]) -> None:
        self._descriptor = descriptor
        self._stream = stream
        self._loop = asyncio.get_running_loop()

    def __call__(self) -> None:
        rest = b""
        while chunk := self._read():
            *lines, rest = (rest + chunk).split(b"\n")
            for line in lines:
                if line.strip() and not self._hand(self._stream.send_nowait, _message(line)):
                    return
        self._hand(self._stream.close)

    def _read(self) -> bytes:
        try:
            return os.read(self._descriptor, _CHUNK)
        except OSError:
            return b""

    def _hand(self, action: Callable[..., object], *arguments: object) -> bool:
        """Do it in the loop; False once there is no loop or nobody listens."""
        try:
            self._loop.call_soon_threadsafe(_unless_closed, action, *arguments)
        except RuntimeError:
            return False
        return True


def _unless_closed(action: Callable[..., object], *arguments: object) -> None:
    try:
        action(*arguments)
    except (anyio.ClosedResourceError, anyio.BrokenResourceError):
        return


def _message(line: bytes) -> Incoming:
    try:
        return SessionMessage(jsonrpc_message_adapter.validate_json(line, by_name=False))
    except ValueError as error:
        return error


@dataclass(frozen=True, slots=True)
class _Item:
    data: bytes
    written: asyncio.Future[bool]


class _Outgoing:
    """The stream towards the host. What was put in is written, in order, even if who put it in is cancelled."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._queue: queue.SimpleQueue[_Item] = queue.SimpleQueue()
        self._loop = asyncio.get_running_loop()

    async def send(self, item: SessionMessage) -> None:
        if not await self._put(item.message.model_dump_json(by_alias=True, exclude_unset=True).encode() + b"\n"):
            raise anyio.BrokenResourceError

    async def flush(self) -> None:
        """Wait until what was put in is written, for a short time: the host may have stopped reading."""
        with anyio.move_on_after(_FLUSH_S, shield=True):
            await self._put(b"")

    async def _put(self, data: bytes) -> bool:
        written: asyncio.Future[bool] = self._loop.create_future()
        self._queue.put(_Item(data, written))
        return await written

    def run(self) -> None:
        """Runs in a thread."""
        while True:
            item = self._queue.get()
            done = self._write(item.data)
            try:
                self._loop.call_soon_threadsafe(_settle, item.written, done)
            except RuntimeError:
                return

    def _write(self, data: bytes) -> bool:
        try:
            while data:
                data = data[os.write(self._descriptor, data) :]
        except OSError:
            return False
        return True

    async def aclose(self) -> None:
        """The descriptor stays open: it is the process's own."""

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, exc_type: type[BaseException] | None, exc_val: BaseException | None, exc_tb: TracebackType | None
    ) -> None:
        await self.aclose()


def _settle(future: asyncio.Future[bool], value: bool) -> None:
    if not future.done():
        future.set_result(value)


@dataclass(frozen=True, slots=True)
class Pipes:
    """What the SDK's server reads from and writes to."""

    incoming: MemoryObjectReceiveStream[Incoming]
    outgoing: _Outgoing
