"""One run in this process: a host on two pipes, a server in memory, and no clock."""

from __future__ import annotations

import json
import os
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import anyio
import pytest
from mcp import Client, MCPError
from mcp_types import CONNECTION_CLOSED, INTERNAL_ERROR, UNSUPPORTED_PROTOCOL_VERSION

from tests.proxy.busy_server import Busy
from tests.proxy.children import HELLO
from toolpress.proxy.failures import FailedError, Failure, Kind
from toolpress.proxy.link import Report
from toolpress.proxy.main import FAILED, STOPPED, run
from toolpress.proxy.pipes import Pipes, pipes
from toolpress.proxy.settings import Words, anywhere
from toolpress.proxy.upstream import Backoff

BROKEN = MCPError(CONNECTION_CLOSED, "broken")
SETTINGS = anywhere(Words(url="http://tools.example.com/mcp"), {})


@dataclass
class Run:
    """A run, the host's ends of its pipes, and the server that it connects to until `refusal` is set."""

    refusal: Exception | None = None
    lines: list[str] = field(default_factory=list)
    code: int | None = None
    report: Report | None = None

    def __post_init__(self) -> None:
        self._stdin, self._to_stdin = os.pipe()
        self._from_stdout, self._stdout = os.pipe()
        self._rest = b""
        self.going = anyio.Event()

    @asynccontextmanager
    async def connect(self, report: Report) -> AsyncIterator[Client]:
        if self.refusal is not None:
            raise self.refusal
        self.report = report
        async with Client(Busy().server(), cache=None) as client:
            yield client

    @asynccontextmanager
    async def opened(self) -> AsyncIterator[Pipes]:
        async with pipes(self._stdin, self._stdout) as both:
            yield both

    async def sleep(self, _seconds: float) -> None:
        """Pauses between attempts end at once, when the test says so."""
        await self.going.wait()
        await anyio.lowlevel.checkpoint()

    async def __call__(self) -> None:
        self.code = await run(
            SETTINGS,
            self.lines.append,
            self.opened,
            connect=self.connect,
            backoff=Backoff(attempts=3),
            sleep=self.sleep,
        )

    def write(self, *messages: dict[str, Any]) -> None:
        text = "".join(json.dumps({"jsonrpc": "2.0", **message}) + "\n" for message in messages)
        os.write(self._to_stdin, text.encode())

    def close_stdin(self) -> None:
        os.close(self._to_stdin)

    async def read(self) -> dict[str, Any]:
        """The next answer."""
        while b"\n" not in self._rest:
            self._rest += await anyio.to_thread.run_sync(os.read, self._from_stdout, 65536)
        line, _, self._rest = self._rest.partition(b"\n")
        message: dict[str, Any] = json.loads(line)
        return message if "id" in message else await self.read()


def call(number: int, name: str) -> dict[str, Any]:
    return {"id": number, "method": "tools/call", "params": {"name": name, "arguments": {}}}


def payload(answer: dict[str, Any]) -> dict[str, Any]:
    return dict(json.loads(answer["result"]["content"][0]["text"]))


async def behind(running: Run, host: Callable[[Run], Any]) -> Run:
    """The run and what the host does meanwhile, both to their end."""
    with anyio.fail_after(20):
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(running)
            running.write(*HELLO)
            assert (await running.read())["id"] == 0
            await host(running)
    return running


async def test_the_end_of_stdin_is_a_good_end() -> None:
    async def host(running: Run) -> None:
        running.write(call(1, "facts"))
        assert (await running.read())["result"]["structuredContent"]["calls"] == {"facts": 1}
        running.close_stdin()

    ran = await behind(Run(), host)
    assert (ran.code, ran.lines[-1]) == (STOPPED, "the host has closed stdin")
    assert ran.lines[0] == "7 tools, 1 resource, 1 prompt"


async def test_when_all_attempts_are_used_up_the_host_hears_it_first() -> None:
    async def host(running: Run) -> None:
        running.refusal = BROKEN
        assert running.report is not None
        running.report(FailedError(Failure(Kind.CONNECTION, "gone")))
        running.write(call(1, "facts"), {"id": 2, "method": "tools/list"})
        assert (await running.read())["id"] == 2
        running.going.set()
        answer = await running.read()
        assert answer["id"] == 1
        assert payload(answer)["code"] == "UPSTREAM_UNAVAILABLE"

    ran = await behind(Run(), host)
    assert ran.code == FAILED
    assert "All attempts to reconnect are used up" in ran.lines[-1]
    assert [line for line in ran.lines if line.startswith("reconnecting")] == [
        f"reconnecting in {pause} s, attempt {number} of 3" for number, pause in ((1, 1), (2, 2), (3, 4))
    ]


@pytest.mark.parametrize(
    ("refusal", "advice"),
    [
        (MCPError(INTERNAL_ERROR, "revoked", {"status": 401}), "The key is no longer accepted"),
        (MCPError(UNSUPPORTED_PROTOCOL_VERSION, "too old"), "upgrade toolpress"),
    ],
)
async def test_a_refusal_while_it_reconnects_ends_it(refusal: MCPError, advice: str) -> None:
    async def host(running: Run) -> None:
        running.refusal = refusal
        running.going.set()
        assert running.report is not None
        running.report(FailedError(Failure(Kind.CONNECTION, "gone")))

    ran = await behind(Run(), host)
    assert ran.code == FAILED
    assert refusal.message in ran.lines[-1]
    assert advice in ran.lines[-1]


async def test_the_first_connection_is_tried_once() -> None:
    ran = Run(refusal=BROKEN)
    await ran()
    assert ran.code == FAILED
    [line] = ran.lines
    assert line.startswith("cannot connect to http://tools.example.com/mcp: broken. Check the network")
