"""The server that the conformance suite looks at: a catalogue pressed from its manifests, and an extension."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.processes import Server, run, serve

HERE = Path(__file__).parent


@pytest.fixture(scope="session")
def fixture_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """Pressed for this run, so that nothing generated can be older than the press."""
    root = tmp_path_factory.mktemp("conformance")
    shutil.copytree(HERE / "specs", root / "specs")
    pressed = run("generate", "test", "--root", str(root))
    assert pressed.returncode == 0, pressed.stderr
    path = os.pathsep.join([str(root / "generated"), str(HERE.parents[1])])
    words = ("--stateful", "--extend", "tests.conformance.extension:extend")
    with serve("toolpress_catalogs.test.catalog:CATALOG", *words, env={"PYTHONPATH": path}) as server:
        yield server
