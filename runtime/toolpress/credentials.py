"""Find the caller's key; nothing here keeps or prints one."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from toolpress.contract import Authentication
from toolpress.errors import INVALID_API_KEY, MISSING_API_KEY, Unauthenticated

_KEY = re.compile(r"[\x21-\x7e]{1,512}")


def from_headers(headers: Iterable[tuple[bytes, bytes]], rules: Authentication) -> str:
    """The key of a request, from raw ASGI headers.

    Raises:
        Unauthenticated: None came (MISSING_API_KEY), several differ, or it is no key of this product.
    """
    found = list(dict.fromkeys(_candidates(list(headers), rules)))
    if not found:
        raise missing(rules)
    if len(found) > 1:
        raise Unauthenticated(
            "The request carries two different API keys.", fix=f"Send one of: {_ways(rules)}.", code=INVALID_API_KEY
        )
    return checked(found[0], rules)


def from_environment(environment: Mapping[str, str], rules: Authentication) -> str:
    """The key of a process, for stdio and the command line; raises like `from_headers`."""
    text = environment.get(rules.environment, "").strip()
    if not text:
        raise Unauthenticated(
            "No API key is set.", code=MISSING_API_KEY, fix=f"Set the environment variable {rules.environment}."
        )
    return checked(text, rules)


def checked(key: str, rules: Authentication) -> str:
    """The key itself when it looks like one of this product."""
    if not _KEY.fullmatch(key) or (rules.prefixes and not key.startswith(rules.prefixes)):
        prefixes = ", ".join(rules.prefixes)
        fix = f"Use a key that starts with one of: {prefixes}." if prefixes else "Use a key without blanks."
        raise Unauthenticated("The API key is malformed.", code=INVALID_API_KEY, fix=fix)
    return key


def missing(rules: Authentication) -> Unauthenticated:
    return Unauthenticated("The request carries no API key.", code=MISSING_API_KEY, fix=f"Send one of: {_ways(rules)}.")


def sending(key: str, rules: Authentication) -> tuple[str, str]:
    """The header, name and value, that carries the key upstream."""
    scheme = f"{rules.send.scheme} " if rules.send.scheme else ""
    return rules.send.header, scheme + key


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
