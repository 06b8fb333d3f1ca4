"""`toolpress doctor`: one line per check, each failure with its fix."""

from __future__ import annotations

import argparse
import asyncio
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from toolpress import credentials, request
from toolpress.catalog import CatalogIndex, find_catalog, installed
from toolpress.cli import exits
from toolpress.cli.listening import listen
from toolpress.client import Client
from toolpress.contract import Catalog, Tenancy
from toolpress.errors import (
    ConfigurationError,
    ToolpressError,
    UpstreamTimeout,
    UpstreamUnavailable,
    UpstreamUnresolved,
)
from toolpress.principal import Credential, Principal
from toolpress.settings import Settings, base_url_override, load_settings
from toolpress.tenancy import host_of, missing_tenant, unknown_tenant
from toolpress.whoami import identity_operation, whoami

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
        tenant = environment.get(catalog.tenancy.environment)
        named = _tenant(catalog, catalog.tenancy, environment)
        yield named
        if not named.good:
            return
    reached = _reach(catalog, address, tenant)
    yield reached
    yield _key(catalog, address, environment, reachable=reached.good is True)


def _port(settings: Settings) -> Finding:
    try:
        listen(settings.host, settings.port).close()
    except ConfigurationError as error:
        return _failed("port", error)
    return Finding("port", True, f"{settings.host}:{settings.port} is free")


def _tenant(catalog: Catalog, tenancy: Tenancy, environment: Mapping[str, str]) -> Finding:
    """Without a tenant there is no host to ask; who has no token either may well serve callers that name theirs."""
    what = f"{catalog.name} tenant"
    if not environment.get(tenancy.environment):
        if environment.get(catalog.authentication.environment):
            return _failed(what, missing_tenant(f"Give --tenant, or set {tenancy.environment}."))
        return Finding(what, None, f"{tenancy.environment} is not set; HTTP callers name theirs; --tenant checks one")
    try:
        tenant = credentials.environment_tenant(environment, tenancy)
    except ToolpressError as error:
        return _failed(what, error)
    return Finding(what, True, f"{tenant} is spelt like a subdomain")


def _reach(catalog: Catalog, base_url: str, tenant: str | None) -> Finding:
    """Any answer counts but that of a host without its tenant: is the way open that calls take?"""
    what, address = f"{catalog.name} upstream", host_of(base_url, tenant)
    try:
        status = asyncio.run(_status(catalog, address))
    except (UpstreamUnavailable, UpstreamTimeout) as error:
        if tenant is not None and isinstance(error, UpstreamUnresolved):
            text = f"{address} does not resolve: there is no such tenant, or this machine is offline"
            return Finding(what, False, text, unknown_tenant(address, "does not resolve").fix)
        why = str(error.__cause__) or error.message
        fix = f"Check the network, a proxy, or TOOLPRESS_{catalog.name.upper()}_BASE_URL; offline use --sandbox."
        return Finding(what, False, f"{address} does not answer: {why}", fix)
    except ToolpressError as error:
        return _failed(what, error)
    if tenant is not None and status == 404:
        return _failed(what, unknown_tenant(address, "answered 404"))
    return Finding(what, True, f"{address} answers ({status})")


async def _status(catalog: Catalog, address: str) -> int:
    """The status of the cheapest call there is, sent without a key."""
    asked = request.build(identity_operation(catalog), dict(catalog.authentication.identity.arguments))
    async with Client(catalog, base_url=address) as client:
        answer = await client.upstream.send(asked, headers={}, effect="execute", timeout_s=_REACH_TIMEOUT_S)
        return answer.status


def _key(catalog: Catalog, address: str, environment: Mapping[str, str], *, reachable: bool) -> Finding:
    what, variable = f"{catalog.name} key", catalog.authentication.environment
    key = environment.get(variable)
    if not key:
        return Finding(what, None, f"{variable} is not set; HTTP callers bring their own")
    if catalog.authentication.oauth and _minted(key):
        return Finding(
            what,
            False,
            f"{variable} holds an OAuth token that a Toolpress server minted, not an API token of {catalog.title}",
            "Put the API token there. An access token goes to the server that minted it, which renews it too.",
        )
    try:
        credential = credentials.from_environment(environment, catalog)
        if not reachable:
            return Finding(what, None, f"{variable} looks right; the upstream could not be asked")
        principal = asyncio.run(_ask(catalog, address, credential))
    except ToolpressError as error:
        return _failed(what, error)
    if catalog.authentication.identity.role is None:
        text = f"{variable} is good in tenant {principal.tenant}; what it may do, only calls show"
    else:
        text = f"{variable} is a key of role {principal.role} in tenant {principal.tenant}"
    return Finding(what, True, text)


def _minted(key: str) -> bool:
    from toolpress.oauth.tokens import kind_of

    return kind_of(key) is not None


async def _ask(catalog: Catalog, address: str, credential: Credential) -> Principal:
    async with Client(catalog, base_url=address) as client:
        return await whoami(client, credential)


def _failed(what: str, error: ToolpressError) -> Finding:
    return Finding(what, False, error.message, error.fix)
