"""Secrets never come out: not in logs at DEBUG, not in answers, not in errors, whatever goes wrong upstream.

Every credential and every argument that a manifest calls secret is a canary. All tools run their examples once
whole and once under each fault, against a real server process that logs everything.
"""

from __future__ import annotations

import asyncio
import copy
import json
from collections.abc import Iterator
from importlib.metadata import entry_points
from typing import Any

import httpx
import pytest
from fastmcp import Client
from fastmcp.client.transports import StreamableHttpTransport
from mcp.shared.exceptions import MCPError

from tests.processes import serve
from toolpress.catalog import CatalogIndex, find_catalog
from toolpress.credentials import calling
from toolpress.embedded import default_credential, seeded_keys
from toolpress.principal import Credential

CATALOGS = sorted(point.name for point in entry_points(group="toolpress.catalogs"))
FAULTS = ["", "status=429;retry_after=60", "status=500", "reset_before", "reset_after_commit", "garbage", "truncated"]
CANARY = "canary-7c1f"
AT_ONCE = 8


def with_canaries(example: dict[str, Any], secrets: list[str]) -> dict[str, Any]:
    """The example with a canary at each of the dotted paths whose owner is there."""
    arguments = copy.deepcopy(example)
    for path in secrets:
        *owners, name = path.split(".")
        place: Any = arguments
        for owner in owners:
            place = place.get(owner) if isinstance(place, dict) else None
        if isinstance(place, dict):
            place[name] = f"{CANARY}-{name}"
    return arguments


async def run_everything(index: CatalogIndex, url: str, sandbox: str, credential: Credential) -> list[str]:
    """Every tool under every fault; the answers as texts, errors marked."""
    answers: list[str] = []
    slots = asyncio.Semaphore(AT_ONCE)
    transport = StreamableHttpTransport(url, headers=calling(credential, index.catalog))
    async with Client(transport) as client, httpx.AsyncClient(trust_env=False) as control:

        async def one(operation: dict[str, Any], fault: str) -> None:
            arguments = with_canaries(operation["examples"][0].get("input", {}), operation["secrets"])
            async with slots:
                if fault:
                    rule = {"fault": fault, "count": 1, "operation": operation["name"]}
                    (await control.post(f"{sandbox}/__sandbox__/faults", json=rule)).raise_for_status()
                try:
                    answer = await client.call_tool_mcp(operation["name"], arguments)
                except MCPError as error:
                    answers.append(f"error {error.error}")
                else:
                    answers.append(f"{'error' if answer.is_error else 'ok'} {answer.model_dump_json()}")

        for fault in FAULTS:
            await asyncio.gather(*(one(operation, fault) for operation in index.sandbox["operations"]))
            await control.delete(f"{sandbox}/__sandbox__/faults")
    return answers


@pytest.mark.parametrize("name", CATALOGS)
def test_no_secret_comes_out(name: str) -> None:
    index = CatalogIndex(find_catalog(name))
    credential = default_credential(index)
    revoked = next(key for key in seeded_keys(index) if not key.usable)
    env = {"TOOLPRESS_LOG_LEVEL": "debug", "TOOLPRESS_LOG_FORMAT": "json", "PYTHONFAULTHANDLER": "1"}
    with serve(name, env=env) as server:
        answers = asyncio.run(run_everything(index, server.mcp_url, server.sandbox_url, credential))
        asked = httpx.post(
            server.mcp_url,
            headers={**calling(revoked.credential(index.catalog), index.catalog), "accept": "application/json"},
            json={"jsonrpc": "2.0", "id": 1, "method": "tools/list"},
        )
        assert asked.status_code == 401
        journal = httpx.get(f"{server.sandbox_url}/__sandbox__/requests").text
        written = server.log.read_text(encoding="utf-8", errors="replace").split("\n")

    calls = len(index.tools) * len(FAULTS)
    assert len(answers) == calls
    assert sum(answer.startswith("ok") for answer in answers) > len(index.tools), "most must have run"
    lines = [json.loads(line) for line in written if line.startswith("{")]
    assert sum(line.get("event") == "call" for line in lines) == calls
    announced = {key.key for key in seeded_keys(index)}  # the start banner tells the sandbox's test keys to a person
    for text in (*answers, asked.text, journal, *(line for line in written if line.startswith("{"))):
        assert not any(key in text for key in announced), text[:400]
    for text in (*(a for a in answers if a.startswith("error")), journal, *written):
        assert CANARY not in text, text[:400]


def secrets_of(index: CatalogIndex) -> Iterator[str]:
    for operation in index.sandbox["operations"]:
        yield from operation["secrets"]


def test_there_are_secret_arguments_to_watch() -> None:
    assert any(True for name in CATALOGS for _ in secrets_of(CatalogIndex(find_catalog(name))))
