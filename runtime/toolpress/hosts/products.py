"""What is wrong with an entry for a product that we know: its key, its tenant, the variables of the proxy."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import PurePath
from typing import Any

from toolpress import credentials
from toolpress.contract import Catalog
from toolpress.errors import ToolpressError
from toolpress.hosts.known import Host
from toolpress.hosts.reading import Where
from toolpress.hosts.writing import KEY, TENANT
from toolpress.proxy.settings import checked_url, variables
from toolpress.tenancy import checked_tenant

_PROGRAM, _COMMAND = "toolpress", "proxy"


@dataclass(frozen=True, slots=True)
class Found:
    """A fault at a member of the file."""

    where: Where
    expected: str
    fix: str


def of_product(host: Host, where: Where, entry: dict[str, Any], catalogs: dict[str, Catalog]) -> Iterator[Found]:
    """Faults of a well-formed entry, if it starts our proxy or connects to a product's own address."""
    if "command" in entry:
        words = [PurePath(entry["command"]).stem, *entry.get("args", [])]
        if _PROGRAM in words and _COMMAND in words:
            place = words.index(_COMMAND)
            yield from _of_proxy(where, entry, words[place + 1 :], place, catalogs)
        return
    address = next(entry[word] for word in host.url if word in entry)
    catalog = next((known for known in catalogs.values() if known.mcp_url and known.mcp_url == address), None)
    if catalog is not None:
        yield from _of_headers((*where, host.headers), entry, host, catalog)


def _of_proxy(
    where: Where, entry: dict[str, Any], words: list[str], place: int, catalogs: dict[str, Catalog]
) -> Iterator[Found]:
    name = words[0] if words and not words[0].startswith("-") else None
    if name is None:
        if "--url" not in words and not any(word.startswith("--url=") for word in words):
            yield Found((*where, "args"), "a catalogue or --url is expected", f"add one of: {', '.join(catalogs)}")
        return
    catalog = catalogs.get(name)
    if catalog is None:
        if ":" not in name:  # module:ATTR names one that is not installed
            near = get_close_matches(name, catalogs, n=1) or list(catalogs)
            yield Found(
                (*where, "args", str(place)), "an installed catalogue is expected", f"write {' or '.join(near)}"
            )
        return
    yield from _of_variables((*where, "env"), entry, catalog)


def _of_variables(where: Where, entry: dict[str, Any], catalog: Catalog) -> Iterator[Found]:
    environment: dict[str, str] = entry.get("env", {})
    passed: list[str] = entry.get("env_vars", [])
    tenancy, names = catalog.tenancy, variables(catalog)
    needed = [catalog.authentication.environment, *([tenancy.environment] if tenancy else [])]
    for name in needed:
        if name not in environment and name not in passed:
            yield Found(where, f"{name} is expected", f"add it, or set it where {catalog.title}'s host is started")
    for name, value in environment.items():
        if "${" in value:
            continue
        at = (*where, name)
        if name == catalog.authentication.environment:
            yield from _of_key(at, value, catalog)
        elif tenancy is not None and name == tenancy.environment:
            yield from _of_tenant(at, value)
        elif name == names.timeout_ms and not value.strip().isdigit():
            yield Found(at, "a number of milliseconds is expected", "write 300000 for five minutes")
        elif name == names.url:
            try:
                checked_url(value, name)
            except ToolpressError as error:
                yield Found(at, "an address with http:// or https:// is expected", str(error.fix))


def _of_headers(where: Where, entry: dict[str, Any], host: Host, catalog: Catalog) -> Iterator[Found]:
    headers: dict[str, str] = entry.get(host.headers, {})
    elsewhere = any(word in entry for word in host.others if "token" in word or "header" in word.lower())
    if elsewhere or any("${" in value for value in headers.values()):
        return
    raw = [(name.encode("utf-8"), value.encode("utf-8")) for name, value in headers.items()]
    try:
        key = credentials.key_in(raw, catalog.authentication)
    except ToolpressError as error:
        yield Found(where, "one header with the key is expected", str(error.fix))
    else:
        yield from _of_key(where, key, catalog)
    if catalog.tenancy is None:
        return
    tenants = [name for name in headers if name.lower() == catalog.tenancy.header.lower()]
    if not tenants:
        yield Found(where, f"{catalog.tenancy.header} is expected", "add it, with the first label of the host")
    for name in tenants:
        yield from _of_tenant((*where, name), headers[name])


def _of_key(where: Where, key: str, catalog: Catalog) -> Iterator[Found]:
    if key == KEY:
        yield Found(where, "an API key is expected", f"put your key in place of {KEY}")
        return
    try:
        credentials.checked(key, catalog.authentication)
    except ToolpressError as error:
        yield Found(where, f"an API key of {catalog.title} is expected", str(error.fix))


def _of_tenant(where: Where, tenant: str) -> Iterator[Found]:
    try:
        if tenant == TENANT:
            yield Found(where, "a tenant is expected", f"put your tenant in place of {TENANT}")
        else:
            checked_tenant(tenant)
    except ToolpressError as error:
        yield Found(where, "a tenant is expected", str(error.fix))
