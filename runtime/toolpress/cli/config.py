"""`toolpress config`: the file to stdout, where it goes to stderr."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from toolpress.catalog import find_catalog, installed
from toolpress.cli import exits
from toolpress.contract import Catalog
from toolpress.errors import ConfigurationError, InvalidArguments
from toolpress.hosts.checking import check
from toolpress.hosts.known import Host, host_of
from toolpress.hosts.writing import connected, started, text_of


def run(args: argparse.Namespace) -> int:
    host = host_of(args.client)
    return _checked(host, args) if args.check else _printed(host, args)


def _printed(host: Host, args: argparse.Namespace) -> int:
    if args.catalog is None:
        raise InvalidArguments("For which catalogue?", fix=f"Name one of: {', '.join(installed())}.")
    catalog = find_catalog(args.catalog)
    entry = (connected if args.http else started)(host, catalog, key=args.key, tenant=args.tenant, url=args.url)
    print(text_of(host, catalog.name, entry), end="")
    print(f"{host.title} reads this from:", file=sys.stderr)
    width = max(len(place.scope) for place in host.places)
    for place in host.places:
        print(f"  {place.scope:{width}}  {place.path}", file=sys.stderr)
    return exits.OK


def _checked(host: Host, args: argparse.Namespace) -> int:
    file = Path(args.check)
    try:
        text = file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
        raise ConfigurationError(f"Cannot read {file}: {reason}.", fix="Name the file of the client.") from error
    found = check(host, text, _catalogs())
    for problem in found.problems:
        print(f"{file}:{problem.line}: {problem.field}: {problem.expected} -> {problem.fix}")
    if not found.problems:
        print(f"{file}: {found.servers} server{'' if found.servers == 1 else 's'}, nothing is wrong")
    return exits.FOUND if found.problems else exits.OK


def _catalogs() -> dict[str, Catalog]:
    return {name: find_catalog(name) for name in installed()}
