"""A catalogue of N tools, made of the project's own manifests and pressed like any other.

Every contender offers these tools and sends these calls, so each tool has one route and one JSON answer: what only
our runtime knows (switches, streams, flat bodies, files) is taken out of the manifests.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import count, islice
from pathlib import Path
from typing import Any

from toolpress_codegen.yaml_source import read_yaml

ROOT = Path(__file__).parents[1]
NAME = "bench"
IDENTITY = "whoami"
CALLED = 10
"""How many tools the calls go round; the smallest catalogue has these and no others."""

OURS_ALONE = ("wire_name", "style", "secret", "role_ceiling", "in")
ROLE = "owner"
SERVER = {
    "catalog": NAME,
    "title": "Bench",
    "version": "1.0.0",
    "description": "The tools of several products in one catalogue, to be measured.",
    "base_url": "https://bench.example",
    "authentication": {
        "accept": [{"header": "X-Api-Key"}],
        "send": {"header": "X-Api-Key"},
        "environment": "BENCH_API_KEY",
        "identity": {"tool": IDENTITY, "role": "role", "tenant": "tenant_id", "ttl_s": 300},
    },
    "roles": [ROLE],
    "categories": {"all": {"title": "All", "roles": [ROLE]}},
    "limits": {"call_timeout_s": 30, "connect_timeout_s": 10, "read_retries": 2},
    "sessions": {"lifetime_hours": {"free": 24}},
    "errors": {
        "message": ["error"],
        "code": ["code"],
        "by_status": {400: "VALIDATION_ERROR"},
        "codes": {"VALIDATION_ERROR": "An argument is wrong."},
    },
}


@dataclass(frozen=True)
class Pressed:
    """A pressed catalogue in a folder of its own."""

    folder: Path
    size: int

    @property
    def package_path(self) -> Path:
        """What goes in front of `PYTHONPATH` for `reference` to be found."""
        return self.folder / "generated"

    @property
    def reference(self) -> str:
        return f"toolpress_catalogs.{NAME}.catalog:CATALOG"

    @property
    def output(self) -> Path:
        return self.package_path / "toolpress_catalogs" / NAME

    @property
    def calls_file(self) -> Path:
        return self.folder / "calls.json"

    @cached_property
    def calls(self) -> list[tuple[str, dict[str, Any]]]:
        """Names of tools with good arguments."""
        return [(name, arguments) for name, arguments in json.loads(self.calls_file.read_text(encoding="utf-8"))]


def pressed(size: int, folder: Path) -> Pressed:
    """The catalogue of that size below `folder`, pressed unless it already is."""
    result = Pressed(folder / str(size), size)
    if not result.calls_file.exists():
        tools = list(islice(_tools(), size))
        specs = result.folder / "specs" / NAME
        specs.mkdir(parents=True, exist_ok=True)
        _write(specs / "server.yaml", SERVER)
        _write(specs / "sandbox.yaml", {"records": {"things": []}})
        for at in range(0, size, CALLED):
            name = f"part_{at // CALLED}"
            part = {"module": name, "title": name.title(), "description": "A part.", "tools": tools[at : at + CALLED]}
            _write(specs / f"{name}.yaml", part)
        command = [sys.executable, "-m", "toolpress", "generate", "--root", str(result.folder)]
        subprocess.run(command, check=True)
        _write(result.calls_file, [(tool["name"], tool["examples"][0]["input"]) for tool in tools[:CALLED]])
    return result


def _write(file: Path, data: Any) -> None:
    file.write_text(json.dumps(data, ensure_ascii=False), encoding="utf-8")


def _tools() -> Iterator[dict[str, Any]]:
    """All tools, those that are called first; then copies of them under other names, without end."""
    originals = [_plain(entry, product) for product, entry in _entries()]
    first = [tool for tool in originals if tool["name"] == IDENTITY]
    others = [tool for tool in originals if tool["name"] != IDENTITY and tool["examples"][0]["input"]]
    first += others[:: len(others) // (CALLED - 1)][: CALLED - 1]
    ordered = first + [tool for tool in originals if tool not in first]
    taken: set[str] = set()
    for copy in count():
        for tool in ordered:
            name = next(name for number in count(1) if (name := _numbered(tool["name"], number)) not in taken)
            taken.add(name)
            path = f"/{copy}{tool['request']['path']}"
            yield {**tool, "name": name, "request": {**tool["request"], "path": path}}


def _numbered(name: str, number: int) -> str:
    return name if number == 1 else f"{name}_{number}"


def _entries() -> Iterator[tuple[str, dict[str, Any]]]:
    for file in sorted((ROOT / "specs").glob("*/*.yaml")):
        data = read_yaml(str(file), file.read_bytes()).data or {}
        for entry in data.get("tools", ()):
            yield file.parent.name, entry


def _plain(entry: dict[str, Any], product: str) -> dict[str, Any]:
    """The entry with its sentences and its input schema, and as little of everything else as the press accepts."""
    properties = {
        name: {word: value for word, value in schema.items() if word not in OURS_ALONE}
        for name, schema in entry.get("input", {}).get("properties", {}).items()
    }
    example = entry["examples"][0].get("input", {})
    request = entry["request"]
    return {
        **{word: entry[word] for word in ("name", "title", "effect", "annotations", "description")},
        "category": "all",
        "request": {"method": request["method"], "path": f"/{product}{request['path']}"},
        "input": {**entry.get("input", {}), "properties": properties},
        "errors": {"VALIDATION_ERROR": {"when": "An argument is wrong.", "example": {"input": {"nothing": True}}}},
        "examples": [{"input": example}],
        "sandbox": {"do": "list", "of": "things"},
        "source": {"observed": "full"},
    }
