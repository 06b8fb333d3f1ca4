"""The MCP Inspector's command line: strict about every schema, and a call in both eras and over stdio."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import Any

import pytest

from tests.foreign.products import PRODUCTS, Product
from tests.javascript import NODE, NPM

INSPECTOR = NPM / ".bin" / "mcp-inspector"

pytestmark = pytest.mark.usefixtures("foreign")


def inspector(*words: str) -> subprocess.CompletedProcess[str]:
    variables = {**os.environ, "PATH": f"{NODE.parent}{os.pathsep}{os.environ['PATH']}"}
    return subprocess.run(
        [INSPECTOR, "--cli", *words], env=variables, capture_output=True, text=True, timeout=120, check=False
    )


def over_http(product: Product, url: str, *words: str) -> subprocess.CompletedProcess[str]:
    headers = [word for name, value in product.headers.items() for word in ("--header", f"{name}: {value}")]
    return inspector(url, "--transport", "http", *headers, *words)


def call(product: Product) -> tuple[str, ...]:
    name, arguments = product.read
    return ("--method", "tools/call", "--tool-name", name, "--tool-args-json", json.dumps(arguments))


def result(done: subprocess.CompletedProcess[str]) -> dict[str, Any]:
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr
    printed = json.loads(done.stdout)
    return dict(printed.get("result", printed))


@pytest.mark.parametrize("product", PRODUCTS, ids=str)
def test_no_schema_is_hard_to_carry_elsewhere(product: Product, product_urls: dict[str, str]) -> None:
    done = over_http(product, product_urls[product.name], "--method", "tools/list", "--strict", "--format", "json")
    assert {tool["name"] for tool in result(done)["tools"]} == product.tools


@pytest.mark.parametrize("era", ["legacy", "modern"])
@pytest.mark.parametrize("product", PRODUCTS, ids=str)
def test_calls_a_tool_in_both_eras(product: Product, era: str, product_urls: dict[str, str]) -> None:
    done = over_http(product, product_urls[product.name], "--protocol-era", era, *call(product), "--format", "json")
    assert result(done)["structuredContent"]["success"] is True


@pytest.mark.parametrize("product", PRODUCTS, ids=str)
def test_calls_a_tool_over_stdio(product: Product) -> None:
    server = [sys.executable, "-m", "toolpress", "serve", product.name, "--sandbox", "--transport", "stdio"]
    variables = [word for name, value in product.environment.items() for word in ("-e", f"{name}={value}")]
    done = inspector(*call(product), "--format", "json", *variables, "--", *server)
    assert result(done)["structuredContent"]["success"] is True
