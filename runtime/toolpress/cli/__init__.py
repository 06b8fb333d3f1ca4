"""The command line. Each command's module is imported when the command runs."""

from toolpress.cli.entry import main

__all__ = ["main"]
