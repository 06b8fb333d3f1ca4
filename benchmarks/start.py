"""What starting costs: help, first list over stdio and HTTP, memory, and a full press; each against a peer.

uv run python benchmarks/start.py [--rounds N] [--json]
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any

from toolpress.catalog import CatalogIndex, find_catalog
from toolpress.credentials import calling
from toolpress.embedded import default_credential

ROOT = Path(__file__).parents[1]
TOOLPRESS = [sys.executable, "-m", "toolpress"]
IMPORTED = "from fastmcp import FastMCP; FastMCP('peer')"
LIST = {"jsonrpc": "2.0", "id": 2, "method": "tools/list", "params": {}}
MODERN = "2026-07-28"
META = {"io.modelcontextprotocol/protocolVersion": MODERN, "io.modelcontextprotocol/clientCapabilities": {}}
HELLO = {
    "jsonrpc": "2.0",
    "id": 1,
    "method": "initialize",
    "params": {"protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": {"name": "bench", "version": "1"}},
}


def seconds(command: list[str]) -> float:
    start = time.perf_counter()
    subprocess.run(command, check=True, capture_output=True, cwd=ROOT)
    return time.perf_counter() - start


def resident_mib(pid: int) -> float:
    text = Path(f"/proc/{pid}/status").read_text(encoding="ascii")
    return int(next(line for line in text.splitlines() if line.startswith("VmRSS")).split()[1]) / 1024


def stdio_first_list(catalog: str) -> float:
    start = time.perf_counter()
    command = [*TOOLPRESS, "serve", catalog, "--sandbox", "--transport", "stdio"]
    child = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    assert child.stdin is not None
    assert child.stdout is not None
    for message in (HELLO, {"jsonrpc": "2.0", "method": "notifications/initialized"}, LIST):
        child.stdin.write(json.dumps(message).encode() + b"\n")
    child.stdin.flush()
    while json.loads(child.stdout.readline()).get("id") != 2:
        pass
    taken = time.perf_counter() - start
    child.stdin.close()
    child.wait(20)
    return taken


@contextmanager
def served(catalog: str) -> Iterator[tuple[str, int]]:
    with tempfile.TemporaryDirectory() as folder:
        announce = Path(folder, "announce.json")
        command = [*TOOLPRESS, "serve", catalog, "--sandbox", "--port", "0", "--announce", str(announce)]
        child = subprocess.Popen(command, stderr=subprocess.DEVNULL)
        while not announce.exists():
            time.sleep(0.005)
        yield json.loads(announce.read_text(encoding="utf-8"))["mcp"], child.pid
        child.send_signal(signal.SIGTERM)
        child.wait(20)


def http_first_list(catalog: str) -> tuple[float, float]:
    index = CatalogIndex(find_catalog(catalog))
    headers = {
        **calling(default_credential(index), index.catalog),
        "Content-Type": "application/json",
        "Accept": "application/json, text/event-stream",
        "MCP-Protocol-Version": MODERN,
        "Mcp-Method": "tools/list",
    }
    start = time.perf_counter()
    with served(catalog) as (url, pid):
        body = {**LIST, "params": {"_meta": META}}
        request = urllib.request.Request(url, json.dumps(body).encode(), headers)
        with urllib.request.urlopen(request, timeout=60) as answer:
            answer.read()
        return time.perf_counter() - start, resident_mib(pid)


def imported_mib() -> float:
    child = subprocess.Popen([sys.executable, "-c", f"{IMPORTED}; input()"], stdin=subprocess.PIPE)
    assert child.stdin
    before, settled = -1.0, resident_mib(child.pid)
    while settled != before:
        time.sleep(0.5)
        before, settled = settled, resident_mib(child.pid)
    child.communicate(b"\n")
    return settled


def measure(rounds: int) -> dict[str, list[float]]:
    catalogs = sorted(point.name for point in entry_points(group="toolpress.catalogs"))
    found: dict[str, list[float]] = {}

    def note(name: str, value: float) -> None:
        found.setdefault(name, []).append(value)

    single: dict[str, Callable[[], float]] = {
        "python -c pass": lambda: seconds([sys.executable, "-c", "pass"]),
        "toolpress --help": lambda: seconds([*TOOLPRESS, "--help"]),
        IMPORTED: lambda: seconds([sys.executable, "-c", IMPORTED]),
        "generate --check": lambda: seconds([*TOOLPRESS, "generate", "--check"]),
        "MiB peer server": imported_mib,
    }
    for _ in range(rounds):
        for name, run in single.items():
            note(name, run())
        for catalog in catalogs:
            note(f"{catalog} stdio first list", stdio_first_list(catalog))
            taken, memory = http_first_list(catalog)
            note(f"{catalog} http first list", taken)
            note(f"MiB {catalog} http server", memory)
    return found


def peer(name: str) -> str | None:
    if name.startswith("MiB"):
        return "MiB peer server" if "http" in name else None
    return {"toolpress --help": "python -c pass", "python -c pass": None, IMPORTED: None}.get(name, IMPORTED)


def row(name: str, values: list[float], found: dict[str, list[float]]) -> dict[str, Any]:
    against = peer(name)
    median = statistics.median(values)
    ratio = median / statistics.median(found[against]) if against else None
    return {"what": name, "median": median, "low": min(values), "high": max(values), "peer": against, "ratio": ratio}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    os.environ.update(FASTMCP_CHECK_FOR_UPDATES="off", FASTMCP_SHOW_SERVER_BANNER="false")
    found = measure(options.rounds)
    rows = [row(name, values, found) for name, values in found.items()]
    if options.json:
        print(json.dumps(rows, indent=1))
        return
    print(f"{'what':28} {'median':>8} {'low':>8} {'high':>8}  ratio against")
    for each in rows:
        ratio = f"{each['ratio']:.2f} x {each['peer']}" if each["peer"] else "peer"
        unit = "MiB" if each["what"].startswith("MiB") else "s"
        print(f"{each['what']:28} {each['median']:8.3f} {each['low']:8.3f} {each['high']:8.3f}  {ratio} ({unit})")


if __name__ == "__main__":
    main()
