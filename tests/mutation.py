"""Take the role check away from listing, calling or resources, and see that tests fail. Not collected by pytest:

uv run python -m tests.mutation
"""

from __future__ import annotations

import os
import pkgutil
import subprocess
import sys
from collections.abc import Callable
from importlib import import_module
from typing import Any

import toolpress
from toolpress.authorize import ALLOWED, decide
from toolpress.contract import ToolInfo

VARIABLE = "MUTATION"
TESTS = ("tests/runtime/test_server.py", "tests/runtime/test_offer.py", "tests/lane/test_layer.py")
CALLING = ("toolpress.executor", "toolpress.lane.layer")
CASES: dict[str, Callable[[str, object], bool]] = {
    "list": lambda module, item: isinstance(item, ToolInfo) and module not in CALLING,
    "call": lambda module, item: isinstance(item, ToolInfo) and module in CALLING,
    "resources": lambda _, item: not isinstance(item, ToolInfo),
}
"""Whether the check that a module makes of an item is taken away."""


def pytest_configure() -> None:
    """As a plugin of the run whose variable names the case."""
    free = CASES[os.environ[VARIABLE]]
    for found in pkgutil.walk_packages(toolpress.__path__, "toolpress."):
        if found.name.endswith("__main__"):
            continue
        module = import_module(found.name)
        if getattr(module, "decide", None) is decide and found.name != "toolpress.authorize":
            module.decide = without(found.name, free)  # type: ignore[attr-defined]  # it has one


def without(module: str, free: Callable[[str, object], bool]) -> Any:
    return lambda principal, item, catalog: ALLOWED if free(module, item) else decide(principal, item, catalog)


def main() -> int:
    survived = []
    for case in CASES:
        words = [sys.executable, "-m", "pytest", "-q", "-p", "tests.mutation", "-n", "0", "--tb=no", *TESTS]
        env = {**os.environ, VARIABLE: case}
        done = subprocess.run(words, env=env, capture_output=True, text=True, timeout=300, check=False)
        failed = [line for line in done.stdout.splitlines() if line.startswith("FAILED")]
        print(f"{case}: {len(failed)} tests fail", *failed, sep="\n  ")
        survived += [] if failed else [case]
    return 1 if survived else 0


if __name__ == "__main__":
    sys.exit(main())
