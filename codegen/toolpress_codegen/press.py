"""The whole line, `load -> validate -> resolve -> plan -> render -> write`, and the command around it."""

from __future__ import annotations

import random
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from toolpress_codegen.diagnostics import Diagnostic
from toolpress_codegen.formatting import FormatterError
from toolpress_codegen.load import load, shuffled
from toolpress_codegen.models import UnmodelledError
from toolpress_codegen.plan import NameClashError, make_plan
from toolpress_codegen.render import render, render_shared
from toolpress_codegen.resolve import PACKAGE, resolve
from toolpress_codegen.schema_export import manifest_schema
from toolpress_codegen.validate import validate
from toolpress_codegen.write import apply, compare, unified_diff

SCHEMA_FILE = "specs/manifest.schema.json"
Progress = Callable[[str], None]


class ManifestsRefusedError(Exception):
    """The manifests have faults; nothing was written. `diagnostics` holds all of them, sorted."""

    def __init__(self, diagnostics: tuple[Diagnostic, ...]) -> None:
        super().__init__(f"faults: {len(diagnostics)}")
        self.diagnostics = diagnostics


@dataclass(frozen=True, slots=True)
class Pressed:
    """The output of a run: texts by relative path, and the folders in which stale files may be removed."""

    files: Mapping[str, str]
    owned: tuple[str, ...]


def press(
    root: Path, catalog: str | None = None, shuffle: int | None = None, say: Progress = lambda _: None
) -> Pressed:
    """Everything that `specs/` under `root` makes, or the part of one catalogue; nothing is written.

    `shuffle` seeds another order of reading, which must not show in the output.

    Raises ManifestsRefusedError, NameClashError, UnmodelledError, FormatterError, or FileNotFoundError when there is
    no such catalogue.
    """
    say("reading manifests")
    sources = load(root, catalog)
    if shuffle is not None:
        sources = shuffled(sources, random.Random(shuffle))
    manifests, diagnostics = validate(sources)
    if diagnostics:
        raise ManifestsRefusedError(diagnostics)
    files = {SCHEMA_FILE: manifest_schema(), **render_shared()}
    owned = []
    for manifest in manifests:
        say(f"{manifest.server.catalog}: pressing {len(manifest.modules)} modules")
        resolved = resolve(
            manifest.server, manifest.modules, manifest.sandbox, manifest.contracts, texts=manifest.texts
        )
        files.update(render(make_plan(resolved)))
        owned += [f"generated/{resolved.package.replace('.', '/')}", f"docs/reference/{manifest.server.catalog}"]
    if catalog is None:
        owned = [f"generated/{PACKAGE}", "docs/reference"]
    return Pressed(files, tuple(owned))


def run_generate(
    catalog: str | None = None,
    check: bool = False,
    diff: bool = False,
    root: Path | None = None,
    shuffle: int | None = None,
) -> int:
    """`toolpress generate`: 0 when the tree is, or was brought, up to date; 1 otherwise."""
    try:
        return _generated(root or project_root(), catalog, check, diff, shuffle)
    except ManifestsRefusedError as refused:
        for diagnostic in refused.diagnostics:
            sys.stderr.write(f"{diagnostic}\n")
        sys.stderr.write(f"{refused}; nothing was written. Run: toolpress lint\n")
    except BrokenPipeError:
        raise  # the reader of the diff has left
    except (OSError, NameClashError, UnmodelledError, FormatterError) as error:
        sys.stderr.write(f"{error}; nothing was written\n")
    return 1


def _generated(root: Path, catalog: str | None, check: bool, diff: bool, shuffle: int | None) -> int:
    say = _progress()
    pressed = press(root, catalog, shuffle, say)
    changes = compare(root, pressed.files, pressed.owned)
    if diff:
        sys.stdout.write("".join(map(unified_diff, changes)))
    if check:
        for change in changes:
            sys.stderr.write(f"{change.path}: {change.kind}\n")
        if changes:
            sys.stderr.write(f"files that differ from the manifests: {len(changes)}. Run: nox -s regenerate\n")
        return 1 if changes else 0
    say(f"writing {len(changes)} of {len(pressed.files)} files")
    apply(root, changes)
    return 0


def project_root(start: Path | None = None) -> Path:
    """The nearest folder upwards that holds `specs/`; raises FileNotFoundError when none does."""
    here = (start or Path.cwd()).resolve()
    for folder in (here, *here.parents):
        if (folder / "specs").is_dir():
            return folder
    raise FileNotFoundError(f"no specs/ folder in {here} or above it: change to the project's folder")


def _progress() -> Progress:
    if not sys.stderr.isatty():
        return lambda _: None
    return lambda text: print(text, file=sys.stderr)  # noqa: T201  # a person is watching
