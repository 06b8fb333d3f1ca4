"""`toolpress generate` and `lint` for all catalogues, in a copy of the manifests."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import time
from collections.abc import Sequence
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.catalogue import ROOT
from benchmarks.contenders import OURS, Field
from benchmarks.figures import Figure, Row, at_most, blocking, interleaved
from benchmarks.options import Options
from benchmarks.processes import environment

COLD, CHANGED, UNCHANGED = "nothing pressed yet", "one manifest changed", "nothing changed"
CHECK, LINT = "toolpress generate --check", "toolpress lint"
LIMITS = {COLD: at_most(10, "figure"), CHANGED: at_most(2, "figure"), UNCHANGED: at_most(1, "figure")}
PEER = "datamodel-codegen, the models alone"
_SENTENCE = re.compile(r"^description: (?P<text>[A-Z].*)\.$", re.MULTILINE)


async def rows(field: Field, options: Options) -> list[Row]:  # noqa: ARG001 - the press needs no server
    with TemporaryDirectory(prefix="toolpress-press-") as folder:
        root, edits = Path(folder), count(1)
        shutil.copytree(ROOT / "specs", root / "specs")
        taken = await interleaved(
            min(options.rounds, 3),
            {
                COLD: blocking(_cold, root),
                PEER: blocking(_peer, root),
                CHANGED: blocking(_changed, root, edits),
                UNCHANGED: blocking(_unchanged, root),
                CHECK: blocking(_check, root),
                LINT: blocking(_lint),
            },
        )
    figures = {label: Figure.of(OURS, taken[label]) for label in LIMITS}
    peer = Figure.of(PEER, taken[PEER])
    return [
        Row("press", f"toolpress generate, {label}", "s", figures[label], peer if label == COLD else None, limit)
        for label, limit in LIMITS.items()
    ] + [Row("press", what, "s", Figure.of(OURS, taken[what]), peer) for what in (CHECK, LINT)]


def _generate(root: Path, *words: str) -> float:
    return _timed([sys.executable, "-m", "toolpress", "generate", "--root", str(root), *words])


def _timed(command: Sequence[str]) -> float:
    start = time.perf_counter()
    subprocess.run(command, check=True, env=environment())
    return time.perf_counter() - start


def _cold(root: Path) -> float:
    for made in root.iterdir():
        if made.name != "specs":
            shutil.rmtree(made)
    return _generate(root)


def _changed(root: Path, edits: count[int]) -> float:
    _generate(root)
    texts = ((file, file.read_text(encoding="utf-8")) for file in sorted(root.glob("specs/*/*.yaml")))
    file, text = next((file, text) for file, text in texts if _SENTENCE.search(text))
    file.write_text(_SENTENCE.sub(rf"description: \g<text> and {next(edits)}.", text, count=1), encoding="utf-8")
    return _generate(root)


def _unchanged(root: Path) -> float:
    _generate(root)
    return _generate(root)


def _check(root: Path) -> float:
    _generate(root)
    return _generate(root, "--check")


def _lint() -> float:
    return _timed([sys.executable, "-m", "toolpress", "lint"])


def _peer(root: Path) -> float:
    program = Path(sys.executable).with_name("datamodel-codegen")
    documents = sorted((ROOT / "generated").glob("*/*/openapi.json"))
    return sum(
        _timed(
            [
                *(str(program), "--input", str(document), "--input-file-type", "openapi"),
                *("--output", str(root / "specs" / f"{document.parent.name}.py")),
                *("--output-model-type", "pydantic_v2.BaseModel", "--openapi-scopes", "schemas", "paths"),
                *("--formatters", "ruff-format"),
            ]
        )
        for document in documents
    )
