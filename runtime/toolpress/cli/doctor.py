"""`toolpress doctor`: one line per check, each failure with its fix."""

from __future__ import annotations

import argparse
import asyncio
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from toolpress import credentials
from toolpress.catalog import CatalogIndex, find_catalog, installed
from toolpress.cli import exits
from toolpress.cli.listening import listen
from toolpress.client import Client
from toolpress.contract import Catalog
from toolpress.errors import ConfigurationError, ToolpressError, UpstreamTimeout, UpstreamUnavailable
from toolpress.principal import Credential
from toolpress.request import UpstreamRequest
from toolpress.settings import Settings, base_url_override, load_settings
from toolpress.tenancy import host_of
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
        yield from _catalog(name, args, settings)


def _catalog(name: str, args: argparse.Namespace, settings: Settings) -> Iterator[Finding]:
    try:
        catalog = find_catalog(name)
        index = CatalogIndex(catalog)
        for tool in index.tools:
            index.listing(tool.name)
            index.operation(tool)
    except ToolpressError as error:
        yield _failed(name, error)
        return
    yield Finding(catalog.name, True, f"{len(index.tools)} tools, version {catalog.version}")
    if settings.sandbox:
        yield Finding(f"{catalog.name} upstream", None, "TOOLPRESS_SANDBOX is set, the sandbox answers instead")
        return
    address = args.base_url or base_url_override(catalog.name) or catalog.base_url
    environment = dict(os.environ)
    tenant: str | None = None
    if catalog.tenancy is not None:
        environment |= {catalog.tenancy.environment: args.tenant} if args.tenant else {}
        try:
            tenant = credentials.environment_tenant(environment, catalog.tenancy)
        except ToolpressError as error:
            yield _failed(f"{catalog.name} tenant", error)
            return
        yield Finding(f"{catalog.name} tenant", True, f"{tenant} may be a subdomain")
    reached = _reach(catalog, host_of(address, tenant))
    yield reached
    yield _key(catalog, address, environment, reachable=reached.good is True)


def _port(settings: Settings) -> Finding:
    try:
        listen(settings.host, settings.port).close()
    except ConfigurationError as error:
        return _failed("port", error)
    return Finding("port", True, f"{settings.host}:{settings.port} is free")


def _reach(catalog: Catalog, address: str) -> Finding:
    """Any HTTP answer counts: the question is whether the way there, the one that calls take, is open."""
    what = f"{catalog.name} upstream"
    try:
        status = asyncio.run(_status(catalog, address))
    except (UpstreamUnavailable, UpstreamTimeout) as error:
        why = str(error.__cause__) or error.message
        fix = f"Check the network, a proxy, or TOOLPRESS_{catalog.name.upper()}_BASE_URL; offline use --sandbox."
        return Finding(what, False, f"{address} does not answer: {why}", fix)
    except ToolpressError as error:
        return _failed(what, error)
    return Finding(what, True, f"{address} answers ({status})")


async def _status(catalog: Catalog, address: str) -> int:
    async with Client(catalog, base_url=address) as client:
        request = UpstreamRequest("GET", "")
        answer = await client.upstream.send(request, headers={}, effect="execute", timeout_s=_REACH_TIMEOUT_S)
        return answer.status


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
