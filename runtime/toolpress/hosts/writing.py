"""A server in the words of a host: as an entry, and as the text of a file."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from toolpress import credentials
from toolpress.contract import Catalog, JsonObject
from toolpress.errors import InvalidArguments
from toolpress.hosts.known import Host
from toolpress.principal import Credential
from toolpress.proxy.settings import checked_url, variables

KEY, TENANT = "YOUR_API_KEY", "YOUR_TENANT"
"""What stands for a key or a tenant that was not given."""
_BARE = re.compile(r"[A-Za-z0-9_-]+")


def started(host: Host, catalog: Catalog, *, key: str | None, tenant: str | None, url: str | None) -> JsonObject:
    """The entry with which the host starts our proxy."""
    environment = {catalog.authentication.environment: key or KEY}
    if catalog.tenancy is not None:
        environment[catalog.tenancy.environment] = tenant or TENANT
    if url:
        environment[variables(catalog).url] = checked_url(url, "--url")
    command, *arguments = [*program(), "proxy", catalog.name]
    kind = {"type": "stdio"} if host.says_type else {}
    return {**kind, "command": command, "args": arguments, "env": environment}


def connected(host: Host, catalog: Catalog, *, key: str | None, tenant: str | None, url: str | None) -> JsonObject:
    """The entry with which the host connects over HTTP.

    Raises:
        InvalidArguments: Its file cannot say that, or there is no URL.
    """
    address = url or catalog.mcp_url
    if not host.url:
        raise InvalidArguments(
            f"The file of {host.title} only starts programs.",
            fix="Leave --http out: the proxy connects; or add the server in the settings, as a connector.",
        )
    if not address:
        raise InvalidArguments(f"Where is the MCP server of {catalog.title}?", fix="Give --url.")
    headers = credentials.calling(Credential(key or KEY, tenant or TENANT), catalog)
    kind = {"type": "http"} if host.says_type else {}
    return {**kind, host.url[0]: checked_url(address, "--url"), host.headers: headers}


def program() -> tuple[str, ...]:
    """How to start this very installation: a host knows nothing of a shell's search path."""
    suffix = ".exe" if sys.platform == "win32" else ""
    script = Path(sys.executable).with_name(f"toolpress{suffix}")
    return (str(script),) if script.exists() else (sys.executable, "-m", "toolpress")


def text_of(host: Host, name: str, entry: JsonObject) -> str:
    """The whole file with this one server."""
    if host.toml:
        return _tables((host.root, name), entry)
    return json.dumps({host.root: {name: entry}}, indent=2, ensure_ascii=False) + "\n"


def _tables(path: tuple[str, ...], members: Mapping[str, Any]) -> str:
    plain = [f"{_key(name)} = {_value(value)}\n" for name, value in members.items() if not isinstance(value, dict)]
    inner = [_tables((*path, name), value) for name, value in members.items() if isinstance(value, dict)]
    return "\n".join([f"[{'.'.join(map(_key, path))}]\n" + "".join(plain), *inner])


def _key(name: str) -> str:
    return name if _BARE.fullmatch(name) else _value(name)


def _value(value: Any) -> str:
    """JSON's way of writing strings, numbers, booleans and arrays of them is also TOML's."""
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
