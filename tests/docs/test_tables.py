"""Tables of the pages say what the code says."""

from __future__ import annotations

import json
import re
from contextvars import ContextVar
from dataclasses import fields
from typing import Any

import pytest

from tests.docs.pages import ROOT, table
from tests.docs.products import CREDENTIALS, PRODUCTS
from tests.runtime.test_logs import _restored as _restored
from toolpress import logs
from toolpress.cli import exits
from toolpress.embedded import seeded_keys
from toolpress.errors import ToolpressError
from toolpress.principal import Principal
from toolpress.settings import Settings
from toolpress.telemetry.metrics import Meters
from toolpress_sandbox import control, faults, journal, paging
from toolpress_sandbox.clock import Clock
from toolpress_sandbox.definition import load
from toolpress_sandbox.engine import Engine
from toolpress_sandbox.store import Store
from toolpress_sandbox.wire import Wire

DEPLOY, SANDBOX = "docs/deploy.md", "docs/sandbox.md"
BASE_URLS = {f"TOOLPRESS_{name.upper()}_BASE_URL" for name in PRODUCTS}


def code(cell: str) -> list[str]:
    return cell.split("`")[1::2]


def test_settings_and_their_defaults() -> None:
    documented = {code(row[0])[0]: row[1].strip("`") for row in table(DEPLOY, "Settings")}
    settings = {f"TOOLPRESS_{name.upper()}": shown(item.default) for name, item in Settings.model_fields.items()}
    assert {name: documented.get(name) for name in settings} == settings
    assert documented.keys() == settings.keys() | {"TOOLPRESS_ANNOUNCE"} | BASE_URLS | CREDENTIALS


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


def test_log_fields(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    logs.configure("json")
    error = ToolpressError("wrong", status=500, outcome="unknown")
    error.add_note("ValueError at a place")
    monkeypatch.setattr(logs, "TRACE_ID", ContextVar("trace_id", default="0af7651916cd43dd8448eb211c80319c"))
    logs.call_log(
        request_id="r", tool="t", outcome="error", duration_ms=1.0, caller=Principal("owner", "t", "f"), error=error
    )
    line = json.loads(capsys.readouterr().err)
    assert {name for row in table(DEPLOY, "Logs") for name in code(row[0])} == line.keys()


def test_metrics() -> None:
    documented = {code(row[0])[0]: (row[1], tuple(code(row[2]))) for row in table("docs/observability.md", "Metrics")}
    known = {name: metric for name, metric in vars(Meters()).items() if name != "registry"}.values()
    assert documented == {
        f"{family.name}{'_total' if family.type == 'counter' else ''}": (family.type, metric._labelnames)
        for metric in known
        for family in metric.describe()
    }


@pytest.mark.parametrize("name", PRODUCTS)
def test_sandbox_keys(name: str) -> None:
    documented = [(code(row[0])[0], row[1], row[2]) for row in table(SANDBOX, f"Keys of {name}")]
    seeded = seeded_keys(PRODUCTS[name].index)
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


def test_words_of_the_data() -> None:
    documented = {code(row[0])[0] for row in table(SANDBOX, "The data")}
    assert documented == {word for product in PRODUCTS.values() for word in product.index.sandbox["data"]}


def test_words_of_the_wire() -> None:
    documented = {code(row[0])[0].removeprefix("wire.") for row in table(SANDBOX, "The wire")}
    assert documented == {field.name for field in fields(Wire)}


def test_shapes_of_a_page() -> None:
    assert {code(row[0])[0] for row in table(SANDBOX, "Pages of a list")} == paging.PAGES.keys()


def test_length_of_the_request_log() -> None:
    assert f"The last {journal.CAPACITY} requests" in (ROOT / SANDBOX).read_text(encoding="utf-8")
