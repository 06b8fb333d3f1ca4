"""`toolpress call`: the same line as a call over MCP, without the server."""

from __future__ import annotations

import argparse
import asyncio
import json
import os
from contextlib import ExitStack

from toolpress import credentials, logs
from toolpress.catalog import CatalogIndex
from toolpress.cli import exits, values
from toolpress.cli.find import index_with
from toolpress.client import Client
from toolpress.contract import JsonObject
from toolpress.embedded import default_credential, running_sandbox, sandbox_base_url
from toolpress.errors import ToolpressError
from toolpress.executor import Executor
from toolpress.principal import Credential
from toolpress.settings import base_url_override


def run(args: argparse.Namespace) -> int:
    logs.configure(level="warning")
    index = index_with(args.tool, args.catalog)
    schema = index.listing(args.tool).get("inputSchema", {})
    arguments = values.read(args.arguments, args.json_args, schema)
    with ExitStack() as stack:
        base_url = args.base_url or base_url_override(index.catalog.name)
        if args.sandbox:
            address = stack.enter_context(running_sandbox(index.catalog.name))
            base_url = sandbox_base_url(index.catalog, address)
        try:
            answer, status = asyncio.run(_call(index, args, arguments, base_url)), exits.OK
        except ToolpressError as error:
            if args.debug:
                raise
            answer, status = error.to_payload(), exits.code_of(error)
    print(json.dumps(answer, ensure_ascii=False, indent=2))
    return status


async def _call(
    index: CatalogIndex, args: argparse.Namespace, arguments: JsonObject, base_url: str | None
) -> JsonObject:
    async with Client(index.catalog, base_url=base_url) as client:
        executor = Executor(index, client, credential=_credential(index, args))
        return await executor.run(index.require(args.tool), arguments)


def _credential(index: CatalogIndex, args: argparse.Namespace) -> Credential:
    """The words of the command line win over the environment; the sandbox has test keys of its own."""
    catalog = index.catalog
    if args.sandbox and not args.key:
        return default_credential(index)
    environment = dict(os.environ)
    if args.key:
        environment[catalog.authentication.environment] = args.key
    if args.tenant and catalog.tenancy:
        environment[catalog.tenancy.environment] = args.tenant
    return credentials.from_environment(environment, catalog)
