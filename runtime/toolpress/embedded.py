"""The sandbox in this process, on a loopback port; imported from its own package only when asked for."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from typing import Any

from toolpress.catalog import CatalogIndex
from toolpress.contract import Catalog
from toolpress.errors import ConfigurationError
from toolpress.paths import lookup
from toolpress.principal import Credential
from toolpress.tenancy import PLACEHOLDER


@dataclass(frozen=True, slots=True)
class SeededKey:
    """A key that the sandbox's seed data holds."""

    key: str
    role: str
    tenant: str
    usable: bool

    def credential(self, catalog: Catalog) -> Credential:
        """How the key is presented: with its tenant if the product has a host for each."""
        return Credential(self.key, self.tenant if catalog.tenancy else None)


def require_sandbox() -> None:
    """Fail now, with a fix, when the sandbox is not installed."""
    if find_spec("toolpress_sandbox") is None:
        raise ConfigurationError("The sandbox is not installed.", fix="Run: pip install toolpress")


@contextmanager
def running_sandbox(index: CatalogIndex, data: str | None = None, port: int = 0) -> Iterator[str]:
    """Run the sandbox of a catalogue, wherever its package stands, in a background thread; yields its plain address.

    Raises:
        ConfigurationError: It is not installed, or cannot start.
    """
    require_sandbox()
    from toolpress_sandbox.serve import run_in_thread

    with ExitStack() as stack:
        try:
            running = run_in_thread(index.catalog.name, data=data, port=port, definition=index.sandbox)
            url: str = stack.enter_context(running)
        except (ImportError, OSError, RuntimeError, ValueError, LookupError) as error:
            raise ConfigurationError(
                f"The sandbox of {index.catalog.name} cannot start: {error}.",
                fix="Check the port, the data file and sandbox.json.",
            ) from error
        yield url


def sandbox_base_url(catalog: Catalog, address: str) -> str:
    """The base URL for a sandbox at `address`: a product with a host for each tenant has them below localhost."""
    if catalog.tenancy is None:
        return address
    scheme, _, place = address.partition("://")
    return f"{scheme}://{PLACEHOLDER}.localhost:{place.rpartition(':')[2]}"


def default_credential(index: CatalogIndex) -> Credential:
    """The test key of the sandbox that may do everything, with its tenant where that counts.

    Raises:
        ConfigurationError: The catalogue's sandbox data names none.
    """
    key = _data(index).get("default_key")
    if not isinstance(key, str):
        raise ConfigurationError(
            f"The sandbox data of {index.catalog.name} names no default_key.",
            fix=f"Set default_key in specs/{index.catalog.name}/sandbox.yaml and run: toolpress generate",
        )
    known = next((seeded for seeded in seeded_keys(index) if seeded.key == key), None)
    return known.credential(index.catalog) if known else Credential(key)


def seeded_keys(index: CatalogIndex) -> list[SeededKey]:
    """The keys of the seed data: every row with a `role` and a `key_hash: {$hash: KEY}`, tenant by tenant."""
    seed = _data(index).get("seed")
    found: list[SeededKey] = []
    for tenant, collections in (seed if isinstance(seed, dict) else {}).items():
        rows = [row for rows in collections.values() if isinstance(rows, list) for row in rows]
        for row in rows:
            hashed = lookup(row, "key_hash.$hash")
            if isinstance(hashed, str):
                found.append(SeededKey(hashed, str(row.get("role")), tenant, row.get("status", "active") == "active"))
    return found


def _data(index: CatalogIndex) -> dict[str, Any]:
    data = index.sandbox.get("data")
    return data if isinstance(data, dict) else {}
