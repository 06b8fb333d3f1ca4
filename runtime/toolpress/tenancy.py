"""Tenants that are hosts: what may stand in the place of `{tenant}` in a base URL.

A tenant is one DNS label in lower case (RFC 1035 2.3.1, digits first allowed by RFC 1123 2.1). Nothing else is let
through, so no text of a caller can name another host, port, path or user. Upper case is refused, not folded: one
tenant has one spelling in caches, limits and logs.
"""

from __future__ import annotations

import re

from toolpress.errors import INVALID_TENANT, MISSING_TENANT, UNKNOWN_TENANT, Unauthenticated

PLACEHOLDER = "{tenant}"
_LABEL = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?")


def checked_tenant(text: str) -> str:
    """The tenant itself.

    Raises:
        Unauthenticated: It is no label; the message does not repeat it.
    """
    if not _LABEL.fullmatch(text):
        raise Unauthenticated(
            "The tenant is not a subdomain.",
            code=INVALID_TENANT,
            fix="Send the first label of the workspace's host: 1 to 63 of a-z, 0-9 and -, in lower case.",
            outcome="not_sent",
        )
    return text


def missing_tenant(fix: str) -> Unauthenticated:
    """`fix` says how a tenant is named here."""
    return Unauthenticated("Missing tenant context.", code=MISSING_TENANT, fix=fix, outcome="not_sent")


def unknown_tenant(base_url: str, symptom: str) -> Unauthenticated:
    """`symptom` is how the upstream showed that it has no such tenant: "does not resolve", "answered 404"."""
    return Unauthenticated(
        f"The upstream {symptom}: there is no such tenant.",
        code=UNKNOWN_TENANT,
        fix=f"Check the spelling of the subdomain: does {base_url} resolve?",
        status=404,
    )


def host_of(base_url: str, tenant: str | None) -> str:
    """The base URL with its tenant."""
    return base_url.replace(PLACEHOLDER, tenant) if tenant is not None else base_url
