"""FastMCP's own client and the Python SDK's, in both eras, over HTTP and stdio, with both catalogues."""

from __future__ import annotations

import os
import sys
from typing import Any

import httpx2
import pytest
from fastmcp import Client as FastMCPClient
from fastmcp.client.transports import StdioTransport, StreamableHttpTransport
from mcp import Client as SdkClient
from mcp import StdioServerParameters
from mcp.client.stdio import stdio_client
from mcp.client.streamable_http import streamable_http_client

from tests.foreign.products import PRODUCTS, Product

ERAS = {"legacy": "2025-11-25", "2026-07-28": "2026-07-28"}

pytestmark = [
    pytest.mark.usefixtures("foreign"),
    pytest.mark.parametrize("product", PRODUCTS, ids=str),
    pytest.mark.parametrize("transport", ["http", "stdio"]),
    pytest.mark.parametrize("mode", ERAS),
]


def command(product: Product) -> tuple[str, list[str], dict[str, str]]:
    words = ["-m", "toolpress", "serve", product.name, "--sandbox", "--transport", "stdio"]
    return sys.executable, words, {**os.environ, **product.environment}


def judge(product: Product, tools: Any, results: list[Any]) -> None:
    assert {tool.name for tool in tools} == product.tools
    read, write, failing = (result.structured_content for result in results)
    assert read["success"] is True
    assert write["success"] is True
    assert [result.is_error for result in results] == [False, False, True]
    assert failing["code"] == product.code


async def test_fastmcp(product: Product, transport: str, mode: str, product_urls: dict[str, str]) -> None:
    program, words, environment = command(product)
    way: Any = (
        StreamableHttpTransport(product_urls[product.name], headers=product.headers)
        if transport == "http"
        else StdioTransport(program, words, env=environment, keep_alive=False)
    )
    async with FastMCPClient(way, mode=mode) as client:
        tools = await client.list_tools()
        results = [await client.call_tool(name, arguments, raise_on_error=False) for name, arguments in product.calls]
    judge(product, tools, results)


async def test_the_sdk(product: Product, transport: str, mode: str, product_urls: dict[str, str]) -> None:
    program, words, environment = command(product)
    async with httpx2.AsyncClient(headers=product.headers, trust_env=False, timeout=60) as http:
        way: Any = (
            streamable_http_client(product_urls[product.name], http_client=http)
            if transport == "http"
            else stdio_client(StdioServerParameters(command=program, args=words, env=environment))
        )
        async with SdkClient(way, mode=mode) as client:
            assert client.protocol_version == ERAS[mode]
            tools = (await client.list_tools()).tools
            results = [await client.call_tool(name, arguments) for name, arguments in product.calls]
    judge(product, tools, results)
