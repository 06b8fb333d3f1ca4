"""Run by `nox -s build` with the python of a clean environment that holds nothing but the wheel."""

from __future__ import annotations

import importlib.util
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path


def main() -> None:
    import toolpress

    assert "site-packages" in toolpress.__file__, toolpress.__file__
    assert importlib.util.find_spec("datamodel_code_generator") is None, "a deployment must not need the compiler"
    with tempfile.TemporaryDirectory() as folder:
        announce = Path(folder, "announce.json")
        command = [sys.executable, "-m", "toolpress", "serve", "zihin", "--sandbox", "--port", "0"]
        server = subprocess.Popen([*command, "--announce", str(announce)], cwd=folder)
        try:
            deadline = time.monotonic() + 60
            while not announce.exists() and time.monotonic() < deadline and server.poll() is None:
                time.sleep(0.05)
            url = json.loads(announce.read_text(encoding="utf-8"))["mcp"]
            prefix, version = "io.modelcontextprotocol", "2026-07-28"
            meta = {f"{prefix}/protocolVersion": version, f"{prefix}/clientCapabilities": {}}
            body = {"jsonrpc": "2.0", "id": 1, "method": "tools/list", "params": {"_meta": meta}}
            request = urllib.request.Request(url, json.dumps(body).encode())
            request.add_header("Content-Type", "application/json")
            request.add_header("Accept", "application/json, text/event-stream")
            request.add_header("X-Api-Key", "zhn_test_acme_owner")
            request.add_header("MCP-Protocol-Version", version)
            request.add_header("Mcp-Method", "tools/list")
            with urllib.request.urlopen(request, timeout=20) as answer:
                listed = json.load(answer)
        finally:
            server.send_signal(signal.SIGTERM)
            assert server.wait(20) == 0
    with tempfile.TemporaryDirectory() as folder:
        shutil.copytree(Path(__file__).parents[1] / "specs", Path(folder, "specs"))
        command = [sys.executable, "-m", "toolpress", "generate"]
        done = subprocess.run(command, cwd=folder, env={**os.environ}, capture_output=True, text=True)
        assert [path.name for path in Path(folder).iterdir()] == ["specs"], "nothing is written"
    assert done.returncode == 3, done.stderr
    assert "toolpress[codegen]" in done.stderr, done.stderr
    print(f"wheel: {len(listed['result']['tools'])} tools listed")


if __name__ == "__main__":
    main()
