"""The command line in this process, a sandbox to call, and catalogues that are not shipped."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest

from tests.runtime.test_logs import _restored as _restored
from toolpress.catalog import CatalogIndex, find_catalog
from toolpress.cli import main
from toolpress.contract import JsonObject
from toolpress.embedded import running_sandbox, sandbox_base_url

OWNER, MEMBER, REVOKED = "zhn_test_acme_owner", "zhn_test_acme_member", "zhn_test_acme_revoked"
AGENT = "0a000000-0000-4000-8000-000000000001"
UNKNOWN = "ffffffff-ffff-4fff-8fff-ffffffffffff"
CLOSED = "http://127.0.0.1:9"
"""A loopback port on which nothing listens."""


@dataclass(frozen=True)
class Ran:
    """What a command left behind."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)

    @property
    def complaint(self) -> str:
        """The one line that it complained with, having printed nothing else."""
        assert self.out == ""
        [line] = self.err.splitlines()
        return line


Command = Callable[..., Ran]
Scratch = Callable[[Callable[[JsonObject], object]], str]


@pytest.fixture(autouse=True)
def _no_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in os.environ:
        if name.startswith(("TOOLPRESS_", "MIHU_")) or name in ("ZIHIN_API_KEY", "NOTEBOOK_API_KEY"):
            monkeypatch.delenv(name)


@pytest.fixture
def toolpress(capsys: pytest.CaptureFixture[str]) -> Command:
    """`toolpress WORDS...` in this process."""

    def run(*words: str) -> Ran:
        try:
            code = main(words)
        except SystemExit as leaving:
            code = int(leaving.code or 0)
        seen = capsys.readouterr()
        return Ran(code, seen.out, seen.err)

    return run


@pytest.fixture(scope="session")
def zihin() -> CatalogIndex:
    return CatalogIndex(find_catalog("zihin"))


@pytest.fixture(scope="session")
def sandbox(zihin: CatalogIndex) -> Iterator[str]:
    """The address of a sandbox that the tests of this folder share."""
    with running_sandbox(zihin) as url:
        yield url


@pytest.fixture(scope="session")
def mihu_hosts() -> Iterator[str]:
    """The base URL of a mihu sandbox: `{tenant}` in it stands for the tenant."""
    index = CatalogIndex(find_catalog("mihu"))
    with running_sandbox(index) as url:
        yield sandbox_base_url(index.catalog, url)


@pytest.fixture
def scratch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Scratch:
    """Make a catalogue outside the entry points, a copy of zihin whose `sandbox.json` a function has changed."""

    def make(change: Callable[[JsonObject], object]) -> str:
        name = f"scratch_{tmp_path.name.replace('-', '_')}"
        package = tmp_path / name
        shutil.copytree(str(files("toolpress_catalogs.zihin")), package, ignore=shutil.ignore_patterns("__pycache__"))
        data = json.loads((package / "sandbox.json").read_text(encoding="utf-8"))
        change(data)
        (package / "sandbox.json").write_text(json.dumps(data), encoding="utf-8")
        (package / "altered.py").write_text(
            "from dataclasses import replace\n"
            "from toolpress_catalogs.zihin.catalog import CATALOG as ORIGINAL\n"
            f"CATALOG = replace(ORIGINAL, name='scratch', package={name!r})\n",
            encoding="utf-8",
        )
        monkeypatch.syspath_prepend(tmp_path)
        before = os.environ.get("PYTHONPATH")
        monkeypatch.setenv("PYTHONPATH", f"{tmp_path}{os.pathsep}{before}" if before else str(tmp_path))
        return f"{name}.altered:CATALOG"

    return make


@pytest.fixture
def notebook_installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The catalogue of the runtime's tests as an installed package: it has tools of its own, and `whoami`."""
    metadata = tmp_path / "notebook-1.0.dist-info"
    metadata.mkdir()
    (metadata / "METADATA").write_text("Metadata-Version: 2.1\nName: notebook\nVersion: 1.0\n", encoding="utf-8")
    (metadata / "entry_points.txt").write_text(
        "[toolpress.catalogs]\nnotebook = tests.runtime.fixture_catalog.catalog:CATALOG\n", encoding="utf-8"
    )
    monkeypatch.syspath_prepend(tmp_path)
