"""One of the processes that `serve --workers` keeps: `python -m toolpress.cli.worker CATALOG ...`.

The environment holds its settings, with the port that all workers listen on. On stdout the parent is told in one line
of JSON that the worker answers, or why it never will. stdin ends with the parent, and the worker with it.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys

from toolpress import logs
from toolpress.catalog import find_catalog
from toolpress.cli.listening import listen
from toolpress.cli.over_http import serve_until_stopped
from toolpress.errors import ToolpressError
from toolpress.server import build_server
from toolpress.settings import load_settings
from toolpress.telemetry.watching import watching


def main(*catalogs: str) -> None:
    try:
        settings = load_settings()
        logs.configure(settings.log_format, settings.log_level)
        with watching(settings, worker=True) as watch:
            servers = [build_server(settings, find_catalog(name), observe=watch.observe) for name in catalogs]
            with listen(settings.host, settings.port, shared=True) as listener:
                serve_until_stopped(servers, listener, _started)
    except ToolpressError as error:
        _tell({"error": error.message, "fix": error.fix})


def _started() -> None:
    loop = asyncio.get_running_loop()

    def left_alone() -> None:
        loop.remove_reader(sys.stdin)
        signal.raise_signal(signal.SIGTERM)

    loop.add_reader(sys.stdin, left_alone)
    _tell({})


def _tell(report: dict[str, str | None]) -> None:
    """The one line to the parent; what is printed from now on goes to stderr."""
    print(json.dumps(report), flush=True)
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())


if __name__ == "__main__":
    main(*sys.argv[1:])
