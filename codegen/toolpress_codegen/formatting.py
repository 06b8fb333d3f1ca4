"""One pass of the pinned ruff over all emitted Python."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path

from toolpress_codegen.diagnostics import UnpressableError

_STYLE = ("--isolated", "--quiet", "--no-cache", "--config", "line-length=120", "--config", "target-version='py311'")
_FIRST_PARTY = ("--config", "lint.isort.known-first-party=['toolpress', 'toolpress_catalogs']")


class FormatterError(UnpressableError):
    """Ruff is missing or refused the emitted source; the message carries what it said."""


def format_python(files: Mapping[str, str]) -> dict[str, str]:
    """Sort imports, drop unused ones and format; keys are relative paths, other suffixes pass through."""
    python = {path: text for path, text in files.items() if path.endswith(".py")}
    with tempfile.TemporaryDirectory(prefix="toolpress-") as folder:
        root = Path(folder)
        for path, text in python.items():
            target = root / path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(text, encoding="utf-8", newline="\n")
        _ruff(root, "check", "--fix", "--select", "F401,I", *_STYLE, *_FIRST_PARTY)
        _ruff(root, "format", *_STYLE)
        formatted = {path: (root / path).read_text(encoding="utf-8") for path in python}
    return {path: formatted.get(path, text) for path, text in files.items()}


def _ruff(root: Path, *arguments: str) -> None:
    command = [sys.executable, "-m", "ruff", *arguments, "."]
    done = subprocess.run(command, cwd=root, capture_output=True, text=True, encoding="utf-8", check=False)
    if done.returncode:
        raise FormatterError(f"ruff {arguments[0]} failed: {(done.stderr or done.stdout).strip()}")
