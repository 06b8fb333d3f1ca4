"""The whole line, `load -> validate -> resolve -> plan -> render -> write`, and the command around it."""

from __future__ import annotations

import json
import random
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from toolpress_codegen.cache import FOLDER, Cache
from toolpress_codegen.diagnostics import Diagnostic, UnpressableError
from toolpress_codegen.load import CatalogSource, Sources, load, shuffled
from toolpress_codegen.naming import PACKAGE
from toolpress_codegen.source_file import SourceFile
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
    root: Path,
    catalog: str | None = None,
    shuffle: int | None = None,
    say: Progress = lambda _: None,
    cache: Cache | None = None,
) -> Pressed:
    """Everything that `specs/` under `root` makes, or the part of one catalogue; nothing is written.

    `shuffle` seeds another order of reading, which must not show in the output; nor must a `cache`.

    Raises ManifestsRefusedError, UnpressableError, or FileNotFoundError when there is no such catalogue.
    """
    say("reading manifests")
    sources = load(root, catalog)
    if shuffle is not None:
        sources = shuffled(sources, random.Random(shuffle))
    known = cache or Cache(None)
    made: dict[str, dict[str, str]] = {
        source.folder: files for source in sources.catalogs if (files := known.get(*_words(source)))
    }
    fresh = tuple(source for source in sources.catalogs if source.folder not in made)
    if fresh or sources.faults:
        made |= _made(replace(sources, catalogs=fresh), say, known)
    files = known.made(_shared, "shared")
    owned = []
    for source in sources.catalogs:
        files = {**files, **made[source.folder]}
        owned += [f"generated/{PACKAGE}/{source.folder}", f"docs/reference/{source.folder}"]
    return Pressed(files, tuple(owned) if catalog else (f"generated/{PACKAGE}", "docs/reference"))


def _words(source: CatalogSource) -> tuple[str, ...]:
    """All that a catalogue is made of, in whatever order it was read."""
    return ("catalog", source.folder, *(f"{file.file} {file.digest}" for file in sorted(source.files, key=_name)))


def _name(file: SourceFile) -> str:
    return file.file


def _made(sources: Sources, say: Progress, cache: Cache) -> dict[str, dict[str, str]]:
    """The files of each catalogue; only here is the rest of the line imported."""
    from toolpress_codegen.models import model_classes
    from toolpress_codegen.plan import make_plan
    from toolpress_codegen.render import render
    from toolpress_codegen.resolve import resolve
    from toolpress_codegen.validate import validate

    def modelled(definitions: Mapping[str, dict[str, Any]], header: str) -> str:
        return cache.made(lambda: model_classes(definitions, header), "models", header, json.dumps(definitions))

    manifests, diagnostics = validate(sources)
    if diagnostics:
        raise ManifestsRefusedError(diagnostics)
    made = {}
    for source, manifest in zip(sources.catalogs, manifests, strict=True):
        say(f"{source.folder}: pressing {len(manifest.modules)} modules")
        resolved = resolve(
            manifest.server, manifest.modules, manifest.sandbox, manifest.contracts, texts=manifest.texts
        )
        made[source.folder] = render(make_plan(resolved), modelled)
        cache.put(made[source.folder], *_words(source))
    return made


def _shared() -> dict[str, str]:
    """The files that belong to no single catalogue."""
    from toolpress_codegen.render import render_shared
    from toolpress_codegen.schema_export import manifest_schema

    return {SCHEMA_FILE: manifest_schema(), **render_shared()}


def run_generate(
    catalog: str | None = None,
    check: bool = False,
    diff: bool = False,
    root: Path | None = None,
    shuffle: int | None = None,
    cached: bool = True,
) -> int:
    """`toolpress generate`: 0 when the tree is, or was brought, up to date; 1 otherwise.

    A check believes no cache: it proves that the manifests, and nothing else, make the tree.
    """
    try:
        home = root or project_root()
        return _generated(home, catalog, check, diff, shuffle, Cache(home / FOLDER if cached and not check else None))
    except ManifestsRefusedError as refused:
        for diagnostic in refused.diagnostics:
            sys.stderr.write(f"{diagnostic}\n")
        sys.stderr.write(f"{refused}; nothing was written. Run: toolpress lint\n")
    except BrokenPipeError:
        raise  # the reader of the diff has left
    except (OSError, UnpressableError) as error:
        sys.stderr.write(f"{error}; nothing was written\n")
    return 1


def _generated(root: Path, catalog: str | None, check: bool, diff: bool, shuffle: int | None, cache: Cache) -> int:
    say = _progress()
    pressed = press(root, catalog, shuffle, say, cache)
    cache.store()
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
