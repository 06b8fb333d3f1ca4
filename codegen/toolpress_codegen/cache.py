"""What pure steps made before, on disk, each under the digest of all that it was made of.

Nothing needs it: an entry that is lost, cut short or altered is made again, and a disk that fails is no fault.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable
from contextlib import suppress
from hashlib import sha256
from pathlib import Path
from typing import Any, TypeVar

from toolpress import contract, surface

FOLDER = ".toolpress_cache"
MAX_BYTES = 64_000_000

_OURS = ".gitignore"
_Made = TypeVar("_Made")


def maker() -> str:
    """The digest of what turns manifests into files.

    That is this package with its templates, the contract, the interpreter, and the versions of all that is installed.
    """
    package = Path(__file__).parent
    sources = sorted(path for suffix in ("py", "j2") for path in package.rglob(f"*.{suffix}"))
    found = sha256(sys.version.encode())
    for path in (*sources, Path(contract.__file__), Path(surface.__file__)):
        found.update(f"{path.name} {sha256(path.read_bytes()).hexdigest()}\n".encode())
    for name in sorted({path.name for entry in sys.path for path in Path(entry).glob("*.dist-info")}):
        found.update(f"{name}\n".encode())
    return found.hexdigest()


class Cache:
    """Values that are JSON. What is new is held until `store`; without a folder nothing is held."""

    def __init__(self, folder: Path | None) -> None:
        self._folder = folder
        self._maker = maker() if folder else ""
        self._new: dict[str, bytes] = {}

    def get(self, *of: str) -> Any:
        """The value that was made of these words; None if there is none."""
        if self._folder is None:
            return None
        path = self._folder / self._name(of)
        try:
            digest, _, body = path.read_bytes().partition(b"\n")
        except OSError:
            return None
        if digest != _digest(body):
            return None
        with suppress(OSError):
            os.utime(path)
        return json.loads(body)

    def put(self, value: Any, *of: str) -> None:
        if self._folder is not None:
            body = json.dumps(value).encode()
            self._new[self._name(of)] = _digest(body) + b"\n" + body

    def made(self, make: Callable[[], _Made], *of: str) -> _Made:
        """The value that was made of these words, or what `make` makes of them now."""
        found: _Made | None = self.get(*of)
        if found is None:
            found = make()
            self.put(found, *of)
        return found

    def store(self) -> None:
        """Write what is new, each entry whole or not at all, and drop the oldest where there are too many.

        Nothing is written if this package or what is installed changed during the run, as either may have been at work.
        """
        if self._folder is None or not self._new or maker() != self._maker:
            return
        with suppress(OSError):
            self._folder.mkdir(parents=True, exist_ok=True)
            for name, entry in {_OURS: b"*\n", **self._new}.items():
                draft = self._folder / f"{name}.{os.getpid()}"
                draft.write_bytes(entry)
                draft.replace(self._folder / name)
            self._new.clear()
            _trim(self._folder)

    def _name(self, of: tuple[str, ...]) -> str:
        return sha256(json.dumps([self._maker, *of]).encode()).hexdigest()


def _digest(body: bytes) -> bytes:
    return sha256(body).hexdigest().encode()


def _trim(folder: Path) -> None:
    """Keep the entries that were used last, up to MAX_BYTES."""
    entries = [(path.stat(), path) for path in folder.iterdir() if path.name != _OURS]
    size = 0
    for status, path in sorted(entries, key=lambda entry: entry[0].st_mtime_ns, reverse=True):
        size += status.st_size
        if size > MAX_BYTES:
            path.unlink(missing_ok=True)
