"""Find the caller's key and tenant; nothing here keeps or prints one."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from toolpress.contract import Authentication, Catalog, Tenancy
from toolpress.errors import INVALID_API_KEY, INVALID_TENANT, MISSING_API_KEY, Unauthenticated
from toolpress.principal import Credential
from toolpress.tenancy import checked_tenant, missing_tenant

_KEY = re.compile(r"[\x21-\x7e]{1,512}")

RawHeaders = Iterable[tuple[bytes, bytes]]


def from_headers(headers: RawHeaders, catalog: Catalog) -> Credential:
    """The credential of a request, from raw ASGI headers.

    Raises:
        Unauthenticated: None came, several differ, or it is none of this product.
    """
    listed = list(headers)
    key = key_in(listed, catalog.authentication)
    return Credential(checked(key, catalog.authentication), _required(tenant_in(listed, catalog.tenancy), catalog))


def key_in(headers: RawHeaders, rules: Authentication) -> str:
    """The one key that the headers carry, as it came.

    Raises:
        Unauthenticated: None came (MISSING_API_KEY), or several differ.
    """
    found = list(dict.fromkeys(_candidates(list(headers), rules)))
    if not found:
        raise _missing(rules)
    if len(found) > 1:
        raise Unauthenticated(
            "The request carries two different API keys.", fix=f"Send one of: {_ways(rules)}.", code=INVALID_API_KEY
        )
    return found[0]


def tenant_in(headers: RawHeaders, tenancy: Tenancy | None) -> str | None:
    """The one tenant that the headers name, or None.

    Raises:
        Unauthenticated: Several differ, or it is no label.
    """
    if tenancy is None:
        return None
    name = tenancy.header.lower().encode("ascii")
    found = list(dict.fromkeys(raw.decode("latin-1") for header, raw in headers if header.lower() == name))
    if len(found) > 1:
        raise Unauthenticated(
            "The request names two different tenants.", fix=f"Send {tenancy.header} once.", code=INVALID_TENANT
        )
    return checked_tenant(found[0].strip(" \t")) if found else None


def from_environment(environment: Mapping[str, str], catalog: Catalog) -> Credential:
    """The credential of a process, for stdio and the command line; raises like `from_headers`."""
    rules, tenancy = catalog.authentication, catalog.tenancy
    text = environment.get(rules.environment, "").strip()
    if not text:
        raise Unauthenticated(
            "No API key is set.", code=MISSING_API_KEY, fix=f"Set the environment variable {rules.environment}."
        )
    return Credential(checked(text, rules), environment_tenant(environment, tenancy))


def environment_tenant(environment: Mapping[str, str], tenancy: Tenancy | None) -> str | None:
    """The tenant of a process; None where the product has none."""
    if tenancy is None:
        return None
    text = environment.get(tenancy.environment, "").strip()
    if not text:
        raise missing_tenant(f"Set the environment variable {tenancy.environment}.")
    return checked_tenant(text)


def checked(key: str, rules: Authentication) -> str:
    """The key itself when it looks like one of this product."""
    if not _KEY.fullmatch(key) or (rules.prefixes and not key.startswith(rules.prefixes)):
        prefixes = ", ".join(rules.prefixes)
        fix = f"Use a key that starts with one of: {prefixes}." if prefixes else "Use a key without blanks."
        raise Unauthenticated("The API key is malformed.", code=INVALID_API_KEY, fix=fix)
    return key


def sending(key: str, rules: Authentication) -> tuple[str, str]:
    """The header, name and value, that carries the key upstream."""
    scheme = f"{rules.send.scheme} " if rules.send.scheme else ""
    return rules.send.header, scheme + key


def calling(credential: Credential, catalog: Catalog) -> dict[str, str]:
    """The headers with which a client of our own server presents the credential."""
    name, value = sending(credential.key, catalog.authentication)
    headers = {name: value}
    if catalog.tenancy is not None and credential.tenant is not None:
        headers[catalog.tenancy.header] = credential.tenant
    return headers


def _required(tenant: str | None, catalog: Catalog) -> str | None:
    if tenant is None and catalog.tenancy is not None:
        raise missing_tenant(f"Send {catalog.tenancy.header}: <tenant> with the API key.")
    return tenant


def _missing(rules: Authentication) -> Unauthenticated:
    return Unauthenticated("The request carries no API key.", code=MISSING_API_KEY, fix=f"Send one of: {_ways(rules)}.")


def _candidates(headers: list[tuple[bytes, bytes]], rules: Authentication) -> Iterable[str]:
    for way in rules.accept:
        name = way.header.lower().encode("ascii")
        for header, raw in headers:
            value = raw.decode("latin-1").strip()
            if header.lower() != name or not value:
                continue
            if not way.scheme:
                yield value
                continue
            scheme, _, rest = value.partition(" ")
            if scheme.lower() == way.scheme.lower() and rest.strip():
                yield rest.strip()


def _ways(rules: Authentication) -> str:
    return " or ".join(f"{way.header}: {way.scheme + ' ' if way.scheme else ''}<key>" for way in rules.accept)
