"""`toolpress lint`: the faults of catalogues or single files, as text, JSON or GitHub annotations."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Literal, TextIO

from toolpress_codegen.diagnostics import Diagnostic
from toolpress_codegen.load import SERVER, TEXT, Sources, file_name, load, load_folder, unreadable
from toolpress_codegen.validate import validate

Format = Literal["text", "github", "json"]


def run_lint(
    targets: Sequence[str] = (), fmt: Format = "text", out: TextIO | None = None, root: Path | None = None
) -> int:
    """Lint what `targets` name: catalogues under `root`/specs, folders or files; all of specs/ when empty.

    A file is judged together with its folder, but only its own faults are told. Returns 1 when there are faults.
    """
    stream, home = out or sys.stdout, (root or Path.cwd()).resolve()
    found: set[Diagnostic] = set()
    files: set[str] = set()
    for target in targets or (None,):
        sources, only = _sources(target, home)
        names = {file.file for catalog in sources.catalogs for file in catalog.files}
        files |= names if only is None else names & {only}
        found |= {fault for fault in validate(sources)[1] if only in (None, fault.file)}
    faults = sorted(found)
    stream.write(_writable(_PRINTERS[fmt](faults, len(files)), stream.encoding or "utf-8"))
    return 1 if faults else 0


def _writable(text: str, encoding: str) -> str:
    """`text` with escapes for what the terminal or pipe cannot hold."""
    return text.encode(encoding, "backslashreplace").decode(encoding)


def _sources(target: str | None, root: Path) -> tuple[Sources, str | None]:
    """The sources behind a target, and the one file that was meant, if it was one."""
    try:
        return _read(target, root)
    except FileNotFoundError as error:
        return _missing("specs", str(error), "run it in the project's folder, or name a folder"), None
    except OSError as error:
        return Sources((), (unreadable(target or "specs", error),)), None


def _read(target: str | None, root: Path) -> tuple[Sources, str | None]:
    if target is None or ((root / "specs" / target).is_dir() and Path(target).name == target):
        return load(root, target), None
    path = (root / target).resolve()
    if path.is_dir():
        return load_folder(path, root), None
    folder = path.parent.parent if path.name.endswith((".json", TEXT)) else path.parent
    sources = load_folder(folder, root) if path.is_file() else Sources(())
    name = file_name(path, root)
    if name not in {file.file for catalog in sources.catalogs for file in catalog.files}:
        hint = f"name a catalogue, a folder with a {SERVER}, or a manifest, contract or prompt in it"
        return _missing(target, f"{target} is no catalogue and no manifest", hint), None
    return sources, name


def _missing(file: str, message: str, hint: str) -> Sources:
    return Sources((), (Diagnostic(file, 1, 1, "file-missing", message, hint),))


def _text(faults: Sequence[Diagnostic], files: int) -> str:
    lines = [*map(str, faults), summary(faults, files)]
    return "".join(f"{line}\n" for line in lines)


def summary(faults: Sequence[Diagnostic], files: int) -> str:
    """The closing line for people."""
    if not faults:
        return f"{_counted(files, 'file')}, no faults"
    touched = len({fault.file for fault in faults})
    return f"{_counted(len(faults), 'fault')} in {_counted(touched, 'file')}; each [rule] is told in docs/lint-rules.md"


def _counted(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def _json(faults: Sequence[Diagnostic], _: int) -> str:
    return json.dumps([asdict(fault) for fault in faults], indent=2) + "\n"


def _github(faults: Sequence[Diagnostic], _: int) -> str:
    return "".join(
        f"::error file={_property(fault.file)},line={fault.line},col={fault.column},title={_property(fault.rule)}"
        f"::{_escaped(f'{fault.message} -> {fault.hint}')}\n"
        for fault in faults
    )


def _escaped(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _escaped(text).replace(":", "%3A").replace(",", "%2C")


_PRINTERS = {"text": _text, "github": _github, "json": _json}
