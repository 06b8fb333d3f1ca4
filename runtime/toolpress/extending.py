"""Hand-written tools, resources and prompts beside those of a catalogue, for what manifests do not express.

def extend(mcp: FastMCP) -> None:
    @mcp.tool(auth=for_roles("owner"))
    async def ...
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from importlib.metadata import EntryPoint
from typing import Any

from fastmcp import FastMCP
from fastmcp.server.auth import AuthCheck, AuthContext
from fastmcp.server.providers import Provider

from toolpress.catalog import CatalogIndex
from toolpress.contract import JsonObject
from toolpress.errors import ConfigurationError
from toolpress.principal import CALLER

Extension = Callable[[FastMCP[Any]], None]
"""Adds what it likes to the server of a catalogue; `mcp.name` is the catalogue's."""


def find_extension(reference: str) -> Extension:
    """The function at `package.module:function`.

    Raises:
        ConfigurationError: There is none.
    """
    fix = "Name it as package.module:function, in a package that Python can import here."
    try:
        found = EntryPoint("extension", reference, "").load()
    except (ImportError, AttributeError, ValueError) as error:
        raise ConfigurationError(f"The extension {reference} cannot be imported: {error}.", fix=fix) from error
    if not callable(found):
        raise ConfigurationError(f"The extension {reference} is not a function.", fix=fix)
    extension: Extension = found
    return extension


def for_roles(*roles: str) -> AuthCheck:
    """For `auth=` of a tool, resource or prompt: callers of other roles do not see it.

    It asks the gate's answer. Over stdio FastMCP asks no such check: whoever starts the process owns it.
    """

    def allowed(_context: AuthContext) -> bool:
        caller = CALLER.get()
        return caller is not None and caller.principal.role in roles

    return allowed


async def hand_written(providers: Iterable[Provider], index: CatalogIndex) -> dict[str, JsonObject]:
    """The argument schemas of the tools that these providers add, by name.

    Raises:
        ConfigurationError: Something has a name that the catalogue has too.
    """
    schemas: dict[str, JsonObject] = {}
    surface = index.surface
    uris, prompts = {item.uri for item in surface.resources}, {item.name for item in surface.prompts}
    for provider in providers:
        for tool in await provider.list_tools():
            _hold_apart("tool", tool.name, index.get(tool.name) is not None)
            schemas[tool.name] = tool.parameters
        for resource in await provider.list_resources():
            _hold_apart("resource", str(resource.uri), str(resource.uri) in uris)
        for prompt in await provider.list_prompts():
            _hold_apart("prompt", prompt.name, prompt.name in prompts)
    return schemas


def _hold_apart(kind: str, name: str, taken: bool) -> None:
    if taken:
        raise ConfigurationError(
            f"An extension adds the {kind} {name}, which the catalogue has too.", fix="Give it another name."
        )
