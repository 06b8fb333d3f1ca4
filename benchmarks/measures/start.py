"""What a user waits for at the start: help, and the first list over stdio and HTTP."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Sequence
from contextlib import ExitStack
from functools import partial

from benchmarks.contenders import OURS, Field
from benchmarks.figures import Figure, Row, at_most, blocking, interleaved
from benchmarks.options import Options
from benchmarks.processes import SERVER_CORE, environment, first_answer, pinned
from benchmarks.products import Product, products, serve
from benchmarks.wire import HELLO, INITIALIZED, Connection, check_list

IMPORTED = "from fastmcp import FastMCP"
HELP = "toolpress --help"
EMPTY = "python -c pass"
_LIST = {"jsonrpc": "2.0", "id": 2, "method": "tools/list", "params": {}}


async def rows(field: Field, options: Options) -> list[Row]:
    known = products(field.upstream_url)
    taken = await interleaved(
        options.rounds,
        {
            EMPTY: blocking(_run, [sys.executable, "-c", "pass"]),
            HELP: blocking(_run, [sys.executable, "-m", "toolpress", "--help"]),
            IMPORTED: blocking(_run, [sys.executable, "-c", IMPORTED]),
            **{f"{product.name} stdio": blocking(_stdio, product) for product in known},
            **{f"{product.name} http": partial(_http, product) for product in known},
        },
    )
    times = {label: Figure.of(label, values) for label, values in taken.items()}
    imported = Figure.of(f'python -c "{IMPORTED}"', taken[IMPORTED])
    found = [Row("start", HELP, "s", Figure.of(OURS, taken[HELP]), times[EMPTY])]
    for product in known:
        stdio, http = (Figure.of(OURS, taken[f"{product.name} {way}"]) for way in ("stdio", "http"))
        found.append(Row("start", f"{product.name}: start to first list, stdio", "s", stdio, imported, at_most(1.2)))
        found.append(Row("start", f"{product.name}: start to first list, HTTP", "s", http, imported))
    return found


def _run(command: Sequence[str]) -> float:
    start = time.perf_counter()
    subprocess.run(pinned(command, SERVER_CORE), check=True, capture_output=True, env=environment())
    return time.perf_counter() - start


def _stdio(product: Product) -> float:
    start = time.perf_counter()
    with subprocess.Popen(
        pinned([sys.executable, "-m", "toolpress", "serve", product.name, "--transport", "stdio"], SERVER_CORE),
        env=environment(product.env),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    ) as child:
        assert child.stdin
        assert child.stdout
        for message in (HELLO, INITIALIZED, _LIST):
            child.stdin.write(json.dumps(message).encode() + b"\n")
        child.stdin.flush()
        answer = next(found for line in child.stdout if (found := json.loads(line)).get("id") == _LIST["id"])
        taken = time.perf_counter() - start
        child.stdin.close()
    if len(answer["result"]["tools"]) != product.tools:
        raise AssertionError(f"{product.name} over stdio: {str(answer)[:300]}")
    return taken


async def _http(product: Product) -> float:
    start = time.perf_counter()
    with ExitStack() as stack:
        server = serve(stack, [product])
        (endpoint,) = server.endpoints
        await first_answer(server.running, endpoint)
        connection = await Connection(endpoint).open()
        answer = await connection.send(connection.list())
        taken = time.perf_counter() - start
        check_list(answer, endpoint, product.tools)
        connection.abandon()
    return taken
