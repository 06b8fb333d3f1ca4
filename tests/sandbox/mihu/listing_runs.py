"""Seeded listings, and how tests fill and watch them."""

from __future__ import annotations

from typing import Any

import httpx

from tests.sandbox.mihu.answers import data

LISTINGS, TASKS = "/api/v1/listings", "/api/v1/tasks"
SALES, SERVICE = "a0000000-0000-4000-8000-000000000001", "a0000000-0000-4000-8000-000000000002"
ELIF, MERT, CAN = (f"c0000000-0000-4000-8000-00000000000{number}" for number in (1, 2, 4))
Q2, RECALL, EMPTY = (f"f2000000-0000-4000-8000-00000000000{number}" for number in (1, 2, 3))
GLOBEX_LISTING = "f2000000-0000-4000-8000-000000000081"
ALL_DAY = {"start_time": "00:00", "end_time": "23:59"}
HOST, TOKEN = "http://acme.localhost", {"Authorization": "Bearer mihu_test_acme_full"}
CALL_S, HOUR, DAY = 70, 3600, 86400


def people(count: int, *, ending: str = "00", **members: str) -> list[dict[str, str]]:
    """Unknown people; numbers that end in 99 are never answered."""
    return [{"phone_number": f"+9054{index:06d}{ending}", "name": f"P{index}", **members} for index in range(count)]


async def created(client: httpx.AsyncClient, contacts: list[dict[str, str]], **members: Any) -> Any:
    body = {"name": "Leads", "contacts": contacts, "agent_uuid": SALES, "rule": ALL_DAY, **members}
    return data(await client.post(LISTINGS, json=body), 201)


async def standing(client: httpx.AsyncClient, listing: str) -> list[str]:
    rows = data(await client.get(f"{LISTINGS}/{listing}/contacts", params={"per_page": 100}))["data"]
    return [row["status"] for row in rows]


async def tasks_of(client: httpx.AsyncClient, listing: str, **wanted: str) -> list[Any]:
    rows = data(await client.get(TASKS, params={"per_page": 100, **wanted}))["data"]
    return [row for row in rows if row["listing_uuid"] == listing]


async def status_of(client: httpx.AsyncClient, listing: str) -> str:
    status: str = data(await client.get(f"{LISTINGS}/{listing}"))["status"]
    return status
