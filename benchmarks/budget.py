"""Counts and ratios that hold on any machine, against budget.toml.

uv run nox -s budget
"""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from benchmarks.contenders import OURS, STOCK, Field
from benchmarks.load import lists
from benchmarks.processes import environment, pin_client
from benchmarks.upstream import COUNT_PATH
from benchmarks.wire import Connection, check_call, check_list

FILE = Path(__file__).with_name("budget.toml")
CALLS = 50
_HELP = "import sys; from toolpress.cli.parser import parse; parse(['serve', 'x']); print(len(sys.modules))"
_SERVE = """
import json, sys
from toolpress.cli import serve
from toolpress.asgi import create_app
create_app(sys.argv[1])
print(json.dumps(sorted(sys.modules)))
"""
_PRESS = ("toolpress_codegen", "toolpress_sandbox", "datamodel_code_generator", "jinja2")


def over(measured: Mapping[str, float], budget: Mapping[str, Mapping[str, Any]]) -> list[str]:
    """A sentence for each figure above its budget; every budget must have been measured, and the reverse."""
    if measured.keys() != budget.keys():
        raise KeyError(f"measured {sorted(measured)}, budgeted {sorted(budget)}")
    return [
        f"{name}: {entry['what']}: measured {measured[name]:g}, allowed {entry['most']:g}"
        for name, entry in budget.items()
        if measured[name] > entry["most"]
    ]


async def measure(folder: Path) -> dict[str, float]:
    async with Field(folder) as field:
        ours, stock = await field.contender(OURS), await field.contender(STOCK)
        connection = await Connection(ours.endpoint).open()
        answer = await connection.send(connection.list())
        check_list(answer, ours.endpoint, ours.catalogue.size)
        requests = [connection.call(name, arguments) for name, arguments in ours.catalogue.calls]
        await connection.send(requests[0])  # the first call also asks whose the key is
        before = await _answered(field)
        for number in range(CALLS):
            check_call(await connection.send(requests[number % len(requests)]), ours.endpoint)
        asked = (await _answered(field) - before) / CALLS
        connection.abandon()
        listed = [(await lists(each, 1, 1)).percentile_ms(0.5) for each in (ours, stock)]
        path = {"PYTHONPATH": str(ours.catalogue.package_path)}
        effort = [sys.executable, "-m", "benchmarks.effort", ours.catalogue.reference, field.upstream_url]
        costs = json.loads(_printed(effort, path))
        loaded = json.loads(_printed([sys.executable, "-c", _SERVE, ours.catalogue.reference], path))
    return {
        "list_bytes": len(answer.body),
        "requests_per_call": asked,
        "modules_at_help": int(_printed([sys.executable, "-c", _HELP])),
        "press_at_serve": sum(name.partition(".")[0] in _PRESS for name in loaded),
        "list_against_openapi": listed[0] / listed[1],
        **costs,
    }


async def _answered(field: Field) -> int:
    connection = await Connection(field.upstream.endpoint).open()
    count = await connection.send(f"GET {COUNT_PATH.decode()} HTTP/1.1\r\nHost: upstream\r\n\r\n".encode())
    connection.abandon()
    return int(count.body)


def _printed(command: Sequence[str], env: Mapping[str, str] = {}) -> str:
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True, env=environment(env)).stdout


def main() -> None:
    budget = tomllib.loads(FILE.read_text(encoding="utf-8"))
    pin_client()
    with TemporaryDirectory(prefix="toolpress-budget-") as folder:
        measured = asyncio.run(measure(Path(folder)))
    for name, value in measured.items():
        print(f"{name:26} {value:12g}  of {budget[name]['most']:g}")
    if faults := over(measured, budget):
        sys.exit("\n".join(["over budget:", *faults]))


if __name__ == "__main__":
    main()
