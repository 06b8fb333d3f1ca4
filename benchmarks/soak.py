"""Hours in minutes: a real server under half of its load, in front of an upstream that fails in every way, for a while.

uv run python -m benchmarks.soak --minutes 30 [--save] [--every SECONDS]

All traffic stays on loopback and ends by itself. Prints the verdicts and exits with 1 if one is bad; `--save` writes
benchmarks/results/soak.json, docs/soak.md and docs/soak.svg.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass, field
from itertools import cycle
from pathlib import Path
from typing import Any

from benchmarks import soak_page
from benchmarks.processes import free_port, resident_mib
from benchmarks.soak_load import Load

TOOLPRESS = [sys.executable, "-m", "toolpress"]
CATALOG = "zihin"
SHARE = 0.5
"""Of the capacity that the calibration finds."""
CALIBRATION_S, CLIENTS = 6.0, 16
ODD_EVERY_S = 0.2
STUCK_AFTER_S = 60.0
"""Twice the time that the server gives a call."""
SETTLING_S = 3.0
"""After a phase begins: its faults are set, those of the last one are still being felt."""
REST_S = 25.0
"""At the end, without load: longer than any connection is kept for later."""
PHASES: tuple[tuple[str, str | None], ...] = (
    ("calm", None),
    ("slow", "latency=300"),
    ("calm", None),
    ("errors", "status=503"),
    ("garbage", "garbage"),
    ("calm", None),
    ("resets", "reset_before"),
    ("cut short", "truncated"),
    ("calm", None),
    ("down", None),
)
"""Faults of the sandbox by name; in `down` there is none, its process is stopped."""
PHASE_S = 20.0
"""At most; a shorter soak has them all at least twice."""


@dataclass
class Soak:
    """What is measured, as it is written down. Times are in seconds since the load began."""

    minutes: float
    capacity: float = 0.0
    rate: float = 0.0
    phases: list[tuple[float, str]] = field(default_factory=list)
    samples: list[dict[str, float]] = field(default_factory=list)
    outcomes: dict[str, dict[str, int]] = field(default_factory=dict)
    oddities: dict[str, int] = field(default_factory=dict)
    stuck: int = 0
    sockets_before: int = 0
    sockets_after: int = 0


class Upstream:
    """The sandbox in a process of its own, on one port for all its lives."""

    def __init__(self, folder: Path) -> None:
        self._log = folder / "sandbox.log"
        self._port = free_port()
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._port}"

    def start(self) -> None:
        command = [*TOOLPRESS, "sandbox", CATALOG, "--port", str(self._port)]
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(command, stdout=log, stderr=log)
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            try:
                self._ask("GET", "health")
                return
            except OSError:
                time.sleep(0.05)
        raise TimeoutError(f"the sandbox did not start: {self._log.read_text(encoding='utf-8')}")

    def stop(self) -> None:
        if self._process is not None:
            self._process.send_signal(signal.SIGTERM)
            self._process.wait(30)
            self._process = None

    def fail(self, fault: str | None) -> None:
        """Every request from now on, or none."""
        self._ask("DELETE", "faults")
        if fault:
            self._ask("POST", "faults", {"fault": fault})

    def _ask(self, method: str, path: str, body: Any = None) -> None:
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(f"{self.url}/__sandbox__/{path}", data, method=method)
        urllib.request.urlopen(request, timeout=20).read()


@contextmanager
def served(upstream: str, folder: Path) -> Iterator[tuple[str, int]]:
    """The address and process id of a server in front of the upstream; it must end with 0."""
    announce = folder / "announce.json"
    words = ["serve", CATALOG, "--port", "0", "--base-url", upstream, "--announce", str(announce)]
    quiet = {"TOOLPRESS_LOG_LEVEL": "error", "TOOLPRESS_LOG_FORMAT": "json", "FASTMCP_CHECK_FOR_UPDATES": "off"}
    log = folder / "server.log"
    with log.open("wb") as sink:
        process = subprocess.Popen([*TOOLPRESS, *words], stdout=sink, stderr=sink, env={**os.environ, **quiet})
    try:
        while not announce.exists():
            if process.poll() is not None:
                raise RuntimeError(log.read_text(encoding="utf-8"))
            time.sleep(0.05)
        yield json.loads(announce.read_text(encoding="utf-8"))["mcp"], process.pid
    finally:
        process.send_signal(signal.SIGTERM)
        code = process.wait(60)
        said = log.read_text(encoding="utf-8")
        if code or "Traceback" in said:
            print(f"the server ended with {code}: {said[-4000:]}", file=sys.stderr)


def sample(pid: int) -> dict[str, float]:
    """What the process holds."""
    links = [kind for link in Path(f"/proc/{pid}/fd").iterdir() if (kind := _target(link))]
    return {
        "rss_mib": resident_mib(pid),
        "threads": len(list(Path(f"/proc/{pid}/task").iterdir())),
        "sockets": sum(link.startswith("socket:") for link in links),
        "files": len(links),
    }


def _target(link: Path) -> str:
    """What an open file is; nothing if it has been closed since it was listed."""
    try:
        return str(link.readlink())
    except OSError:
        return ""


async def run(minutes: float, every_s: float) -> Soak:
    soak = Soak(minutes)
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        upstream = Upstream(folder)
        upstream.start()
        stack.callback(upstream.stop)
        url, pid = stack.enter_context(served(upstream.url, folder))
        phase = "calibration"
        load = Load(url, STUCK_AFTER_S, lambda: phase)
        soak.sockets_before = round(sample(pid)["sockets"])
        await load.closed_loop(CLIENTS, CALIBRATION_S / 3)  # what is loaded on first use is loaded
        soak.capacity = await load.closed_loop(CLIENTS, CALIBRATION_S)
        soak.rate = soak.capacity * SHARE
        start = time.monotonic()
        over = start + minutes * 60

        async def faults() -> None:
            nonlocal phase
            length = min(PHASE_S, minutes * 60 / (2 * len(PHASES)))
            for name, fault in cycle(PHASES):
                if time.monotonic() >= over - SETTLING_S:
                    return
                phase = "between"
                soak.phases.append((round(time.monotonic() - start, 2), name))
                if name == "down":
                    await asyncio.to_thread(upstream.stop)
                else:
                    await asyncio.to_thread(upstream.fail, fault)
                await asyncio.sleep(min(SETTLING_S, length / 2))
                phase = name
                await asyncio.sleep(max(length - SETTLING_S, length / 2))
                phase = "between"
                if name == "down":
                    await asyncio.to_thread(upstream.start)

        async def samples() -> None:
            while True:
                seen = {"at": time.monotonic() - start, "under_way": load.under_way, **sample(pid)}
                soak.samples.append({name: round(value, 2) for name, value in seen.items()})
                await asyncio.sleep(every_s)

        sampling = asyncio.create_task(samples())
        await asyncio.gather(load.paced(soak.rate, over), load.odd(ODD_EVERY_S, over), faults())
        phase = "rest"
        soak.phases.append((round(time.monotonic() - start, 2), phase))
        await asyncio.to_thread(upstream.fail, None)
        await asyncio.sleep(REST_S)
        sampling.cancel()
        soak.sockets_after = round(sample(pid)["sockets"])
        soak.stuck = load.stuck + load.under_way
        soak.outcomes = {name: dict(found) for name, found in load.outcomes.items()}
        soak.oddities = dict(load.oddities)
    return soak


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=30)
    parser.add_argument("--every", type=float, default=5.0, help="seconds between two samples")
    parser.add_argument("--save", action="store_true", help="write the results and their page")
    options = parser.parse_args()
    soak = asdict(asyncio.run(run(options.minutes, options.every)))
    soak["verdicts"] = verdicts = soak_page.judge(soak)
    for verdict in verdicts:
        print(f"{'good' if verdict['good'] else 'BAD':4}  {verdict['what']}: {verdict['found']} ({verdict['bound']})")
    print(json.dumps({"outcomes": soak["outcomes"], "oddities": soak["oddities"]}, indent=1))
    if options.save:
        soak_page.save(soak)
    return 0 if all(verdict["good"] for verdict in verdicts) else 1


if __name__ == "__main__":
    sys.exit(main())
