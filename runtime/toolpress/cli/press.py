"""`toolpress generate` and `toolpress lint`: the compiler is an extra, imported here and nowhere else."""

from __future__ import annotations

import argparse
from importlib import import_module
from pathlib import Path
from types import ModuleType

from toolpress.errors import ConfigurationError

_OURS = "toolpress"


def run(args: argparse.Namespace) -> int:
    if args.command == "lint":
        return int(_compiler("lint").run_lint(args.targets, args.format))
    root = Path(args.root) if args.root else None
    press = _compiler("press")
    return int(press.run_generate(args.catalog, args.check, args.diff, root, args.shuffle, not args.no_cache))


def _compiler(module: str) -> ModuleType:
    try:
        return import_module(f"toolpress_codegen.{module}")
    except ModuleNotFoundError as error:
        if (error.name or "").startswith(_OURS):
            raise
        raise ConfigurationError(
            f"The compiler needs {error.name}, which is not installed.", fix="Run: pip install 'toolpress[codegen]'"
        ) from error
