"""The shell commands of the pages as data, and the place where they run."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

from tests.docs.pages import ROOT, blocks
from tests.docs.products import PRODUCTS
from tests.processes import Server
from toolpress.embedded import sandbox_base_url

SERVER = "http://127.0.0.1:8000"
"""Where the pages say that a server runs; in their JSON and shell blocks it serves all catalogues."""
SANDBOXES = {"zihin": "http://127.0.0.1:8090", "mihu": "http://127.0.0.1:8091"}
PROGRAMS = Path(sys.executable).parent


@dataclass(frozen=True)
class Command:
    """Words of a command with the variables that stand before them."""

    words: tuple[str, ...]
    environment: dict[str, str] = field(default_factory=dict)

    def __str__(self) -> str:
        return " ".join([*(f"{name}={value}" for name, value in self.environment.items()), shlex.join(self.words)])

    def option(self, name: str) -> str | None:
        return self.words[self.words.index(name) + 1] if name in self.words else None


@dataclass(frozen=True)
class Place:
    """A folder that looks like the checkout, and the addresses behind those of the pages."""

    folder: Path
    server: str
    sandboxes: dict[str, str]
    foreign: bool = False
    """Whether programs that need node and a network may run."""

    def real(self, text: str) -> str:
        """The page's text with the ports on which servers listen here."""
        return _with_ports(text, self._ports())

    def shown(self, text: str) -> str:
        """The other way about."""
        return _with_ports(text, {real: page for page, real in self._ports().items()})

    def _ports(self) -> dict[str, str]:
        addresses = {SERVER: self.server, **{page: self.sandboxes[name] for name, page in SANDBOXES.items()}}
        return {page.rpartition(":")[2]: real.rpartition(":")[2] for page, real in addresses.items()}

    def upstreams(self) -> dict[str, str]:
        """Settings that put the sandboxes in the place of the products."""
        return {
            f"TOOLPRESS_{name.upper()}_BASE_URL": sandbox_base_url(PRODUCTS[name].catalog, address)
            for name, address in self.sandboxes.items()
        }

    def environment(self, command: Command) -> dict[str, str]:
        """Without settings of the machine's own; the products are the sandboxes."""
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("TOOLPRESS_", "FASTMCP_"))}
        return {
            **kept,
            "PATH": f"{PROGRAMS}{os.pathsep}{os.environ['PATH']}",
            "HOME": str(self.folder),
            **{name: value for product in PRODUCTS.values() for name, value in product.environment.items()},
            **self.upstreams(),
            "TOOLPRESS_LOG_FORMAT": "json",
            "FASTMCP_CHECK_FOR_UPDATES": "off",
            **command.environment,
        }


def _with_ports(text: str, ports: dict[str, str]) -> str:
    """Other ports for those of this machine's names, such as acme.localhost:8091."""
    return re.sub(
        r"\b(127\.0\.0\.1|localhost):(\d+)\b", lambda found: f"{found[1]}:{ports.get(found[2], found[2])}", text
    )


def make_place(folder: Path, server: Server, *, foreign: bool) -> Place:
    """The folder links to everything in the checkout and holds the modules that the pages tell a reader to save."""
    for entry in ROOT.iterdir():
        if not entry.name.startswith("."):
            (folder / entry.name).symlink_to(entry)
    for name, text in saved_modules().items():
        (folder / name).write_text(text, encoding="utf-8")
    return Place(folder, server.origin, {name: seen["sandbox"] for name, seen in server.catalogs.items()}, foreign)


def saved_modules() -> dict[str, str]:
    """Python blocks that begin with the name of a file."""
    found = ((re.match(r"# (\w+\.py)\n", block.text), block.text) for block in blocks("python"))
    return {match[1]: text for match, text in found if match}


def parse(line: str) -> list[Command]:
    """The commands of a line. What needs more of a shell than `&&` is refused, so that nothing is left unrun."""
    reader = shlex.shlex(line, posix=True, punctuation_chars="&|;<>")
    reader.whitespace_split = True
    commands: list[list[str]] = [[]]
    for word in reader:
        if word == "&&":
            commands.append([])
        elif set(word) <= set("&|;<>"):
            raise ValueError(f"write it without {word}: {line}")
        else:
            commands[-1].append(word)
    return [_command(words) for words in commands if words]


def _command(words: list[str]) -> Command:
    environment: dict[str, str] = {}
    while words and re.match(r"[A-Z][A-Z_]*=", words[0]):
        name, _, environment[name] = words.pop(0).partition("=")
    return Command(tuple(without_uv(words)), environment)


def without_uv(words: list[str]) -> list[str]:
    """`uv run X` is X in this environment."""
    if words[:2] == ["uv", "--directory"]:
        words = ["uv", *words[3:]]
    return words[2:] if words[:2] == ["uv", "run"] else words


def output(command: Command, place: Place) -> tuple[int, str]:
    """The exit code and what a terminal shows."""
    done = subprocess.run(
        [place.real(word) for word in command.words],
        cwd=place.folder,
        env=place.environment(command),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=180,
        check=False,
    )
    return done.returncode, done.stdout
