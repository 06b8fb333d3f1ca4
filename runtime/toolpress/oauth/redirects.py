"""Redirect URIs: which may be registered, which match, and how they are shown and used.

A URI must be equal to a registered one, character for character; on a loopback host alone the port is free
(RFC 8252 7.3), since an application on the person's machine listens where it can.
"""

from __future__ import annotations

import re
from typing import Literal
from urllib.parse import SplitResult, parse_qsl, urlencode, urlsplit

from fastmcp.server.auth.redirect_validation import is_loopback_host, is_redirect_uri_allowed_for_application_type

_URI = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:[A-Za-z0-9._~:/?\[\]@!$&'()*+,;=%-]+")
"""RFC 3986 without a fragment: no blank, quote, backslash or bracket that a browser might read differently."""

_HOST = re.compile(r"\[[0-9a-fA-F:.]+\]|[A-Za-z0-9.-]+")
_MAX_LENGTH = 512
_RESPONSE_NAMES = {"code", "state", "iss", "error", "error_description", "error_uri"}

ApplicationType = Literal["web", "native"]


def usable(uri: str, application_type: ApplicationType | None = None) -> bool:
    """Whether a browser may be sent there at all: https, http to this machine, or an application's own scheme."""
    url = _split(uri)
    if url is None or not is_redirect_uri_allowed_for_application_type(uri, application_type):
        return False
    if url.scheme in ("http", "https") and not _HOST.fullmatch(_bare_host(url)):
        return False
    return not _RESPONSE_NAMES & {name for name, _ in parse_qsl(url.query, keep_blank_values=True)}


def usable_unregistered(uri: str) -> bool:
    """Whether it may be used by a client that registered none: an application's own scheme may not."""
    return usable(uri) and urlsplit(uri).scheme in ("http", "https")


def matches(uri: str, registered: str) -> bool:
    """Whether the URI of a request is the registered one."""
    if uri == registered:
        return True
    one, other = _split(uri), _split(registered)
    if one is None or other is None or one.scheme != "http" or not is_loopback_host(other.hostname):
        return False
    return one._replace(netloc=_bare_host(one)) == other._replace(netloc=_bare_host(other))


def place(uri: str) -> str:
    """Where the browser will go, in words for a person."""
    url = urlsplit(uri)
    if url.scheme not in ("http", "https"):
        return f"an application on your device ({url.scheme}:)"
    if is_loopback_host(url.hostname):
        return f"an application on your device ({url.netloc})"
    return url.netloc


def policy_source(uri: str) -> str:
    """The URI as a source of a content security policy; that language has no words for IPv6."""
    url = urlsplit(uri)
    if url.scheme in ("http", "https") and not url.netloc.startswith("["):
        return f"{url.scheme}://{url.netloc}"
    return f"{url.scheme}:"


def with_response(uri: str, response: dict[str, str | None]) -> str:
    """The URI with the parameters of a response that are not None; what it has already stays as it is."""
    query = urlencode({name: value for name, value in response.items() if value is not None})
    return f"{uri}{'&' if '?' in uri else '?'}{query}"


def _split(uri: str) -> SplitResult | None:
    if len(uri) > _MAX_LENGTH or not _URI.fullmatch(uri):
        return None
    try:
        url = urlsplit(uri)
        _ = url.port
    except ValueError:
        return None
    return None if "@" in url.netloc else url


def _bare_host(url: SplitResult) -> str:
    """The host as written, without its port."""
    return re.sub(r":[0-9]*$", "", url.netloc)
