"""Find the catalogue that has a tool."""

from __future__ import annotations

from difflib import get_close_matches

from toolpress.catalog import CatalogIndex, find_catalog, installed
from toolpress.errors import ConfigurationError, UnknownTool


def index_with(tool: str, catalog: str | None) -> CatalogIndex:
    """The index of the one catalogue that has the tool.

    Raises:
        UnknownTool: None has it; the nearest name of all catalogues is the hint.
        ConfigurationError: Several have it and `catalog` was not given.
    """
    names = [catalog] if catalog else list(installed())
    indexes = [CatalogIndex(find_catalog(name)) for name in names]
    having = [index for index in indexes if index.get(tool) is not None]
    if len(having) == 1:
        return having[0]
    if having:
        choices = ", ".join(index.catalog.name for index in having)
        raise ConfigurationError(f"{tool} is in several catalogues: {choices}.", fix="Choose one with --catalog.")
    known = [info.name for index in indexes for info in index.tools]
    close = get_close_matches(tool, known, n=1, cutoff=0.6)
    where = names[0] if len(names) == 1 else "CATALOG"
    fix = f"Did you mean {close[0]}?" if close else f"List tools: toolpress tools {where}"
    raise UnknownTool(f"No tool is called {tool}.", fix=fix)
