"""The machine and the versions behind a set of figures."""

from __future__ import annotations

import os
import platform
import subprocess
from importlib.metadata import version
from pathlib import Path

from benchmarks.catalogue import ROOT
from benchmarks.contenders import NODE

PACKAGES = ("fastmcp", "mcp", "pydantic", "starlette", "uvicorn", "httpx", "httpx2")


def describe() -> dict[str, object]:
    return {
        "processor": _line("/proc/cpuinfo", "model name"),
        "cores": os.cpu_count(),
        "memory_gib": round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1024**3, 1),
        "system": f"{platform.system()} {platform.release()}",
        "load_before": round(os.getloadavg()[0], 2),
        "python": platform.python_version(),
        "node": _said(str(NODE), "--version"),
        "commit": _said("git", "rev-parse", "--short", "HEAD"),
        "packages": {name: version(name) for name in PACKAGES},
    }


def _line(file: str, name: str) -> str:
    lines = Path(file).read_text(encoding="utf-8").splitlines()
    return next((line.partition(":")[2].strip() for line in lines if line.startswith(name)), "unknown")


def _said(*command: str) -> str:
    return subprocess.run(command, check=True, capture_output=True, text=True, cwd=ROOT).stdout.strip()
