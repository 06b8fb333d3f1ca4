"""Same manifests, same bytes: whatever the order of files, hash seed, locale, time zone or working folder."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.codegen.scratch import ROOT
from toolpress_codegen.cache import Cache
from toolpress_codegen.press import Pressed, press
from toolpress_codegen.resolve import digest

CATALOG = "zihin"
ELSEWHERE = """
import json, locale, sys, time
from pathlib import Path
from toolpress_codegen.press import press
from toolpress_codegen.resolve import digest
locale.setlocale(locale.LC_ALL, "")
pressed = press(Path(sys.argv[1]), sys.argv[2], shuffle=4)
print(json.dumps({path: digest(text) for path, text in pressed.files.items()}))
"""


@pytest.fixture(scope="module")
def once() -> Pressed:
    return press(ROOT, CATALOG)


@pytest.mark.parametrize("seed", [None, 1, 2])
def test_another_run_in_any_order_is_equal(once: Pressed, seed: int | None) -> None:
    again = press(ROOT, CATALOG, shuffle=seed)
    assert again.owned == once.owned
    assert list(again.files) == list(once.files)
    assert again.files == once.files


def test_a_cache_changes_no_byte_and_no_order(once: Pressed, tmp_path: Path) -> None:
    for seed in None, 3:
        cache = Cache(tmp_path)
        again = press(ROOT, CATALOG, shuffle=seed, cache=cache)
        cache.store()
        assert list(again.files.items()) == list(once.files.items())
        assert again.owned == once.owned


def test_another_process_is_equal(once: Pressed, tmp_path: Path) -> None:
    other = {"PYTHONHASHSEED": "7", "LC_ALL": "C", "TZ": "Asia/Kathmandu"}
    printed = subprocess.run(
        [sys.executable, "-c", ELSEWHERE, str(ROOT), CATALOG],
        cwd=tmp_path,
        env={**os.environ, **other},
        capture_output=True,
        text=True,
        check=True,
        timeout=120,
    ).stdout
    assert json.loads(printed) == {path: digest(text) for path, text in once.files.items()}


def test_emitted_files_know_nothing_of_the_machine(once: Pressed) -> None:
    for path, text in once.files.items():
        assert str(ROOT) not in text, path
        assert "\r" not in text, path
