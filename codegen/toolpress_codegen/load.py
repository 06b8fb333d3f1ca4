"""Read `specs/` into memory, with the place of everything; judges nothing beyond whether it can be read."""

from __future__ import annotations

import random
from dataclasses import dataclass, replace
from hashlib import sha256
from pathlib import Path

from toolpress_codegen.diagnostics import Diagnostic
from toolpress_codegen.json_source import read_json
from toolpress_codegen.source_file import MAX_BYTES, SourceFile
from toolpress_codegen.text_source import read_text
from toolpress_codegen.yaml_source import read_yaml

SERVER = "server.yaml"
SANDBOX = "sandbox.yaml"
TEXT = ".md.j2"


@dataclass(frozen=True, slots=True)
class CatalogSource:
    """The files of one folder under `specs/`.

    `sandbox` (sandbox.yaml and sandbox/) and `contracts` are plain data, `texts` (prompts/) are Jinja templates.
    """

    folder: str
    server: SourceFile | None
    modules: tuple[SourceFile, ...]
    sandbox: tuple[SourceFile, ...]
    contracts: tuple[SourceFile, ...]
    texts: tuple[SourceFile, ...] = ()

    @property
    def files(self) -> tuple[SourceFile, ...]:
        server = () if self.server is None else (self.server,)
        return (*server, *self.sandbox, *self.modules, *self.contracts, *self.texts)


@dataclass(frozen=True, slots=True)
class Sources:
    """All that was read. `faults` are those of folders; each file carries its own."""

    catalogs: tuple[CatalogSource, ...]
    faults: tuple[Diagnostic, ...] = ()


def load(root: Path, catalog: str | None = None) -> Sources:
    """All catalogues under `root`/specs, or one. Raises FileNotFoundError when there is none of that name."""
    specs = root / "specs"
    folders = sorted(path for path in specs.iterdir() if path.is_dir()) if specs.is_dir() else []
    chosen = [folder for folder in folders if catalog in (None, folder.name)]
    if not chosen:
        known = ", ".join(folder.name for folder in folders) or "none"
        wanted = f"no catalogue {catalog}" if catalog else "no catalogue"
        raise FileNotFoundError(f"{wanted} under {specs}; there is: {known}")
    parts = [load_folder(folder, root) for folder in chosen]
    catalogs = tuple(catalog for part in parts for catalog in part.catalogs)
    return Sources(catalogs, tuple(fault for part in parts for fault in part.faults))


def load_folder(folder: Path, root: Path) -> Sources:
    """One catalogue's folder, wherever it is; files are named relative to `root` where they lie below it."""
    faults: list[Diagnostic] = []
    files = {path.name: _file(path, root) for path in sorted(folder.glob("*.yaml"))}
    for stray in sorted(folder.glob("*.yml")):
        message, hint = "this file is not read: manifests end in .yaml", f"rename it to {stray.stem}.yaml"
        faults.append(Diagnostic(file_name(stray, root), 1, 1, "file-name", message, hint))
    if SERVER not in files:
        message, hint = "the catalogue has no server.yaml", "write one; every catalogue's facts begin there"
        faults.append(Diagnostic(file_name(folder / SERVER, root), 1, 1, "file-missing", message, hint))
    catalog = CatalogSource(
        folder=folder.name,
        server=files.get(SERVER),
        modules=tuple(file for name, file in files.items() if name not in {SERVER, SANDBOX}),
        sandbox=(
            *(file for name, file in files.items() if name == SANDBOX),
            *(_file(path, root) for path in sorted((folder / "sandbox").glob("*.yaml"))),
        ),
        contracts=tuple(_file(path, root) for path in sorted((folder / "contracts").glob("*.json"))),
        texts=tuple(_file(path, root) for path in sorted((folder / "prompts").glob(f"*{TEXT}"))),
    )
    return Sources((catalog,), tuple(faults))


def shuffled(sources: Sources, dice: random.Random) -> Sources:
    """The same sources, read in another order."""

    def mixed(catalog: CatalogSource) -> CatalogSource:
        modules = tuple(dice.sample(catalog.modules, len(catalog.modules)))
        contracts = tuple(dice.sample(catalog.contracts, len(catalog.contracts)))
        sandbox = tuple(dice.sample(catalog.sandbox, len(catalog.sandbox)))
        texts = tuple(dice.sample(catalog.texts, len(catalog.texts)))
        return replace(catalog, modules=modules, contracts=contracts, sandbox=sandbox, texts=texts)

    return replace(sources, catalogs=tuple(mixed(catalog) for catalog in sources.catalogs))


def file_name(path: Path, root: Path) -> str:
    """How faults call a file: relative to `root` where it lies below it."""
    place = path.relative_to(root) if path.is_relative_to(root) else path
    return place.as_posix().encode("utf-8", "backslashreplace").decode("utf-8")


def _file(path: Path, root: Path) -> SourceFile:
    name = file_name(path, root)
    try:
        with path.open("rb") as stream:
            raw = stream.read(MAX_BYTES + 1)
    except OSError as error:
        return SourceFile(name, "", None, {}, (unreadable(name, error),))
    read = read_text if path.name.endswith(TEXT) else read_json if path.suffix == ".json" else read_yaml
    return replace(read(name, raw), digest=sha256(raw).hexdigest())


def unreadable(name: str, error: OSError) -> Diagnostic:
    """The fault of what the system does not hand out."""
    message = f"cannot be read: {error.strerror}"
    return Diagnostic(name, 1, 1, "file-unreadable", message, "check its kind, name and permissions")
