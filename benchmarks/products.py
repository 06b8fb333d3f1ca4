"""The project's own catalogues, on the bare upstream."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass

from benchmarks.processes import SERVER_CORE, Running, free_port, started
from benchmarks.wire import Endpoint
from toolpress.catalog import CatalogIndex, find_catalog, installed
from toolpress.credentials import calling
from toolpress.embedded import default_credential


@dataclass(frozen=True)
class Product:
    """A catalogue with a key that the bare upstream accepts, as it does any."""

    name: str
    tools: int
    env: dict[str, str]
    headers: tuple[str, ...]


@dataclass(frozen=True)
class Served:
    running: Running
    endpoints: tuple[Endpoint, ...]


def products(upstream: str) -> list[Product]:
    return [_product(name, upstream) for name in installed()]


def _product(name: str, upstream: str) -> Product:
    catalog = find_catalog(name)
    credential = default_credential(CatalogIndex(catalog))
    env = {f"TOOLPRESS_{name.upper()}_BASE_URL": upstream, catalog.authentication.environment: credential.key}
    if catalog.tenancy:
        env[catalog.tenancy.environment] = str(credential.tenant)
    headers = tuple(f"{header}: {value}" for header, value in calling(credential, catalog).items())
    return Product(name, len(catalog.tools), env, headers)


def serve(stack: ExitStack, chosen: Sequence[Product]) -> Served:
    """One process over HTTP with these catalogues."""
    port = free_port()
    command = [sys.executable, "-m", "toolpress", "serve", *(each.name for each in chosen), "--port", str(port)]
    env = {name: value for each in chosen for name, value in each.env.items()}
    paths = ["/mcp"] if len(chosen) == 1 else [f"/{each.name}/mcp" for each in chosen]
    return Served(
        stack.enter_context(started(command, SERVER_CORE, env)),
        tuple(
            Endpoint(f"http://127.0.0.1:{port}{path}", "modern", each.headers)
            for path, each in zip(paths, chosen, strict=True)
        ),
    )
