"""JavaScript programs of the tests, run by the Node.js that npm installed in `tests/foreign`."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

NPM = Path(__file__).parent / "foreign" / "node_modules"
NODE = NPM / ".bin" / "node"
SUITE = NPM / "@modelcontextprotocol" / "conformance" / "dist" / "index.js"
"""The official conformance suite."""


def run(script: Path, **job: Any) -> dict[str, Any]:
    """The JSON object that a script prints in its last line; the job is its only argument."""
    done = subprocess.run([NODE, script, json.dumps(job)], capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    return dict(json.loads(done.stdout.splitlines()[-1]))
