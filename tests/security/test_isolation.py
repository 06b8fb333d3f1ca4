"""Tenants never see each other: many clients of both at once, every call carrying a marker of its own tenant.

`--isolation-calls N` sets how many calls are made (600 unless told).
"""

from __future__ import annotations

import asyncio
import json
import random

import httpx
import pytest
from fastmcp import Client
from fastmcp.client.transports import StreamableHttpTransport

from tests.processes import serve
from toolpress.catalog import CatalogIndex, find_catalog
from toolpress.credentials import calling
from toolpress.embedded import SeededKey, seeded_keys

CLIENTS = 16
TENANTS = ("acme", "globex")


def key_of(index: CatalogIndex, tenant: str) -> SeededKey:
    return next(key for key in seeded_keys(index) if key.tenant == tenant and key.usable)


async def talk(index: CatalogIndex, url: str, number: int, calls: int) -> list[str]:
    """One client's calls: it leaves contacts with its marker and lists what it can see; returns what went wrong."""
    tenant = TENANTS[number % 2]
    other = TENANTS[1 - number % 2]
    headers = calling(key_of(index, tenant).credential(index.catalog), index.catalog)
    dice, wrong = random.Random(number), []
    async with Client(StreamableHttpTransport(url, headers=headers)) as client:
        for turn in range(calls):
            marker = f"marker-{tenant}-{number}-{turn}"
            if dice.random() < 0.3:
                phone = f"+90555{number:02}{turn:05}"
                answer = await client.call_tool_mcp("create_contact", {"phone_number": phone, "name": marker})
                expected = marker
            else:
                answer = await client.call_tool_mcp("list_contacts", {"search": f"marker-{dice.choice(TENANTS)}"})
                expected = '"success":true'
            text = "".join(block.text for block in answer.content if block.type == "text")
            if answer.is_error or expected not in text:
                wrong.append(f"{tenant}: {text[:200]}")
            if f"marker-{other}" in text:
                wrong.append(f"{tenant} saw {other}: {text[:200]}")
    return wrong


def test_no_call_crosses_and_no_host_is_wrong(request: pytest.FixtureRequest) -> None:
    calls = int(request.config.getoption("--isolation-calls"))
    index = CatalogIndex(find_catalog("mihu"))

    async def everybody(url: str) -> list[str]:
        talks = (talk(index, url, number, calls // CLIENTS) for number in range(CLIENTS))
        return [problem for problems in await asyncio.gather(*talks) for problem in problems]

    with serve("mihu") as server:
        assert asyncio.run(everybody(server.mcp_url)) == []
        hosts = httpx.get(f"{server.sandbox_url}/__sandbox__/hosts").json()["hosts"]
    assert hosts.keys() == {f"{tenant}.localhost" for tenant in TENANTS}
    assert sum(hosts.values()) >= calls // CLIENTS * CLIENTS


def test_a_key_of_another_tenant_is_no_key() -> None:
    index = CatalogIndex(find_catalog("mihu"))
    acme, globex = (key_of(index, tenant) for tenant in TENANTS)
    with serve("mihu") as server:
        headers = {**calling(acme.credential(index.catalog), index.catalog), "X-Mihu-Tenant": globex.tenant}
        body = {"jsonrpc": "2.0", "id": 1, "method": "tools/list"}
        answer = httpx.post(server.mcp_url, headers={**headers, "accept": "application/json"}, json=body)
    assert answer.status_code == 401
    problem = json.loads(answer.text)["error"]
    assert problem["message"].startswith("The upstream answered 401: wrong tenant")
    assert "each tenant has tokens of its own" in problem["data"]["fix"]
