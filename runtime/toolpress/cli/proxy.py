"""`toolpress proxy`."""

from __future__ import annotations

import argparse
import asyncio
import logging
import os

from toolpress.catalog import find_catalog
from toolpress.cli import exits
from toolpress.contract import Catalog
from toolpress.errors import ConfigurationError, Unauthenticated
from toolpress.proxy.notices import Notices, masked
from toolpress.proxy.settings import ProxySettings, Words, anywhere, preset
from toolpress.version import VERSION


def run(args: argparse.Namespace) -> int:
    words = Words(args.url, tuple(args.header), args.timeout, args.keepalive)
    catalog = find_catalog(args.catalog) if args.catalog else None
    say = Notices()
    say(f"toolpress {VERSION}{f', for {catalog.title}' if catalog else ''}")
    try:
        settings = preset(catalog, words, os.environ) if catalog else anywhere(words, os.environ)
    except (Unauthenticated, ConfigurationError) as error:
        example = f" Example: {_example(catalog)}" if catalog and isinstance(error, Unauthenticated) else ""
        say(f"{error.message} {error.fix or ''}{example}")
        return exits.FOUND
    return _serve(settings)


def _example(catalog: Catalog) -> str:
    rules = catalog.authentication
    tenant = f"{catalog.tenancy.environment}=your-tenant " if catalog.tenancy else ""
    return f"{tenant}{rules.environment}={next(iter(rules.prefixes), '')}... toolpress proxy {catalog.name}"


def _serve(settings: ProxySettings) -> int:
    from toolpress.proxy.main import run as serve

    say = Notices(settings.secrets)
    logging.basicConfig(stream=say, level=logging.ERROR, format="toolpress proxy: %(name)s: %(message)s", force=True)
    logging.getLogger("mcp").setLevel(logging.CRITICAL)  # what breaks there is told by us, in a line without its trace
    for warning in settings.warnings:
        say(warning)
    key = f"key {masked(settings.secrets[0])}, " if settings.secrets else ""
    say(f"{key}server {settings.shown_url}, calls up to {settings.call_timeout_s:g} s")
    return asyncio.run(serve(settings, say))
