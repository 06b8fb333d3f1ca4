"""Processes pinned to a core each, and what they cost."""

from __future__ import annotations

import asyncio
import os
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from benchmarks.catalogue import ROOT
from benchmarks.wire import Connection, Endpoint

SERVER_CORE = 0
CLIENT_CORE = 1
"""The load client and the upstream share it."""

QUIET = {
    "FASTMCP_CHECK_FOR_UPDATES": "off",
    "FASTMCP_SHOW_SERVER_BANNER": "false",
    "FASTMCP_LOG_LEVEL": "WARNING",
    "TOOLPRESS_LOG_LEVEL": "warning",
}
_PATIENCE_S = 120.0


@dataclass(frozen=True)
class Running:
    """A process that was started here."""

    process: subprocess.Popen[bytes]
    log: Path

    @property
    def pid(self) -> int:
        return self.process.pid

    def check(self) -> None:
        """Fail with the process's own words if it has ended."""
        if self.process.poll() is not None:
            raise RuntimeError(f"{self.process.args!r} ended: {self.log.read_text(errors='replace')[-3000:]}")


def pin_client() -> None:
    """Keep this process, which measures, on its core."""
    os.sched_setaffinity(0, {CLIENT_CORE % (os.cpu_count() or 1)})


def pinned(command: Sequence[str], core: int) -> list[str]:
    """The command on one core; the process keeps its id."""
    return ["taskset", "--cpu-list", str(core % (os.cpu_count() or 1)), *command]


def environment(extra: Mapping[str, str] = {}) -> dict[str, str]:
    return {**os.environ, **QUIET, **extra}


@contextmanager
def started(command: Sequence[str], core: int, env: Mapping[str, str] = {}) -> Iterator[Running]:
    """The process while the block runs; it is ended after it."""
    with tempfile.TemporaryDirectory() as folder:
        log = Path(folder, "log")
        with log.open("wb") as output:
            process = subprocess.Popen(
                pinned(command, core),
                env=environment(env),
                cwd=ROOT,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
            )
        try:
            yield Running(process, log)
        finally:
            process.terminate()
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


async def first_answer(running: Running, endpoint: Endpoint) -> None:
    """Wait until the server accepts connections."""
    deadline = time.monotonic() + _PATIENCE_S
    while True:
        running.check()
        try:
            connection = await Connection(endpoint).open()
        except OSError:
            if time.monotonic() > deadline:
                raise
            await asyncio.sleep(0.01)
        else:
            connection.abandon()
            return


def resident_mib(pid: int) -> float:
    text = Path(f"/proc/{pid}/status").read_text(encoding="ascii")
    return int(next(line for line in text.splitlines() if line.startswith("VmRSS")).split()[1]) / 1024


def cpu_seconds(pid: int) -> float:
    """User and system time of all threads so far."""
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
