"""Small manifests, as data and as a project on disk."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from toolpress_codegen.manifest import Module, Server
from toolpress_codegen.resolve import ResolvedCatalog, resolve
from toolpress_codegen.yaml_source import read_yaml

ROOT = Path(__file__).parents[2]
FRAGMENTS = ROOT / "tests" / "fragments"
HINTS = dict.fromkeys(("readOnlyHint", "destructiveHint", "idempotentHint", "openWorldHint"), False)


def manifest(path: str | Path) -> dict[str, Any]:
    """The data of a manifest; relative names are those of fragments."""
    source = read_yaml(str(path), (FRAGMENTS / path).read_bytes())
    assert source.faults == ()
    assert source.data is not None
    return source.data


def tool(name: str, properties: dict[str, Any] | None = None, **changes: Any) -> dict[str, Any]:
    """A read without required arguments, or what `changes` make of it."""
    return {
        "name": name,
        "title": name.replace("_", " ").capitalize(),
        "category": "all",
        "effect": "read",
        "annotations": {**HINTS, "readOnlyHint": True},
        "description": f"Read what {name} holds and say nothing about anything else.",
        "request": {"method": "GET", "path": f"/{name}"},
        "input": {"properties": properties or {}},
        "errors": {"VALIDATION_ERROR": {"when": "An argument is wrong.", "example": {"input": {"nothing": True}}}},
        "examples": [{"input": {}}],
        "sandbox": {"do": "list", "of": "things"},
        "source": {"observed": "full"},
        **changes,
    }


def module(name: str, *tools: dict[str, Any]) -> dict[str, Any]:
    return {"module": name, "title": name.capitalize(), "description": f"Tools of {name}.", "tools": list(tools)}


def resolved(*modules: dict[str, Any]) -> ResolvedCatalog:
    """The catalogue of these modules, with the fragments' server."""
    server = Server.model_validate(manifest("server.yaml"))
    return resolve(server, [Module.model_validate(data) for data in modules])


def put_module(root: Path, data: dict[str, Any]) -> Path:
    """Write a module's manifest into the project at `root`; JSON is YAML."""
    path = root / "specs" / "fragment" / f"{data['module']}.yaml"
    path.write_text(json.dumps(data, indent=1, ensure_ascii=False), encoding="utf-8")
    return path


def project(root: Path) -> Path:
    """A project with a catalogue of two modules; nothing is generated yet."""
    folder = root / "specs" / "fragment"
    folder.mkdir(parents=True)
    (folder / "server.yaml").write_bytes((FRAGMENTS / "server.yaml").read_bytes())
    (folder / "sandbox.yaml").write_text("records: {things: []}\n", encoding="utf-8")
    put_module(root, module("probes", tool("probe")))
    put_module(root, module("things", tool("list_things", {"page": {"type": "integer", "description": "Which page."}})))
    return root
