"""`toolpress sandbox`."""

from __future__ import annotations

import argparse
import sys

from toolpress.catalog import CatalogIndex, find_catalog
from toolpress.cli import exits
from toolpress.cli.signals import stop_requested
from toolpress.embedded import running_sandbox, seeded_keys


def run(args: argparse.Namespace) -> int:
    index = CatalogIndex(find_catalog(args.catalog))
    with stop_requested() as wait, running_sandbox(index, data=args.data, port=args.port) as url:
        print(f"{index.catalog.name} sandbox at {url}", file=sys.stderr)
        for key in seeded_keys(index):
            print(f"  {key.key}  {key.role} of {key.tenant}{'' if key.usable else ', revoked'}", file=sys.stderr)
        wait()
    return exits.OK
