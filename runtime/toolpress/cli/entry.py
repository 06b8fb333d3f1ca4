"""From `sys.argv` to an exit code; errors become one line with a fix."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from importlib import import_module
from typing import TYPE_CHECKING

from toolpress.cli import exits
from toolpress.cli.parser import build_parser
from toolpress.errors import ToolpressError

if TYPE_CHECKING:
    import argparse


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code."""
    parser = build_parser()
    args = parser.parse_args(argv)
    if args.command is None:
        parser.print_help()
        return exits.USAGE
    try:
        return _run(args)
    except ToolpressError as error:
        if args.debug:
            raise
        print(f"toolpress {args.command}: {one_line(error)}", file=sys.stderr)
        return exits.code_of(error)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # keeps the interpreter from flushing into it
        return exits.OK
    except KeyboardInterrupt:
        return 130


def one_line(error: ToolpressError) -> str:
    """The message and what to do about it."""
    text = error.message if error.fix is None else f"{error.message} {error.fix}"
    return " ".join(text.split())


def _run(args: argparse.Namespace) -> int:
    result = import_module(f"toolpress.cli.{args.module}").run(args)
    return int(result)
