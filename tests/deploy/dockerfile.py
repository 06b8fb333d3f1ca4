"""Executes the steps of a Dockerfile in a folder, as far as that goes without a container.

A stage stands where the one before it stood, which moves aside: paths inside of an environment stay true. Absolute
paths that the Dockerfile makes are below that folder; the base image is an environment of the Python that runs the
tests.
"""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import string
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

SKIPPED = ("apt-get", "useradd")
"""What needs the real base image."""
FROM_THE_MACHINE = re.compile(r"PIP_|UV_(INDEX|DEFAULT_INDEX|CACHE_DIR)|SSL_|REQUESTS_|.*_PROXY$", re.IGNORECASE)
"""Variables with which this machine reaches the registries."""


@dataclass
class Stage:
    """What is known of an image; `root` stands for its `/`."""

    base: str
    root: Path
    env: dict[str, str]
    workdir: str = "/"
    user: str = "root"
    entrypoint: list[str] = field(default_factory=list)
    command: list[str] = field(default_factory=list)
    health: list[str] = field(default_factory=list)
    copied: list[str] = field(default_factory=list)

    @property
    def start(self) -> list[str]:
        return [*self.entrypoint, *self.command]


def steps(text: str) -> list[tuple[str, str]]:
    """The instructions with what follows them."""
    lines = [line for line in text.splitlines() if line.strip() and not line.lstrip().startswith("#")]
    joined = "\n".join(lines).replace("\\\n", " ")
    return [(word.upper(), rest.strip()) for word, _, rest in (line.partition(" ") for line in joined.splitlines())]


def build(source: Path, folder: Path) -> Stage:
    """The last stage of `source/Dockerfile`, built in an empty folder."""
    text = (source / "Dockerfile").read_text(encoding="utf-8")
    return _Builder(_context(source, folder / "context"), folder, steps(text)).build()


def _context(source: Path, folder: Path) -> Path:
    """What .dockerignore lets in: it shuts all out and names exceptions."""
    rules = (source / ".dockerignore").read_text(encoding="utf-8").split("\n")
    assert "*" in rules
    folder.mkdir()
    for rule in rules:
        if rule.startswith("!"):
            _copy(source / rule[1:], folder / rule[1:])
    return folder


def _copy(source: Path, target: Path) -> None:
    if source.is_dir():
        shutil.copytree(source, target, symlinks=True, dirs_exist_ok=True, ignore=shutil.ignore_patterns("__pycache__"))
    else:
        shutil.copy(source, target)


class _Builder:
    def __init__(self, context: Path, folder: Path, instructions: list[tuple[str, str]]) -> None:
        self._context = context
        self._folder = folder
        self._steps = instructions
        made = [rest for word, rest in instructions if word in ("WORKDIR", "COPY")]
        tops = {path.split("/")[1] for rest in made for path in rest.split() if path.startswith("/")}
        self._absolute = re.compile(rf"(?<![\w./-])/({'|'.join(tops)})(?![\w.-])")
        self._stages: dict[str, Path] = {}

    def build(self) -> Stage:
        for word, rest in self._steps:
            getattr(self, f"_{word.lower()}")(rest)
        return self._stage

    def _real(self, text: str) -> str:
        return self._absolute.sub(lambda path: f"{self._stage.root}{path[0]}", text)

    def _from(self, rest: str) -> None:
        base, _, name = rest.partition(" AS ")
        root = self._folder / "image"
        if self._stages:
            root.rename(self._stages[next(reversed(self._stages))])
        self._stages[name] = self._folder / f"stage-{name}"
        local = root / "usr" / "local"
        subprocess.run(["uv", "venv", "--quiet", "--seed", "--python", sys.executable, str(local)], check=True)
        passed = {name: value for name, value in os.environ.items() if FROM_THE_MACHINE.match(name)}
        cache = subprocess.run(["uv", "cache", "dir"], capture_output=True, text=True, check=True).stdout.strip()
        path = os.pathsep.join([str(local / "bin"), "/usr/bin", "/bin"])
        self._stage = Stage(base, root, {"UV_CACHE_DIR": cache, **passed, "PATH": path, "HOME": str(root / "root")})

    def _env(self, rest: str) -> None:
        for pair in shlex.split(rest):
            name, _, value = pair.partition("=")
            self._stage.env[name] = self._real(string.Template(value).substitute(self._stage.env))

    def _workdir(self, rest: str) -> None:
        self._stage.workdir = rest
        self._below(rest).mkdir(parents=True, exist_ok=True)

    def _copy(self, rest: str) -> None:
        words = rest.split()
        origin, copy = self._context, _copy
        if words[0].startswith("--from="):
            origin, copy = self._stages[words.pop(0).removeprefix("--from=")], shutil.move  # nobody needs it there now
        *sources, target = words
        self._stage.copied += [rest]
        for source in sources:
            place = self._below(target)
            found = origin / source.lstrip("/")
            copy(found, place / found.name if target.endswith("/") and found.is_file() else place)

    def _run(self, rest: str) -> None:
        if rest.split()[0] in SKIPPED:
            return
        done = subprocess.run(
            ["sh", "-ec", self._real(rest)],
            cwd=self._below(self._stage.workdir),
            env=self._stage.env,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=300,
            check=False,
        )
        assert done.returncode == 0, f"RUN {rest}\n{done.stdout}"

    def _user(self, rest: str) -> None:
        self._stage.user = rest

    def _expose(self, rest: str) -> None:
        assert rest == self._stage.env["TOOLPRESS_PORT"]

    def _entrypoint(self, rest: str) -> None:
        self._stage.entrypoint = json.loads(rest)

    def _cmd(self, rest: str) -> None:
        self._stage.command = json.loads(rest)

    def _healthcheck(self, rest: str) -> None:
        self._stage.health = json.loads(rest.partition(" CMD ")[2])

    def _below(self, path: str) -> Path:
        """Where a path of the image is."""
        return self._stage.root / (PurePosixPath(self._stage.workdir) / path).relative_to("/")
