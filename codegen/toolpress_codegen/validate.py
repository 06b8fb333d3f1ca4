"""Judge what was read: shape first, then every rule, over all files at once; pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any

from pydantic import ValidationError

from toolpress_codegen.diagnostics import Diagnostic, one_line
from toolpress_codegen.load import SERVER, CatalogSource, Sources
from toolpress_codegen.manifest import Module, Server, Tool
from toolpress_codegen.rules import RULES
from toolpress_codegen.rules.rule import Entry, Finding, Site, Subject
from toolpress_codegen.sandbox_data import merged
from toolpress_codegen.shape import parse, shape_faults
from toolpress_codegen.source_file import SourceFile


@dataclass(frozen=True, slots=True)
class CatalogManifest:
    """One catalogue of good shape.

    `sandbox` is the data of sandbox.yaml, `contracts` are JSON objects by file stem, `texts` Jinja texts by file name.
    """

    server: Server
    modules: tuple[Module, ...]
    sandbox: Mapping[str, Any]
    contracts: Mapping[str, Any]
    texts: Mapping[str, str]
    files: tuple[str, ...]


def validate(sources: Sources) -> tuple[tuple[CatalogManifest, ...], tuple[Diagnostic, ...]]:
    """The catalogues whose files all have the right shape, and all faults of all files, sorted.

    What rules find does not keep a catalogue out of the first; nothing may be written while there is a fault.
    """
    found = set(sources.faults)
    manifests = []
    for catalog in sources.catalogs:
        manifest, faults = _catalog(catalog)
        found.update(faults)
        if manifest is not None:
            manifests.append(manifest)
    return tuple(manifests), tuple(sorted(found))


def _catalog(source: CatalogSource) -> tuple[CatalogManifest | None, list[Diagnostic]]:
    faults = [fault for file in source.files for fault in file.faults]
    server = None
    if source.server is not None and source.server.data is not None:
        try:
            server = parse(Server, source.server.data)
        except ValidationError as error:
            faults.extend(shape_faults(source.server, Server, error))
    modules: list[Module] = []
    sites: list[Site] = []
    for file in source.modules:
        module, placed, found = _module(file)
        sites.extend(placed)
        faults.extend(found)
        if module is not None:
            modules.append(module)
    sandbox, twice = merged(source.sandbox)
    faults.extend(twice)
    faults.extend(_ruled(_subject(source, server, tuple(sites))))
    if server is None or len(modules) < len(source.modules) or not modules:
        return None, faults
    texts = {name: file.text for name, file in _by_name(source.texts).items()}
    files = tuple(file.file for file in source.files)
    return CatalogManifest(server, tuple(modules), sandbox, _contracts(source), texts, files), faults


def _contracts(source: CatalogSource) -> dict[str, Any]:
    return {PurePosixPath(file.file).stem: file.data for file in source.contracts if file.data is not None}


def _by_name(files: Iterable[SourceFile]) -> dict[str, SourceFile]:
    """Readable files by their name without the folder."""
    return {PurePosixPath(file.file).name: file for file in files if file.data is not None}


def _module(file: SourceFile) -> tuple[Module | None, list[Site], list[Diagnostic]]:
    if file.data is None:
        return None, [], []
    try:
        module = parse(Module, file.data)
    except ValidationError as error:
        return None, list(_sound_tools(file)), list(shape_faults(file, Module, error))
    sites = [Site(file, ("tools", index), module.module, tool) for index, tool in enumerate(module.tools)]
    return module, sites, []


def _sound_tools(file: SourceFile) -> Iterator[Site]:
    module = str((file.data or {}).get("module"))
    for entry in _entries(file):
        try:
            yield Site(file, entry.path, module, parse(Tool, entry.data))
        except ValidationError:
            continue


def _entries(file: SourceFile) -> Iterator[Entry]:
    tools = (file.data or {}).get("tools")
    for index, data in enumerate(tools if isinstance(tools, list) else ()):
        if isinstance(data, dict):
            yield Entry(file, ("tools", index), data)


def _subject(source: CatalogSource, server: Server | None, sites: tuple[Site, ...]) -> Subject:
    modules = tuple(sorted(source.modules, key=lambda file: file.file))
    return Subject(
        folder=source.folder,
        server=server,
        server_source=source.server or SourceFile(SERVER, "", None),
        modules=modules,
        entries=tuple(entry for file in modules for entry in _entries(file)),
        sites=tuple(sorted(sites, key=lambda site: (site.source.file, site.path))),
        complete=all(isinstance((file.data or {}).get("tools"), list) for file in modules),
        contracts={PurePosixPath(file.file).stem: file.data or {} for file in source.contracts},
        texts=_by_name(source.texts),
    )


def _ruled(subject: Subject) -> Iterator[Diagnostic]:
    for rule in RULES:
        for finding in rule.check(subject) if rule.check is not None else ():
            yield _diagnostic(rule.id, finding)


def _diagnostic(rule: str, finding: Finding) -> Diagnostic:
    line, column = finding.source.spot(finding.path, finding.at)
    return Diagnostic(finding.source.file, line, column, rule, one_line(finding.message), one_line(finding.hint))
