"""What nobody asked for is not there, and what was asked for in vain is named."""

from __future__ import annotations

import subprocess
import sys

import pytest

from toolpress.errors import ConfigurationError
from toolpress.settings import Settings
from toolpress.telemetry import SILENT
from toolpress.telemetry.watching import watching

SERVER = """
import sys
from toolpress.catalog import find_catalog
from toolpress.combined import application
from toolpress.server import build_server
from toolpress.settings import Settings
from toolpress.telemetry.watching import watching

with watching(Settings()) as watch:
    application([build_server(Settings(), find_catalog("zihin"), observe=watch.observe)])
print(sorted(name for name in sys.modules if name.startswith(("opentelemetry.sdk", "opentelemetry.exporter", "prom"))))
"""


def test_with_everything_off_neither_sdk_nor_prometheus_is_imported() -> None:
    done = subprocess.run([sys.executable, "-c", SERVER], capture_output=True, text=True, timeout=60)
    assert (done.stdout, done.stderr) == ("[]\n", "")


@pytest.mark.parametrize("variables", [{}, {"OTEL_SDK_DISABLED": "true", "OTEL_TRACES_EXPORTER": "otlp"}])
def test_nobody_watches_unless_asked(variables: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("FASTMCP_TELEMETRY_MODE", "native")
    with watching(Settings()) as watch:
        assert watch.observe("notebook") is SILENT
        assert watch.metrics_url is None


@pytest.mark.parametrize(
    ("missing", "extra", "settings"),
    [
        ("opentelemetry.sdk.trace", "toolpress[otel]", Settings()),
        ("prometheus_client", "toolpress[metrics]", Settings(metrics_port=0)),
    ],
)
def test_what_is_not_installed_is_named(
    missing: str, extra: str, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FASTMCP_TELEMETRY_MODE", "native")
    if extra == "toolpress[otel]":
        monkeypatch.setenv("OTEL_TRACES_EXPORTER", "console")
    for name in ("toolpress.telemetry.sdk", "toolpress.telemetry.metrics"):
        monkeypatch.delitem(sys.modules, name, raising=False)
        monkeypatch.delattr(name, raising=False)
    monkeypatch.setitem(sys.modules, missing, None)
    with pytest.raises(ConfigurationError) as refused, watching(settings):
        pass
    assert extra in (refused.value.fix or "")


def test_an_exporter_that_there_is_not_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OTEL_TRACES_EXPORTER", "pigeon")
    with pytest.raises(ConfigurationError, match="no exporter of traces called pigeon"), watching(Settings()):
        pass
