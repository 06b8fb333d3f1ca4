"""Golden trees: one tiny manifest per odd feature, its whole emitted tree, and one call through the result."""

from __future__ import annotations

import importlib
import json
import os
import subprocess
import sys
from email.parser import BytesParser
from email.policy import HTTP
from typing import Any

import httpx
import pytest

from tests.codegen.scratch import FRAGMENTS, ROOT, manifest
from toolpress.client import Client
from toolpress_codegen.load import CatalogSource, Sources
from toolpress_codegen.manifest import Module, Server
from toolpress_codegen.plan import make_plan
from toolpress_codegen.render import render
from toolpress_codegen.resolve import resolve
from toolpress_codegen.validate import validate
from toolpress_codegen.yaml_source import read_yaml

CASES = sorted(path.name for path in FRAGMENTS.iterdir() if path.is_dir())
UPDATE = "run: pytest tests/codegen/test_fragments.py --update-expected"


def emitted(case: str) -> dict[str, str]:
    server = Server.model_validate(manifest("server.yaml"))
    module = Module.model_validate(manifest(f"{case}/probes.yaml"))
    return render(make_plan(resolve(server, [module], package=f"fragment_{case}")))


@pytest.mark.parametrize("case", CASES)
def test_emitted_tree_is_the_expected_one(case: str, request: pytest.FixtureRequest) -> None:
    files = emitted(case)
    expected = FRAGMENTS / case / "expected"
    if request.config.getoption("--update-expected"):
        for path, text in files.items():
            target = expected / path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(text, encoding="utf-8", newline="\n")
    stored = {
        path.relative_to(expected).as_posix(): path.read_text(encoding="utf-8")
        for path in expected.rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    assert stored.keys() == files.keys(), UPDATE
    for path, text in files.items():
        assert stored[path] == text, f"{path}: {UPDATE}"


@pytest.mark.parametrize("case", CASES)
def test_every_fragment_says_why_it_exists(case: str) -> None:
    first = (FRAGMENTS / case / "probes.yaml").read_text(encoding="utf-8").splitlines()[0]
    assert first.startswith("# ")
    assert first.endswith(".")


@pytest.mark.parametrize("case", CASES)
def test_every_fragment_is_a_good_manifest(case: str) -> None:
    server, probes = (
        read_yaml(path, (FRAGMENTS / path).read_bytes()) for path in ("server.yaml", f"{case}/probes.yaml")
    )
    _, faults = validate(Sources((CatalogSource("fragment", server, (probes,), (), ()),)))
    assert [str(fault) for fault in faults if fault.rule not in {"sandbox-line", "identity-tool"}] == []


def test_emitted_code_passes_the_strict_type_check() -> None:
    folders = [str(FRAGMENTS / case / "expected" / "generated") for case in CASES]
    packages = [word for case in CASES for word in ("-p", f"fragment_{case}")]
    done = subprocess.run(
        [sys.executable, "-m", "mypy", "--strict", "--cache-dir", ".mypy_cache/fragments", *packages],
        cwd=ROOT,
        env={**os.environ, "MYPYPATH": os.pathsep.join(folders)},
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert (
        f"no issues found in {sum(len(list((FRAGMENTS / case).rglob('*.py'))) for case in CASES)} source" in done.stdout
    )


SENT: dict[str, dict[str, Any]] = {
    "nullable": {"url": "/probe", "json": {"limit": None, "note": None}},
    "enums": {"url": "/probe?state=on&level=2&kinds=a"},
    "nested_object": {"url": "/probe", "json": {"config": {"inner": {"size": 3}, "free": {"x": 1}}}},
    "array_of_objects": {"url": "/probe", "json": {"rows": [{"key": "a", "tags": ["xy"]}]}},
    "defaults": {"url": "/probe?deep=true"},
    "open_objects": {
        "url": "/probe",
        "json": {
            "labels": {"a": "x"},
            "limits": {"total": 3, "daily": 1},
            "rules": {"r": {"level": 0.5}},
            "levels": [1, 2.5],
            "nothing": {},
        },
    },
    "odd_names": {
        "url": "/probe?filter%5Bstatus%5D=open&from=a&class=b&type=c&schema=d&copy=e&page%5Bsize%5D=5",
    },
    "hostile_text": {"url": "/probe?pick=%22"},
    "formats": {
        "url": "/probe",
        "json": {
            "id": "0a000000-0000-4000-8000-000000000001",
            "on": "2026-02-28",
            "at": "2026-02-28T10:00:00+02:00",
            "mail": "a@example.org",
            "link": "https://example.org",
        },
    },
    "empty_body": {"url": "/probe", "json": None},
    "query_arrays": {"url": "/probe?id=a&id=b&tag=c%2Cd&kind%5B%5D=e"},
    "path_segments": {"url": "/files/a%2Fb/c%3Fd%23e"},
    "switch": {"url": "/things/a/disable", "json": {"reason": "quiet hours"}},
    "event_stream": {"url": "/probe", "json": {"message": "hello"}},
    "flatten": {"url": "/probe", "json": {"name": "a", "colour": "red", "odd key": None}},
    "file_upload": {
        "url": "/probe",
        "form": {
            "label": (None, b"invoice", "text/plain"),
            "pages": (None, b"2", "text/plain"),
            "document": ("a.pdf", b"%PDF", "application/pdf"),
        },
    },
    "headers": {"url": "/probe", "json": {"text": "hi"}, "headers": {"Idempotency-Key": "k-1"}},
}


def form(request: httpx.Request) -> dict[str, tuple[str | None, bytes, str]]:
    """The parts of a multipart/form-data body: name -> file name, content, media type."""
    head = f"Content-Type: {request.headers['content-type']}\r\n\r\n".encode()
    parts = BytesParser(policy=HTTP).parsebytes(head + request.content).iter_parts()
    return {
        str(part.get_param("name", header="content-disposition")): (
            part.get_filename(),
            part.get_payload(decode=True),
            part.get_content_type(),
        )
        for part in parts
    }


def test_every_fragment_states_what_it_sends() -> None:
    assert sorted(SENT) == CASES


@pytest.mark.parametrize("case", CASES)
async def test_emitted_function_sends_the_example(case: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(FRAGMENTS / case / "expected" / "generated"))
    importlib.invalidate_caches()
    tools = importlib.import_module(f"fragment_{case}.tools.probes")
    catalog = importlib.import_module(f"fragment_{case}.catalog").CATALOG
    arguments = manifest(f"{case}/probes.yaml")["tools"][0]["examples"][0]["input"]
    seen: list[httpx.Request] = []

    def upstream(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        if case == "event_stream":
            events = 'event: response\ndata: {"response": "hi"}\n\nevent: metrics\ndata: {"ms": 3}\n\n'
            return httpx.Response(200, text=events, headers={"content-type": "text/event-stream"})
        return httpx.Response(200, json={"success": True})

    spelled = {f"{name}_" if name in {"from", "class"} else name: value for name, value in arguments.items()}
    async with Client(catalog, key="k", transport=httpx.MockTransport(upstream)) as client:
        result = await tools.probe(client, **spelled)

    assert result == ({"success": True, "response": "hi", "ms": 3} if case == "event_stream" else {"success": True})
    expected, (request,) = SENT[case], seen
    assert request.url.raw_path.decode() == expected["url"]
    if "form" in expected:
        assert form(request) == expected["form"]
    else:
        assert (json.loads(request.content) if request.content else None) == expected.get("json")
    for name, value in expected.get("headers", {}).items():
        assert request.headers[name] == value
    for name in [name for name in sys.modules if name.startswith("fragment_")]:
        del sys.modules[name]
