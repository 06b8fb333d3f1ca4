"""The steps of the Dockerfile in a clean folder: what they install starts where nothing can be written, healthy."""

from __future__ import annotations

import signal
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.cli.test_serve import until
from tests.deploy.dockerfile import Stage, build, steps
from tests.docs.pages import ROOT
from tests.docs.servers import free_port

READ_ONLY = Path(__file__).parent / "read_only"


@pytest.fixture(scope="module")
def image() -> Iterator[Stage]:
    with tempfile.TemporaryDirectory(prefix="toolpress-image-") as folder:
        yield build(ROOT, Path(folder))


def run(image: Stage, words: list[str], port: int, **options: object) -> subprocess.Popen[bytes]:
    """A process of the image, as its user finds it: nothing may be written but in a folder for what is passing."""
    passing = image.root.parent / "tmp"
    passing.mkdir(exist_ok=True)
    environment = {
        **image.env,
        "HOME": "/nonexistent",
        "TMPDIR": str(passing),
        "HTTP_PROXY": "http://127.0.0.1:9",  # as where machines reach others through one
        "PYTHONPATH": str(READ_ONLY),
        "TOOLPRESS_HOST": "127.0.0.1",
        "TOOLPRESS_PORT": str(port),
    }
    program = image.root / "app" / "bin" / words[0]
    return subprocess.Popen([str(program), *words[1:]], cwd="/", env=environment, **options)


def healthy(image: Stage, port: int) -> bool:
    with run(image, image.health, port, stderr=subprocess.DEVNULL) as check:
        return check.wait(20) == 0


def test_the_image_is_slim_and_its_user_is_not_root(image: Stage) -> None:
    bases = [rest.partition(" AS ")[0] for word, rest in steps((ROOT / "Dockerfile").read_text()) if word == "FROM"]
    assert len(bases) == 2
    assert all(base.endswith("-slim") for base in bases)
    assert image.user.isdigit()
    assert int(image.user) > 0


def test_nothing_of_the_build_reaches_the_image(image: Stage) -> None:
    assert image.copied == ["--from=build /app /app"]
    programs = {path.name for path in (image.root / "app" / "bin").iterdir()}
    assert "toolpress" in programs
    assert not programs & {"uv", "pip", "ruff", "pytest", "datamodel-codegen"}
    [site] = (image.root / "app" / "lib").glob("python*/site-packages")
    installed = {path.name for path in site.iterdir()}
    assert {"toolpress", "toolpress_catalogs", "toolpress_sandbox", "redis"} <= installed
    assert not [path for path in site.glob("*.pth") if "toolpress" in path.read_text(encoding="utf-8")], (
        "a wheel, no links"
    )


def test_a_guarded_process_cannot_write(image: Stage) -> None:
    """Or the test below would show nothing."""
    for line in ("open('/var/tmp/x', 'w')", "import os; os.mkdir('/var/tmp/x')"):
        with run(image, ["python", "-c", line], 0, stderr=subprocess.PIPE) as process:
            assert b"Read-only file system" in process.communicate(timeout=20)[1]


@pytest.mark.parametrize("more", [[], ["--workers", "2"], ["--sandbox"]], ids=" ".join)
def test_it_starts_read_only_and_its_health_is_told(image: Stage, more: list[str], tmp_path: Path) -> None:
    port, log = free_port(), tmp_path / "stderr"
    with log.open("wb") as sink, run(image, [*image.start, *more], port, stderr=sink) as server:
        try:
            until(lambda: server.poll() is not None or healthy(image, port))
            assert server.poll() is None, log.read_text(encoding="utf-8")
            assert httpx.post(f"http://127.0.0.1:{port}/mihu/mcp").status_code == 401
        finally:
            server.send_signal(signal.SIGTERM)
        assert server.wait(20) == 0
    assert not healthy(image, port)
    assert "Traceback" not in log.read_text(encoding="utf-8")
