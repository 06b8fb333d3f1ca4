"""`toolpress call`: the same line as a call over MCP, without the server.

An answer of the tool is JSON on stdout, be it good (exit code 0) or an error (1). What kept the call from being
answered at all is one line on stderr, as with every command.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import sys
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
    whole = sys.stdin.read() if args.json_args == "-" else args.json_args
    arguments = values.read(args.arguments, whole, schema)
    credential = _credential(index, args)
    with ExitStack() as stack:
        base_url = args.base_url or base_url_override(index.catalog.name)
        if args.sandbox:
            address = stack.enter_context(running_sandbox(index))
            base_url = sandbox_base_url(index.catalog, address)
        try:
            answer, status = asyncio.run(_call(index, args.tool, arguments, credential, base_url)), exits.OK
        except ToolpressError as error:
            if args.debug or exits.code_of(error) in (exits.CONFIGURATION, exits.UNREACHABLE):
                raise
            answer, status = error.to_payload(), exits.FOUND
    print(json.dumps(answer, ensure_ascii=False, indent=2))
    return status


async def _call(
    index: CatalogIndex, tool: str, arguments: JsonObject, credential: Credential, base_url: str | None
) -> JsonObject:
    async with Client(index.catalog, base_url=base_url) as client:
        answer = await Executor(index, client, credential=credential).run(index.require(tool), arguments)
        return answer.payload


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
