"""What the proxy is to do, from the words of its command line, the environment and the facts of a catalogue."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from string import Template
from urllib.parse import urlsplit

from toolpress import credentials
from toolpress.contract import Catalog, Identity
from toolpress.errors import MISSING_API_KEY, ConfigurationError, InvalidArguments, Unauthenticated

DEFAULT_TIMEOUT_S, MIN_TIMEOUT_S, MAX_TIMEOUT_S = 300.0, 1.0, 1800.0
"""The default lies above the server's own limits of a turn, so that its answer to one that took too long gets here."""
KEEPALIVE_S = 30.0
_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_VALUE = re.compile(r"[\x20-\x7e\x80-\xff]+")


@dataclass(frozen=True, slots=True)
class ProxySettings:
    """One run of the proxy. `secrets` are the texts that must not be printed."""

    title: str
    url: str
    headers: Mapping[str, str] = field(repr=False)
    secrets: tuple[str, ...] = field(repr=False)
    call_timeout_s: float = DEFAULT_TIMEOUT_S
    keepalive_s: float = KEEPALIVE_S
    timeout_words: str = "--timeout (seconds)"
    """What raises the limit of a call."""
    key_words: str = "the header that carries the key"
    """Where the key comes from."""
    url_words: str = "--url"
    identity: Identity | None = None
    """The tool that says whose the key is, where it says more than that the key is good."""
    warnings: tuple[str, ...] = ()

    @property
    def shown_url(self) -> str:
        """The address without what may be secret in it."""
        parts = urlsplit(self.url)
        return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"


@dataclass(frozen=True, slots=True)
class Words:
    """What the command line said; None and empty are what it did not."""

    url: str | None = None
    headers: tuple[str, ...] = ()
    timeout_s: float | None = None
    keepalive_s: float | None = None


@dataclass(frozen=True, slots=True)
class Variables:
    """The environment variables of a preset beside the one with the key."""

    url: str
    timeout_ms: str


def variables(catalog: Catalog) -> Variables:
    prefix = catalog.name.upper()
    return Variables(f"{prefix}_MCP_URL", f"{prefix}_MCP_CALL_TIMEOUT_MS")


def preset(catalog: Catalog, words: Words, environment: Mapping[str, str]) -> ProxySettings:
    """The proxy for the product of a catalogue.

    Raises:
        Unauthenticated: The key or the tenant is missing or malformed.
        ConfigurationError: There is no usable URL.
    """
    names = variables(catalog)
    credential = credentials.from_environment(environment, catalog)
    url = words.url or environment.get(names.url, "").strip() or catalog.mcp_url
    if not url:
        raise ConfigurationError(f"Where is the MCP server of {catalog.title}?", fix=f"Set {names.url}, or give --url.")
    url_words = "--url" if words.url else names.url
    timeout_s, warnings = _timeout(words, names.timeout_ms, environment)
    extra = _headers(words.headers, environment)
    rules = catalog.authentication
    identity = rules.identity if rules.identity.role or rules.identity.tenant else None
    return ProxySettings(
        title=catalog.title,
        url=checked_url(url, url_words),
        headers={**credentials.calling(credential, catalog), **extra},
        secrets=(credential.key, *_secrets(extra)),
        call_timeout_s=timeout_s,
        keepalive_s=words.keepalive_s or KEEPALIVE_S,
        timeout_words=f"{names.timeout_ms} (milliseconds) or --timeout (seconds)",
        key_words=rules.environment,
        url_words=url_words,
        identity=identity,
        warnings=warnings,
    )


def anywhere(words: Words, environment: Mapping[str, str]) -> ProxySettings:
    """The proxy for any server: the URL and the headers say it all.

    Raises:
        InvalidArguments: There is no URL, or a header cannot be read.
        Unauthenticated: A header names a variable that is not set.
        ConfigurationError: The URL is none.
    """
    if not words.url:
        raise InvalidArguments("Which server?", fix="Name a catalogue, or give --url.")
    headers = _headers(words.headers, environment)
    timeout_s, warnings = _timeout(words, None, environment)
    url = checked_url(words.url, "--url")
    return ProxySettings(
        title=urlsplit(url).hostname or url,
        url=url,
        headers=headers,
        secrets=_secrets(headers),
        call_timeout_s=timeout_s,
        keepalive_s=words.keepalive_s or KEEPALIVE_S,
        warnings=warnings,
    )


def checked_url(url: str, source: str) -> str:
    """The URL itself; `source` says where it came from. The message repeats no more of it than the scheme."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        parts, port = urlsplit(""), None
    if parts.scheme not in ("http", "https") or not parts.hostname or re.search(r"[\s{}]", url) or port == 0:
        begins = f" ({parts.scheme}:…)" if parts.scheme else ""
        raise ConfigurationError(
            f"{source} is not the address of an MCP server{begins}.",
            fix="Write it as in https://tools.example.com/mcp.",
        )
    return url


def _timeout(words: Words, variable: str | None, environment: Mapping[str, str]) -> tuple[float, tuple[str, ...]]:
    """The limit of a call in seconds, and what to warn of."""
    text = environment.get(variable, "").strip() if variable else ""
    if words.timeout_s is not None:
        return _clamped(words.timeout_s, "--timeout", "seconds", 1)
    if not text:
        return DEFAULT_TIMEOUT_S, ()
    milliseconds = _number(text)
    if milliseconds is None or milliseconds <= 0:
        return DEFAULT_TIMEOUT_S, (f"{variable} is no positive number of milliseconds; {_shown(DEFAULT_TIMEOUT_S)}",)
    return _clamped(milliseconds / 1000, str(variable), "milliseconds", 1000)


def _clamped(seconds: float, source: str, unit: str, scale: int) -> tuple[float, tuple[str, ...]]:
    within = min(max(seconds, MIN_TIMEOUT_S), MAX_TIMEOUT_S)
    if within == seconds:
        return seconds, ()
    bounds = f"{MIN_TIMEOUT_S * scale:g} to {MAX_TIMEOUT_S * scale:.0f}"
    return within, (f"{source} goes from {bounds}, in {unit}; {_shown(within)}",)


def _shown(seconds: float) -> str:
    return f"using {seconds:g} s"


def _number(text: str) -> float | None:
    try:
        number = float(text)
    except ValueError:
        return None
    return number if math.isfinite(number) else None


def _headers(lines: Sequence[str], environment: Mapping[str, str]) -> dict[str, str]:
    """Headers as they are written, `NAME: VALUE`; `$NAME` in a value is an environment variable, `$$` a dollar."""
    found: dict[str, str] = {}
    for line in lines:
        name, colon, value = line.partition(":")
        if not colon or not _TOKEN.fullmatch(name.strip()):
            raise InvalidArguments(
                "A --header is not NAME: VALUE.", fix="Write it as in --header 'X-Api-Key: $MY_KEY'."
            )
        found[name.strip()] = _expanded(name.strip(), value.strip(), environment)
    return found


def _expanded(name: str, value: str, environment: Mapping[str, str]) -> str:
    try:
        text = Template(value).substitute(environment)
    except KeyError as error:
        raise Unauthenticated(
            f"The header {name} needs the environment variable {error.args[0]}, which is not set.",
            code=MISSING_API_KEY,
            fix="Set it, or write $$ for a dollar sign.",
        ) from None
    except ValueError:
        raise InvalidArguments(
            f"The header {name} holds a lone dollar sign.", fix="Write $$ for one, or $NAME for a variable."
        ) from None
    if not _VALUE.fullmatch(text):
        raise InvalidArguments(
            f"The header {name} is empty or holds a character that no header may.", fix="Give it a value in one line."
        )
    return text


def _secrets(headers: Mapping[str, str]) -> tuple[str, ...]:
    """The values, and what stands behind a scheme as in `Bearer …`."""
    return tuple({part: None for value in headers.values() for part in (value, value.rpartition(" ")[2])})
