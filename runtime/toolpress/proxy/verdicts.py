"""Why the proxy ends, in words: what happened and what to do about it."""

from __future__ import annotations

from toolpress.proxy.failures import Failure, Kind
from toolpress.proxy.settings import ProxySettings


def not_started(failure: Failure, settings: ProxySettings) -> str:
    """The first connection could not be made."""
    return f"cannot connect to {settings.shown_url}: {_sentence(failure)} {_at_start(failure, settings)}"


def ended(failure: Failure, settings: ProxySettings) -> str:
    """It ran, and cannot go on."""
    if failure.kind is Kind.AUTH:
        advice = f"The key is no longer accepted: update {settings.key_words} and restart."
    elif failure.kind is Kind.PROTOCOL:
        advice = _UPGRADE
    else:
        advice = f"All attempts to reconnect are used up: check that {settings.shown_url} answers, and restart."
    return f"ended: {_sentence(failure)} {advice}"


_UPGRADE = "Server and proxy share no version of the protocol: upgrade toolpress."


def _at_start(failure: Failure, settings: ProxySettings) -> str:
    if failure.kind is Kind.AUTH:
        return f"Check {settings.key_words}: the key is unknown, inactive or not of this server."
    if failure.kind is Kind.PROTOCOL:
        return _UPGRADE
    if failure.kind is Kind.CONNECTION and failure.status != 404:
        return f"Check the network and the address ({settings.url_words}), and that the server runs."
    return f"Check the address ({settings.url_words}): there is no MCP server there; most end in /mcp."


def _sentence(failure: Failure) -> str:
    return failure.message.strip().removesuffix(".") + "."
