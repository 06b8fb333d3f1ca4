"""`toolpress generate` and `toolpress lint`: the compiler is an extra, imported here and nowhere else."""

from __future__ import annotations

import argparse
from importlib import import_module
from pathlib import Path

from toolpress.errors import ConfigurationError

_OURS = "toolpress"


def run(args: argparse.Namespace) -> int:
    try:
        return _run(args)
    except ModuleNotFoundError as error:
        if (error.name or "").startswith(_OURS):
            raise
        raise ConfigurationError(
            f"The compiler needs {error.name}, which is not installed.", fix="Run: pip install 'toolpress[codegen]'"
        ) from error


def _run(args: argparse.Namespace) -> int:
    if args.command == "lint":
        return int(import_module("toolpress_codegen.lint").run_lint(args.targets, args.format))
    root = Path(args.root) if args.root else None
    press = import_module("toolpress_codegen.press")
    return int(press.run_generate(args.catalog, args.check, args.diff, root, args.shuffle, not args.no_cache))
