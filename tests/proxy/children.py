"""The proxy as a child process, with an SDK client on its pipes or with bare ones."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import anyio
from mcp import Client, StdioServerParameters
from mcp.client.session import MessageHandlerFnT
from mcp.client.stdio import stdio_client
from mcp_types import CallToolResult, TextContent

from tests.processes import TOOLPRESS
from tests.proxy.servers import until

Environment = dict[str, str]


def bare(environment: Environment) -> Environment:
    """The machine's environment without settings of ours, and these."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("TOOLPRESS_", "ZIHIN_", "MIHU_"))}
    return {**kept, **environment}


@dataclass(frozen=True)
class Child:
    """A proxy, the client on its pipes, and what it says on stderr."""

    client: Client
    log: Path

    def lines(self) -> list[str]:
        return self.log.read_text(encoding="utf-8").splitlines()

    async def said(self, text: str, times: int = 1) -> None:
        """Wait until stderr holds the text so often."""
        await eventually(lambda: sum(text in line for line in self.lines()) >= times)

    async def call(self, name: str, arguments: dict[str, Any] | None = None) -> CallToolResult:
        return await self.client.call_tool(name, arguments or {})


async def eventually(true: Callable[[], object]) -> None:
    await asyncio.to_thread(until, true)


@asynccontextmanager
async def proxied(
    folder: Path,
    *words: str,
    env: Environment,
    mode: str = "legacy",
    on_message: MessageHandlerFnT | None = None,
) -> AsyncIterator[Child]:
    """`toolpress proxy WORDS...` with a client of the handshake (`legacy`) or of 2026-07-28 (`auto`)."""
    log = folder / "proxy-log"
    program, *arguments = [*TOOLPRESS, "proxy", *words]
    with log.open("w", encoding="utf-8") as stderr:
        transport = stdio_client(StdioServerParameters(command=program, args=arguments, env=bare(env)), errlog=stderr)
        async with Client(transport, mode=mode, message_handler=on_message, cache=None) as client:
            with anyio.fail_after(60):
                yield Child(client, log)


def payload(result: CallToolResult) -> dict[str, Any]:
    """The JSON of the one text of a result."""
    [content] = result.content
    assert isinstance(content, TextContent)
    return dict(json.loads(content.text))


@contextmanager
def piped(*words: str, env: Environment) -> Iterator[subprocess.Popen[bytes]]:
    """The proxy with bare pipes; killed if the test leaves it running."""
    process = subprocess.Popen(
        [*TOOLPRESS, "proxy", *words],
        env=bare(env),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    try:
        yield process
    finally:
        process.kill()
        process.wait()
        for stream in (process.stdin, process.stdout, process.stderr):
            if stream is not None:
                stream.close()


def write(process: subprocess.Popen[bytes], *messages: dict[str, Any]) -> None:
    assert process.stdin
    for message in messages:
        process.stdin.write(json.dumps({"jsonrpc": "2.0", **message}).encode() + b"\n")
    process.stdin.flush()


def read(process: subprocess.Popen[bytes]) -> dict[str, Any]:
    """The next message; anything else on stdout is an error."""
    assert process.stdout
    return dict(json.loads(process.stdout.readline()))


HELLO = (
    {
        "id": 0,
        "method": "initialize",
        "params": {
            "protocolVersion": "2025-03-26",
            "capabilities": {},
            "clientInfo": {"name": "bare", "version": "1"},
        },
    },
    {"method": "notifications/initialized"},
)
"""The handshake of an older host."""
