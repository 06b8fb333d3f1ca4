"""Tasks of the project. `nox` alone runs every check; the writers (`regenerate`) run only when named.

Sessions use the environment that `uv sync` made (`uv run nox` does that first), so that a check and a developer see
the same versions; `build` makes its own, because it proves the wheel.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path

import nox

ROOT = Path(__file__).parent
PACKAGES = (
    "runtime/toolpress",
    "codegen/toolpress_codegen",
    "sandbox/toolpress_sandbox",
    "generated/toolpress_catalogs",
)

nox.options.default_venv_backend = "none"
nox.options.error_on_external_run = False


@nox.session(tags=["check"])
def lint(session: nox.Session) -> None:
    """Style, import floors and manifests."""
    session.run("ruff", "check", ".")
    session.run("ruff", "format", "--check", ".")
    session.run("lint-imports")
    session.run("toolpress", "lint")


@nox.session(tags=["check"])
def types(session: nox.Session) -> None:
    """mypy --strict over hand-written and generated code alike."""
    session.run("mypy", *PACKAGES)


@nox.session(tags=["check"])
def drift(session: nox.Session) -> None:
    """Regenerate in check mode, twice: read in another order, under another hash seed, locale and time zone."""
    session.run("toolpress", "generate", "--check")
    other = {"PYTHONHASHSEED": "7", "LC_ALL": "C", "TZ": "Asia/Kathmandu"}
    session.run("toolpress", "generate", "--check", "--shuffle", "7", env=other)


@nox.session(tags=["check"])
def tests(session: nox.Session) -> None:
    """The test suite with branch coverage of the hand-written code."""
    everything = ("-n", "2", "--dist", "loadfile", "--cov", "--cov-report=term-missing:skip-covered")
    session.run("pytest", *(session.posargs or everything))


@nox.session(tags=["check"])
def foreign(session: nox.Session) -> None:
    """Clients of other makers and a Chromium, if there is one, against a real server."""
    folders = ("tests/foreign", "tests/browser")
    for folder in folders:
        _install_javascript(session, folder)
    session.run("pytest", *folders, "--run-foreign", "-q", *session.posargs)


@nox.session(tags=["check"])
def conformance(session: nox.Session) -> None:
    """The official MCP conformance suite: our server by every revision's requirements, and our authorization server."""
    _install_javascript(session, "tests/foreign")
    session.run("pytest", "tests/conformance", "--run-foreign", "-q", *session.posargs)


@nox.session(tags=["check"])
def build(session: nox.Session) -> None:
    """Build the wheel, install it alone into a clean environment, start it."""
    with tempfile.TemporaryDirectory(prefix="toolpress-build-") as folder:
        uv = shutil.which("uv") or "uv"
        session.run(uv, "build", "--wheel", "--quiet", "--out-dir", folder)
        wheel = next(Path(folder).glob("*.whl"))
        python = Path(folder, "venv", "bin", "python")
        session.run(uv, "venv", "--quiet", str(python.parent.parent))
        session.run(uv, "pip", "install", "--quiet", "--python", str(python), str(wheel))
        session.chdir(folder)
        session.run(str(python), str(ROOT / "tests" / "wheel_check.py"), env={"PATH": os.environ["PATH"]})


@nox.session(tags=["check"])
def budget(session: nox.Session) -> None:
    """Counts and ratios that hold on a busy machine too, against benchmarks/budget.toml."""
    session.run("python", "-m", "benchmarks.budget")


@nox.session(default=False)
def bench(session: nox.Session) -> None:
    """Measure beside the peers: `nox -s bench -- --only lists --save`; see benchmarks/README.md."""
    _install_javascript(session, "benchmarks/peers")
    session.run("python", "-m", "benchmarks", *session.posargs)


def _install_javascript(session: nox.Session, folder: str) -> None:
    session.run("npm", "ci", "--prefix", folder, "--no-audit", "--no-fund", "--loglevel=error")


@nox.session(default=False, tags=["write"])
def regenerate(session: nox.Session) -> None:
    """Write `generated/`, `docs/reference/` and `specs/manifest.schema.json` from the manifests."""
    session.run("toolpress", "generate")
