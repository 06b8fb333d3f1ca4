"""What a rule is: an id, the paragraph of its docs, and a pure function from a catalogue to findings."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from toolpress_codegen.manifest import Server, Tool
from toolpress_codegen.rules.walk import Part, parts
from toolpress_codegen.source_file import At, DataPath, SourceFile


@dataclass(frozen=True, slots=True)
class Finding:
    """A fault at a data path of one file."""

    source: SourceFile
    path: DataPath
    message: str
    hint: str
    at: At = "value"


@dataclass(frozen=True)
class Site:
    """A tool of good shape and the place of its entry."""

    source: SourceFile
    path: DataPath
    module: str
    tool: Tool

    @cached_property
    def parts(self) -> tuple[Part, ...]:
        """Every schema within the tool's input; a dozen rules go through them."""
        return tuple(parts(self.tool.input.properties))

    def finding(self, path: DataPath, message: str, hint: str, at: At = "value") -> Finding:
        """A fault at `path` within the tool's entry."""
        return Finding(self.source, (*self.path, *path), message, hint, at)


@dataclass(frozen=True, slots=True)
class Entry:
    """A tool as written, of whatever shape; names and sizes are counted over these."""

    source: SourceFile
    path: DataPath
    data: dict[str, Any]

    def text(self, key: str) -> str | None:
        value = self.data.get(key)
        return value if isinstance(value, str) else None


@dataclass(frozen=True, slots=True)
class Subject:
    """One catalogue as the rules see it. `server` is None when its file has a fault of shape."""

    folder: str
    server: Server | None
    server_source: SourceFile
    modules: tuple[SourceFile, ...]
    entries: tuple[Entry, ...]
    sites: tuple[Site, ...]
    complete: bool
    """Whether every file could be read, so that what is absent is really absent."""
    contracts: Mapping[str, Any]
    """By name; empty where the file could not be read."""
    texts: Mapping[str, SourceFile]
    """The files of prompts/ by name."""

    def at_server(self, path: DataPath, message: str, hint: str) -> Finding:
        """A fault at `path` of server.yaml."""
        return Finding(self.server_source, path, message, hint)


Check = Callable[[Subject], Iterable[Finding]]


@dataclass(frozen=True, slots=True)
class Rule:
    """`check` is None for what reading and shape report by themselves."""

    id: str
    title: str
    docs: str
    check: Check | None = None
