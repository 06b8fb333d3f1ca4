"""Servers that the pages start, on free ports, and clients that look at them."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
from fastmcp import Client
from fastmcp.client.transports import StdioTransport, StreamableHttpTransport

from tests.docs.commands import Command, Place
from tests.docs.products import Product


@dataclass(frozen=True)
class Served:
    """A server that a page's command started."""

    url: str
    process: subprocess.Popen[bytes]
    stderr: Path

    def code(self) -> int:
        """How it ended, as a shell reports it: 128 and the signal for a process that a signal ended."""
        code = self.process.wait()
        return code if code >= 0 else 128 - code

    def log(self) -> str:
        return self.stderr.read_text(encoding="utf-8", errors="replace")

    def calls(self) -> list[dict[str, Any]]:
        """The log lines of calls."""
        return [json.loads(line) for line in self.log().splitlines() if line.startswith('{"event": "call"')]


@contextmanager
def serving(command: Command, place: Place, ready: str) -> Iterator[Served]:
    """The command on a free port, once the path `ready` answers 200; ended by SIGTERM."""
    port = free_port()
    stderr = place.folder / f"stderr-{port}"
    with stderr.open("wb") as sink:
        process = subprocess.Popen(
            [place.real(word) for word in _on_port(command.words, port)],
            cwd=place.folder,
            env=place.environment(command),
            stdin=subprocess.DEVNULL,
            stdout=sink,
            stderr=sink,
            start_new_session=True,
        )
    served = Served(f"http://127.0.0.1:{port}", process, stderr)
    try:
        _await(served, ready)
        yield served
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(60)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)  # its workers too
            process.wait()
            raise AssertionError(f"did not stop within 60 s: {served.log()}") from None


def status(url: str, host: str) -> int:
    """How a server answers to a request for another host."""
    return httpx.get(f"{url}/healthz", headers={"Host": host}, trust_env=False).status_code


async def tools_over_http(product: Product, url: str, headers: dict[str, str] | None = None) -> set[str]:
    async with Client(StreamableHttpTransport(url, headers=headers or product.headers)) as client:
        return await product.seen_by(client)


async def tools_over_stdio(product: Product, words: Sequence[str], environment: dict[str, str]) -> set[str]:
    program, *arguments = words
    path = shutil.which(program, path=environment["PATH"])
    assert path, f"{program} is not installed"
    async with Client(StdioTransport(path, arguments, env=environment, keep_alive=False)) as client:
        return await product.seen_by(client)


def _await(served: Served, path: str) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        assert served.process.poll() is None, f"ended at once: {served.log()}"
        try:
            if httpx.get(served.url + path, trust_env=False, timeout=5).status_code == 200:
                return
        except httpx.TransportError:
            pass
        time.sleep(0.05)
    raise TimeoutError(f"not ready within 60 s: {served.log()}")


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


def _on_port(words: Sequence[str], port: int) -> list[str]:
    """The command with another port, in the way that its program takes one."""
    changed = list(words)
    if "--metrics-port" in words:
        changed[changed.index("--metrics-port") + 1] = "0"
    if "--bind" in words:
        at = changed.index("--bind") + 1
        changed[at] = f"{changed[at].partition(':')[0]}:{port}"
    elif "--port" in words:
        changed[changed.index("--port") + 1] = str(port)
    elif words[0] == "gunicorn":
        changed += ["--bind", f"127.0.0.1:{port}"]
    else:
        changed += ["--port", str(port)]
    return changed
