"""The URLs of one authorization server, as its clients see them.

They come from the public URL in the settings. Without it they come from the request, but only when that was sent to a
loopback host: any other Host header is the sender's word, and an issuer that anybody can name is none. A server that
others reach, behind a proxy or not, therefore needs `TOOLPRESS_PUBLIC_URL`; so does one mounted below another
application, which adds a path of its own.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import urlsplit

from fastmcp.server.auth.redirect_validation import is_loopback_host
from starlette.datastructures import Headers
from starlette.types import Scope

from toolpress.errors import ConfigurationError

_HOST = re.compile(r"(\[[0-9a-f:.]+\]|[a-z0-9.-]+)(:[0-9]{1,5})?")
_PATH = re.compile(r"(/[A-Za-z0-9._~-]+)*")
_PORTS = {"http": 80, "https": 443}

METADATA = "/.well-known/oauth-authorization-server"
RESOURCE_METADATA = "/.well-known/oauth-protected-resource"
AUTHORIZE, TOKEN, REGISTER, REVOKE = "/oauth/authorize", "/oauth/token", "/oauth/register", "/oauth/revoke"


@dataclass(frozen=True, slots=True)
class Addresses:
    """`path` is everything between the host and our endpoints: that of the public URL, then the mount prefix."""

    origin: str
    path: str
    mcp_path: str

    @property
    def issuer(self) -> str:
        return self.origin + self.path

    @property
    def resource(self) -> str:
        return self.issuer + self.mcp_path

    @property
    def resource_metadata(self) -> str:
        """RFC 9728 3.1: the path of the resource comes behind the well-known part."""
        return f"{self.origin}{RESOURCE_METADATA}{self.path}{self.mcp_path}"

    def endpoint(self, path: str) -> str:
        return self.issuer + path


def public_addresses(public_url: str, prefix: str, mcp_path: str) -> Addresses:
    """The addresses below a configured URL.

    Raises:
        ConfigurationError: It is not https (http for loopback hosts), or has more than a host and a path.
    """
    try:
        url = urlsplit(public_url)
        whole = f"{url.scheme}://{url.netloc}{url.path}" == public_url
        good = whole and _HOST.fullmatch(url.netloc) and _PATH.fullmatch(url.path.rstrip("/")) and url.port != 0
    except ValueError:
        good = False
    if not good or not (url.scheme == "https" or (url.scheme == "http" and is_loopback_host(url.hostname))):
        raise ConfigurationError(
            "The public URL must be https://host[:port][/path], in lower case; http is for loopback hosts alone.",
            fix="Set TOOLPRESS_PUBLIC_URL, for example https://tools.example.com",
        )
    return Addresses(f"{url.scheme}://{url.netloc}", url.path.rstrip("/") + prefix, mcp_path)


def request_addresses(scope: Scope, prefix: str, mcp_path: str) -> Addresses | None:
    """The addresses as the request names them, if it was sent to a loopback host."""
    host = Headers(scope=scope).get("host", "").lower()
    found = _HOST.fullmatch(host)
    if found is None or not is_loopback_host(found[1]):
        return None
    return Addresses(f"{scope['scheme']}://{host}", prefix, mcp_path)


def same_url(one: str, other: str) -> bool:
    """Whether two URLs without fragment are the same but for case of scheme and host, default port and last slash."""
    try:
        return _normal(one) == _normal(other)
    except ValueError:
        return False


def _normal(text: str) -> tuple[str, str, int | None, str, str]:
    url = urlsplit(text)
    if url.fragment or "@" in url.netloc:
        raise ValueError
    return url.scheme, url.hostname or "", url.port or _PORTS.get(url.scheme), url.path.rstrip("/"), url.query
