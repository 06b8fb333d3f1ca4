"""Bring a folder to the state of a plan, or say how it differs; the only stage that changes the disk."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from toolpress_codegen.render import MARK

_HEAD_BYTES = 400


@dataclass(frozen=True, slots=True)
class Change:
    """One file that differs: `before` is None where it is new, `after` is None where it is stale."""

    path: str
    before: str | None
    after: str | None

    @property
    def kind(self) -> str:
        if self.before is None:
            return "new"
        return "stale" if self.after is None else "changed"


def compare(root: Path, files: Mapping[str, str], owned: Iterable[str]) -> tuple[Change, ...]:
    """What `apply` would do. Stale are files under the `owned` folders that carry our mark and are not in `files`."""
    changes = [Change(path, _read(root / path), text) for path, text in sorted(files.items())]
    differing = [change for change in changes if change.before != change.after]
    stale = [Change(path, _read(root / path), None) for path in sorted(_marked(root, owned)) if path not in files]
    return (*differing, *stale)


def unified_diff(change: Change) -> str:
    """The change as `diff -u` prints it."""
    before, after = change.before or "", change.after or ""
    lines = difflib.unified_diff(
        before.splitlines(keepends=True),
        after.splitlines(keepends=True),
        f"a/{change.path}" if change.before is not None else "/dev/null",
        f"b/{change.path}" if change.after is not None else "/dev/null",
    )
    return "".join(lines)


def apply(root: Path, changes: Iterable[Change]) -> None:
    """Make all changes or none: everything is staged first, and a failing step undoes those before it.

    Raises the OSError that stopped it, with the tree as it was.
    """
    ordered = tuple(changes)
    staged: list[Path] = []
    done: list[Change] = []
    try:
        for change in ordered:
            if change.after is not None:
                staged.append(_staging_path(root / change.path))
                _stage(staged[-1], change.after)
        for change in ordered:
            target = root / change.path
            if change.after is None:
                target.unlink()
            else:
                _staging_path(target).replace(target)
            done.append(change)
    except BaseException:
        for change in reversed(done):
            _restore(root / change.path, change.before)
        raise
    finally:
        for path in staged:
            path.unlink(missing_ok=True)
    _drop_empty(root, [change.path for change in ordered if change.after is None])


def _staging_path(target: Path) -> Path:
    return target.with_name(f".{target.name}.toolpress")


def _stage(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8", newline="\n")


def _restore(target: Path, before: str | None) -> None:
    if before is None:
        target.unlink(missing_ok=True)
    else:
        target.write_text(before, encoding="utf-8", newline="\n")


def _drop_empty(root: Path, removed: Iterable[str]) -> None:
    for path in removed:
        folder = (root / path).parent
        while folder != root and folder.is_dir() and not any(folder.iterdir()):
            folder.rmdir()
            folder = folder.parent


def _read(path: Path) -> str | None:
    try:
        return path.read_bytes().decode("utf-8", errors="replace")
    except FileNotFoundError:
        return None


def _marked(root: Path, owned: Iterable[str]) -> set[str]:
    found = set()
    for folder in owned:
        for path in (root / folder).rglob("*"):
            if path.is_file() and not path.is_symlink() and "__pycache__" not in path.parts:
                with path.open("rb") as stream:
                    head = stream.read(_HEAD_BYTES)
                if MARK.encode() in head:
                    found.add(path.relative_to(root).as_posix())
    return found
