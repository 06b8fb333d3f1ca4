"""Find catalogues and look into them; tools and models load on first use."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import replace
from difflib import get_close_matches
from functools import cached_property, lru_cache
from importlib import import_module
from importlib.metadata import entry_points
from importlib.resources import files
from typing import Any

from toolpress.contract import Catalog, JsonObject, Operation, ToolInfo
from toolpress.errors import ConfigurationError, UnknownTool
from toolpress.surface import EMPTY, Surface, parse

GROUP = "toolpress.catalogs"


def installed() -> dict[str, str]:
    """The catalogues of this environment: name -> `package.module:ATTR`."""
    return {entry.name: entry.value for entry in sorted(entry_points(group=GROUP), key=lambda entry: entry.name)}


def find_catalog(name: str) -> Catalog:
    """The catalogue of that name, or the one at `package.module:ATTR`.

    Raises:
        ConfigurationError: There is none; the message lists what is installed.
    """
    known = installed()
    reference = name if ":" in name else known.get(name)
    if reference is None:
        listing = ", ".join(known) or "none"
        raise ConfigurationError(
            f"No catalogue is called {name}; installed: {listing}.",
            fix="Use an installed name, or package.module:ATTR for one that is only importable.",
        )
    module, _, attribute = reference.partition(":")
    try:
        catalog = getattr(import_module(module), attribute)
    except (ImportError, AttributeError, ValueError) as error:
        raise ConfigurationError(
            f"The catalogue {name} ({reference}) cannot be imported: {error}.",
            fix="Install the package that holds it, or generate it: toolpress generate",
        ) from error
    if not isinstance(catalog, Catalog):
        raise ConfigurationError(f"{reference} is not a catalogue.", fix="Name an attribute of type Catalog.")
    return catalog


class CatalogIndex:
    """A catalogue's tools by name, in catalogue order, with their operations and list entries."""

    def __init__(self, catalog: Catalog, modules: Iterable[str] | None = None) -> None:
        """`modules` narrows the index to these; a name that the catalogue does not have is an error."""
        self.catalog = catalog
        wanted = None if modules is None else set(modules)
        present = {tool.module for tool in catalog.tools}
        if wanted is not None and wanted - present:
            raise ConfigurationError(
                f"The catalogue {catalog.name} has no module {', '.join(sorted(wanted - present))}.",
                fix=f"Use one of: {', '.join(sorted(present))}.",
            )
        self._whole = wanted is None or wanted == present
        self._tools = {tool.name: tool for tool in catalog.tools if wanted is None or tool.module in wanted}

    @property
    def tools(self) -> tuple[ToolInfo, ...]:
        return tuple(self._tools.values())

    def get(self, name: str) -> ToolInfo | None:
        return self._tools.get(name)

    def require(self, name: str) -> ToolInfo:
        """The tool of that name; UnknownTool names the nearest one."""
        tool = self._tools.get(name)
        if tool is None:
            close = get_close_matches(name, list(self._tools), n=1, cutoff=0.6)
            fix = f"Did you mean {close[0]}?" if close else f"List them: toolpress tools {self.catalog.name}"
            raise UnknownTool(f"Unknown tool: {name}.", fix=fix)
        return tool

    def operation(self, tool: ToolInfo) -> Operation:
        """How the tool is executed; imports its module the first time."""
        return load_operation(self.catalog.package, tool.module, tool.name)

    def listing(self, name: str) -> JsonObject:
        """The tool as MCP lists it: name, title, description, inputSchema, annotations."""
        try:
            return self._listings[name]
        except KeyError:
            raise ConfigurationError(
                f"{self.catalog.package}/tools.json has no tool {name}.", fix="Run: toolpress generate"
            ) from None

    @cached_property
    def sandbox(self) -> JsonObject:
        """What the press wrote for the sandbox: data, operations with their examples, roles, errors."""
        loaded = self._json("sandbox.json")
        return loaded if isinstance(loaded, dict) else {}

    @cached_property
    def surface(self) -> Surface:
        """Resources, prompts and instructions; most catalogues have none.

        Prompts and instructions speak of all tools, so a narrowed index has none of them.
        """
        name = "surface.json"
        if not files(self.catalog.package).joinpath(name).is_file():
            return EMPTY
        try:
            surface = parse(self._json(name))
            return surface if self._whole else replace(surface, prompts=(), instructions=())
        except (LookupError, TypeError, ValueError) as error:
            raise ConfigurationError(
                f"{self.catalog.package}/{name} cannot be understood: {error!r}.", fix="Run: toolpress generate"
            ) from error

    @cached_property
    def _listings(self) -> dict[str, JsonObject]:
        return {entry["name"]: entry for entry in self._json("tools.json")["tools"]}

    def _json(self, name: str) -> Any:
        try:
            text = files(self.catalog.package).joinpath(name).read_text(encoding="utf-8")
            return json.loads(text)
        except (OSError, ImportError, ValueError) as error:
            raise ConfigurationError(
                f"{self.catalog.package}/{name} cannot be read: {error}.", fix="Run: toolpress generate"
            ) from error


@lru_cache(maxsize=4096)
def load_operation(package: str, module: str, name: str) -> Operation:
    """The operation of a tool from its generated module."""
    try:
        operation = import_module(f"{package}.tools.{module}").OPERATIONS[name]
    except (ImportError, AttributeError, KeyError) as error:
        raise ConfigurationError(
            f"{package}.tools.{module} has no operation {name}: {error}.", fix="Run: toolpress generate"
        ) from error
    if not isinstance(operation, Operation):
        raise ConfigurationError(
            f"{package}.tools.{module}: {name} is not an operation.", fix="Run: toolpress generate"
        )
    return operation
