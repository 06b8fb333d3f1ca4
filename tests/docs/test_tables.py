"""Tables and figures of the pages say what the code says."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest

from tests.docs.pages import PAGES, ROOT, name_of, table
from tests.runtime.test_logs import _restored as _restored
from toolpress import logs
from toolpress.catalog import CatalogIndex
from toolpress.cli import exits
from toolpress.embedded import seeded_keys
from toolpress.errors import ToolpressError
from toolpress.principal import Principal
from toolpress.settings import Settings
from toolpress_catalogs.zihin.catalog import CATALOG
from toolpress_sandbox import control, faults, journal
from toolpress_sandbox.clock import Clock
from toolpress_sandbox.definition import load
from toolpress_sandbox.engine import Engine
from toolpress_sandbox.store import Store

DEPLOY, SANDBOX = "docs/deploy.md", "docs/sandbox.md"


def code(cell: str) -> list[str]:
    return cell.split("`")[1::2]


def test_settings_and_their_defaults() -> None:
    documented = {code(row[0])[0]: row[1].strip("`") for row in table(DEPLOY, "Settings")}
    fields = {f"TOOLPRESS_{name.upper()}": shown(item.default) for name, item in Settings.model_fields.items()}
    assert {name: documented.get(name) for name in fields} == fields
    read_elsewhere = {"TOOLPRESS_ANNOUNCE", "TOOLPRESS_ZIHIN_BASE_URL", CATALOG.authentication.environment}
    assert documented.keys() == fields.keys() | read_elsewhere


def shown(default: Any) -> str:
    if default is None or default == ():
        return "none"
    return str(int(default)) if isinstance(default, bool) else str(default)


def test_every_variable_that_the_runtime_reads_is_documented() -> None:
    documented = {code(row[0])[0] for row in table(DEPLOY, "Settings")}
    for path in (ROOT / "runtime").rglob("*.py"):
        assert set(re.findall(r'"(TOOLPRESS_[A-Z_]*[A-Z])"', path.read_text(encoding="utf-8"))) <= documented, path


def test_exit_codes() -> None:
    known = {value for name, value in vars(exits).items() if name.isupper()}
    assert {int(row[0]) for row in table(DEPLOY, "Exit codes")} == known


def test_log_fields(capsys: pytest.CaptureFixture[str]) -> None:
    logs.configure("json")
    error = ToolpressError("wrong", status=500, outcome="unknown")
    error.add_note("ValueError at a place")
    logs.call_log(
        request_id="r", tool="t", outcome="error", duration_ms=1.0, caller=Principal("owner", "t", "f"), error=error
    )
    line = json.loads(capsys.readouterr().err)
    assert {name for row in table(DEPLOY, "Logs") for name in code(row[0])} == line.keys()


def test_sandbox_keys() -> None:
    documented = [(code(row[0])[0], row[1], row[2]) for row in table(SANDBOX, "Tenants and keys")]
    seeded = seeded_keys(CatalogIndex(CATALOG))
    assert documented == [(key.key, key.role if key.usable else "revoked", key.tenant) for key in seeded]


def test_fault_words() -> None:
    words = [code(row[0])[0] for row in table(SANDBOX, "Faults")]
    for word in words:
        faults.parse_fault(word)
    with pytest.raises(ValueError, match="unknown fault") as refused:
        faults.parse_fault("no such word")
    offered = set(re.findall(r"\b([a-z]+(?:_[a-z]+)*)\b(?==|,|$)", str(refused.value).split("; use ")[1]))
    assert {word.partition("=")[0] for word in words} == offered


def test_control_routes() -> None:
    documented = {code(row[0])[0] for row in table(SANDBOX, "Control interface")}
    routes = control.routes(Engine(load("zihin"), Store(), Clock()))
    known = {f"{method} {control.PREFIX}{route.path}" for route in routes for method in (route.methods or ())}
    assert documented == {entry for entry in known if not entry.startswith("HEAD ")}


def test_length_of_the_request_log() -> None:
    assert f"The last {journal.CAPACITY} requests" in (ROOT / SANDBOX).read_text(encoding="utf-8")


def zihin_figures() -> dict[str, str]:
    index = CatalogIndex(CATALOG)
    seconds = max(index.operation(tool).timeout_s or CATALOG.limits.call_timeout_s for tool in index.tools)
    modules = {tool.module for tool in index.tools}
    return {
        "zihin": f"{len(index.tools)} tools in {len(modules)} modules",
        "zihin-longest-call": f"{seconds:g} seconds",
    }


def marked() -> Iterator[tuple[str, str, str]]:
    for page in PAGES:
        text = page.read_text(encoding="utf-8")
        for match in re.finditer(r"<!-- figures:(\S+) -->(.*?)<!-- /figures -->", text):
            yield name_of(page), match[1], match[2]


def test_figures() -> None:
    figures = zihin_figures()
    found = list(marked())
    assert {name for _, name, _ in found} == figures.keys()
    for page, name, text in found:
        assert text == figures[name], f"write in {page}: <!-- figures:{name} -->{figures[name]}<!-- /figures -->"
