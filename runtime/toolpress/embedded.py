"""The sandbox in this process, on a loopback port; imported from its own package only when asked for."""

from __future__ import annotations

from contextlib import AbstractContextManager
from typing import Any

from toolpress.catalog import CatalogIndex
from toolpress.errors import ConfigurationError


def running_sandbox(catalog: str, data: str | None = None, port: int = 0) -> AbstractContextManager[str]:
    """Run the sandbox in a background thread; yields its base URL.

    Raises:
        ConfigurationError: The sandbox is not installed.
    """
    try:
        from toolpress_sandbox.serve import run_in_thread
    except ImportError as error:
        raise ConfigurationError(
            f"The sandbox cannot be imported: {error}.", fix="Install it: pip install toolpress"
        ) from error
    context: AbstractContextManager[str] = run_in_thread(catalog, data=data, port=port)
    return context


def default_key(index: CatalogIndex) -> str:
    """The test key of the sandbox that may do everything.

    Raises:
        ConfigurationError: The catalogue's sandbox data names none.
    """
    key = _data(index).get("default_key")
    if not isinstance(key, str):
        raise ConfigurationError(
            f"The sandbox data of {index.catalog.name} names no default_key.",
            fix=f"Set default_key in specs/{index.catalog.name}/sandbox.yaml and run: toolpress generate",
        )
    return key


def _data(index: CatalogIndex) -> dict[str, Any]:
    data = index.sandbox.get("data")
    return data if isinstance(data, dict) else {}
