"""From `sys.argv` to an exit code; errors become one line with a fix."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from importlib import import_module
from typing import TYPE_CHECKING

from toolpress.cli import exits
from toolpress.cli.parser import parse, print_help
from toolpress.errors import ToolpressError

if TYPE_CHECKING:
    import argparse


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code; `--help` and wrong usage raise SystemExit."""
    try:
        try:
            return _command(parse(argv))
        finally:
            sys.stdout.flush()
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # keeps the interpreter from flushing into it
        return exits.OK


def _command(args: argparse.Namespace) -> int:
    if args.command is None:
        print_help()
        return exits.USAGE
    try:
        return int(import_module(f"toolpress.cli.{args.module}").run(args))
    except KeyboardInterrupt:
        return exits.INTERRUPTED
    except BrokenPipeError:
        raise
    except Exception as error:
        if args.debug:
            raise
        print(f"toolpress {args.command}: {_one_line(error)}", file=sys.stderr)
        return exits.code_of(error) if isinstance(error, ToolpressError) else exits.FOUND


def _one_line(error: Exception) -> str:
    """What happened and what to do about it."""
    if isinstance(error, ToolpressError):
        text = error.message if error.fix is None else f"{error.message} {error.fix}"
    else:
        text = f"{type(error).__name__}: {error}. This is a fault of toolpress; --debug shows where."
    return " ".join(text.split())
