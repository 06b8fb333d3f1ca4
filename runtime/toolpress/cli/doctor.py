"""`toolpress doctor`: one line per check, each failure with its fix."""

from __future__ import annotations

import argparse
import asyncio
import os
import socket
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import httpx

from toolpress import credentials
from toolpress.catalog import CatalogIndex, find_catalog, installed
from toolpress.cli import exits
from toolpress.client import Client
from toolpress.contract import Catalog
from toolpress.errors import ConfigurationError, ToolpressError
from toolpress.principal import Credential
from toolpress.settings import Settings, base_url_override, load_settings
from toolpress.tenancy import host_of
from toolpress.upstream import resolved
from toolpress.whoami import whoami

_REACH_TIMEOUT_S = 10.0


@dataclass(frozen=True, slots=True)
class Finding:
    """The result of a check; `good` is None when it could not be made and need not be."""

    what: str
    good: bool | None
    text: str
    fix: str | None = None


def run(args: argparse.Namespace) -> int:
    findings = list(_findings(args))
    for finding in findings:
        mark = {True: "ok", False: "FAIL", None: "skip"}[finding.good]
        print(f"{mark:4}  {finding.what}: {finding.text}")
        if finding.fix and finding.good is False:
            print(f"      fix: {finding.fix}")
    broken = sum(finding.good is False for finding in findings)
    print("nothing is broken" if not broken else f"{broken} broken")
    return exits.FOUND if broken else exits.OK


def _findings(args: argparse.Namespace) -> Iterator[Finding]:
    try:
        settings = load_settings(host=args.host, port=args.port)
    except ConfigurationError as error:
        yield _failed("settings", error)
        return
    yield Finding("settings", True, f"serve would listen on {settings.host}:{settings.port}")
    yield _port(settings)
    names = [args.catalog] if args.catalog else list(installed())
    if not names:
        yield Finding(
            "catalogues", False, "none is installed", "Install a package with the entry point group toolpress.catalogs."
        )
    for name in names:
        yield from _catalog(name, args)


def _catalog(name: str, args: argparse.Namespace) -> Iterator[Finding]:
    try:
        catalog = find_catalog(name)
        index = CatalogIndex(catalog)
        for tool in index.tools:
            index.listing(tool.name)
            index.operation(tool)
    except ToolpressError as error:
        yield _failed(name, error)
        return
    yield Finding(name, True, f"{len(index.tools)} tools, version {catalog.version}")
    address = args.base_url or base_url_override(name) or catalog.base_url
    environment = dict(os.environ)
    if catalog.tenancy is not None:
        if args.tenant:
            environment[catalog.tenancy.environment] = args.tenant
        try:
            tenant = credentials.environment_tenant(environment, catalog.tenancy)
        except ToolpressError as error:
            yield _failed(f"{name} tenant", error)
            return
        yield Finding(f"{name} tenant", True, f"{tenant} is a subdomain, its upstream is {host_of(address, tenant)}")
        reached = _reach(name, host_of(address, tenant))
    else:
        reached = _reach(name, address)
    yield reached
    yield _key(catalog, address, environment, reachable=reached.good is True)


def _port(settings: Settings) -> Finding:
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    try:
        socket.create_server((settings.host, settings.port), family=family).close()
    except OSError as error:
        text = f"{settings.host}:{settings.port} is not free: {os.strerror(error.errno) if error.errno else error}"
        return Finding("port", False, text, "Stop what uses it, or set TOOLPRESS_PORT or --port.")
    return Finding("port", True, f"{settings.host}:{settings.port} is free")


def _reach(name: str, address: str) -> Finding:
    """Any HTTP answer counts: the question is whether the way there is open."""
    what = f"{name} upstream"
    try:
        target, host = resolved(address)
        answer = httpx.get(target, headers=host, timeout=_REACH_TIMEOUT_S, follow_redirects=False)
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        fix = f"Check the network, a proxy, or TOOLPRESS_{name.upper()}_BASE_URL; without network use --sandbox."
        return Finding(what, False, f"{address} does not answer: {error or type(error).__name__}", fix)
    return Finding(what, True, f"{address} answers ({answer.status_code})")


def _key(catalog: Catalog, address: str, environment: Mapping[str, str], *, reachable: bool) -> Finding:
    what, variable = f"{catalog.name} key", catalog.authentication.environment
    if not environment.get(variable):
        return Finding(what, None, f"{variable} is not set; HTTP callers bring their own")
    try:
        credential = credentials.from_environment(environment, catalog)
        if not reachable:
            return Finding(what, None, f"{variable} looks right; the upstream could not be asked")
        principal = asyncio.run(_ask(catalog, address, credential))
    except ToolpressError as error:
        return _failed(what, error)
    return Finding(what, True, f"{variable} is a key of role {principal[0]} in tenant {principal[1]}")


async def _ask(catalog: Catalog, address: str, credential: Credential) -> tuple[str, str]:
    async with Client(catalog, base_url=address) as client:
        principal = await whoami(client, credential)
        return principal.role, principal.tenant


def _failed(what: str, error: ToolpressError) -> Finding:
    return Finding(what, False, error.message, error.fix)
