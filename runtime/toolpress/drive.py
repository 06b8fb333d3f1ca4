"""Run every example of a catalogue over a real server process: MCP on the wire, a fresh sandbox behind it.

Each case starts from the seed data. A new manifest entry is covered by its own examples.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator
from contextlib import AsyncExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import httpx2
from fastmcp import Client
from fastmcp.client.transports import StreamableHttpTransport
from mcp.shared.exceptions import MCPError

from toolpress.catalog import CatalogIndex
from toolpress.credentials import calling
from toolpress.embedded import SeededKey, default_credential, seeded_keys
from toolpress.errors import ConfigurationError
from toolpress.examples import Case, cases
from toolpress.principal import Credential

_START_TIMEOUT_S = 60.0
_STOP_TIMEOUT_S = 20.0
_CALL_TIMEOUT_S = 60.0
_WIRE_HEADERS = {"accept": "application/json, text/event-stream", "mcp-protocol-version": "2025-11-25"}


@dataclass(frozen=True, slots=True)
class Result:
    """How one case went; `seen` is `success`, the code of the error, or what else came back."""

    case: Case
    seen: str
    note: str = ""

    @property
    def as_declared(self) -> bool:
        return self.seen == (self.case.code or "success")


@dataclass(frozen=True, slots=True)
class Served:
    """The addresses of a server process and of its sandbox."""

    mcp: str
    sandbox: str


def drive(index: CatalogIndex, reference: str, only: Iterable[str] = ()) -> list[Result]:
    """Start the server of `reference` (what `serve` takes) and run the cases, those of the tools `only` if given.

    Raises:
        ConfigurationError: The server does not start, or the seed data lacks a key that a case needs.
    """
    chosen = set(only)
    wanted = [case for case in cases(index.sandbox) if not chosen or case.tool in chosen]
    keys = Keys(index)
    for case in wanted:
        keys.of(case)
    with served(reference) as addresses:
        return asyncio.run(_run(addresses, keys, wanted))


@contextmanager
def served(reference: str) -> Iterator[Served]:
    """A `toolpress serve --sandbox` child on free ports, stopped by SIGTERM."""
    with tempfile.TemporaryDirectory(prefix="toolpress-drive-") as folder:
        announce, log = Path(folder, "announce.json"), Path(folder, "stderr")
        command = [sys.executable, "-m", "toolpress", "serve", reference, "--sandbox", "--port", "0"]
        with log.open("wb") as stderr:
            child = subprocess.Popen(  # noqa: S603 - our own interpreter and module
                [*command, "--announce", str(announce)],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=stderr,
                env=_environment(),
            )
        try:
            yield _announced(child, announce, log)
        finally:
            child.send_signal(signal.SIGTERM)
            try:
                child.wait(_STOP_TIMEOUT_S)
            except subprocess.TimeoutExpired:
                child.kill()
                child.wait()


class Keys:
    """Which seeded key a case is called with; all belong to the tenant of the default key."""

    def __init__(self, index: CatalogIndex) -> None:
        self._catalog = index.catalog
        self._default = default_credential(index)
        seeded = seeded_keys(index)
        tenant = next((key.tenant for key in seeded if key.key == self._default.key), None)
        self._own: list[SeededKey] = [key for key in seeded if key.tenant == tenant]

    def of(self, case: Case) -> Credential:
        if case.revoked:
            return self._first(usable=False, role=None)
        return self._default if case.role is None else self._first(usable=True, role=case.role)

    def headers(self, credential: Credential) -> dict[str, str]:
        return calling(credential, self._catalog)

    def _first(self, *, usable: bool, role: str | None) -> Credential:
        for key in self._own:
            if key.usable is usable and role in (None, key.role):
                return key.credential(self._catalog)
        what = f"of role {role}" if role else "that is revoked"
        raise ConfigurationError(f"The sandbox's seed data has no key {what}.", fix="Add one to sandbox.yaml.")


async def _run(addresses: Served, keys: Keys, wanted: list[Case]) -> list[Result]:
    results: list[Result] = []
    clients: dict[Credential, Client[StreamableHttpTransport]] = {}
    async with AsyncExitStack() as stack:
        http = await stack.enter_async_context(httpx.AsyncClient(timeout=_CALL_TIMEOUT_S, trust_env=False))
        for case in wanted:
            (await http.post(f"{addresses.sandbox}/__sandbox__/reset")).raise_for_status()
            key = keys.of(case)
            if case.revoked:
                results.append(await _at_the_gate(http, addresses.mcp, keys.headers(key), case))
                continue
            if key not in clients:
                headers = keys.headers(key)
                transport = StreamableHttpTransport(addresses.mcp, headers=headers, httpx_client_factory=_direct)
                clients[key] = await stack.enter_async_context(Client(transport))
            results.append(await _over_mcp(clients[key], case))
    return results


def _direct(
    headers: dict[str, str] | None = None,
    timeout: httpx2.Timeout | None = None,
    auth: httpx2.Auth | None = None,
    **options: Any,
) -> httpx2.AsyncClient:
    """The MCP client's connections, past any proxy of the environment: the server is on this machine."""
    wait = timeout or httpx2.Timeout(_CALL_TIMEOUT_S)
    return httpx2.AsyncClient(headers=headers, timeout=wait, auth=auth, trust_env=False, **options)


async def _over_mcp(client: Client[StreamableHttpTransport], case: Case) -> Result:
    try:
        answer = await client.call_tool_mcp(case.tool, case.arguments)
    except MCPError as error:
        return Result(case, f"JSON-RPC {error.error.code}", error.error.message)
    text = next((block.text for block in answer.content if block.type == "text"), "")
    try:
        payload = json.loads(text)
    except ValueError:
        return Result(case, "not JSON", text[:200])
    if not isinstance(payload, dict):
        return Result(case, "no object", text[:200])
    if answer.is_error:
        return Result(case, str(payload.get("code")), str(payload.get("error")))
    good = payload.get("success", True) is True and answer.structured_content == payload
    return Result(case, "success" if good else "no success", "")


async def _at_the_gate(http: httpx.AsyncClient, url: str, header: dict[str, str], case: Case) -> Result:
    """A key that is not valid never reaches a tool: the endpoint itself answers 401."""
    params: dict[str, Any] = {"name": case.tool, "arguments": case.arguments}
    body = {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params}
    answer = await http.post(url, json=body, headers={**_WIRE_HEADERS, **header})
    if answer.status_code != 401:
        return Result(case, f"HTTP {answer.status_code}", answer.text[:200])
    problem = answer.json()["error"]
    return Result(case, str(problem["data"]["code"]), str(problem["message"]))


def _environment() -> dict[str, str]:
    """Ours without settings: they could name a data file, which the reset before every case would empty."""
    return {name: value for name, value in os.environ.items() if not name.startswith("TOOLPRESS_")}


def _announced(child: subprocess.Popen[bytes], file: Path, log: Path) -> Served:
    deadline = time.monotonic() + _START_TIMEOUT_S
    while time.monotonic() < deadline and child.poll() is None:
        if file.exists():
            seen = json.loads(file.read_text(encoding="utf-8"))
            return Served(seen["mcp"], seen["sandbox"])
        time.sleep(0.05)
    last = log.read_text(encoding="utf-8", errors="replace").strip().splitlines()[-1:] or ["no output"]
    raise ConfigurationError(f"The server did not start: {last[0]}", fix="Try: toolpress serve CATALOG --sandbox")
