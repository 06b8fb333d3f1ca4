"""Seeded flows with their steps, apps' connections and data tables, and what tests do with them again and again."""

from __future__ import annotations

from typing import Any

import httpx

from tests.sandbox.mihu.answers import data

FLOW = "/api/v1/flow"
DIARY = "95000000-0000-4000-8000-000000000001"
"""Draft, ready to deploy: an ended call becomes a row of CALLS."""
NEWCOMERS = "95000000-0000-4000-8000-000000000002"
"""Deployed: a new contact with a Turkish number becomes a row of NEWCOMERS_TABLE."""
TICKET = "95000000-0000-4000-8000-000000000003"
"""Draft: a form becomes a ticket; the second step is not tested."""
ORDERS = "95000000-0000-4000-8000-000000000004"
"""Draft: its trigger listens to a table without rows."""
RECALL = "95000000-0000-4000-8000-000000000081"
"""The only flow of globex."""
DIARY_TRIGGER, DIARY_ACTION = (f"95a00000-0000-4000-8000-0000000000{number}" for number in (11, 12))
NEWCOMERS_TRIGGER, CONDITION, ON_TRUE = (f"95a00000-0000-4000-8000-0000000000{number}" for number in (21, 22, 23))
FORM, TICKET_ACTION, ORDER_TRIGGER = (f"95a00000-0000-4000-8000-0000000000{number}" for number in (31, 32, 41))
HELPDESK, FORMS, OLD_CHAT = (f"95b00000-0000-4000-8000-00000000000{number}" for number in (1, 2, 3))
FOREIGN_DESK = "95b00000-0000-4000-8000-000000000081"
"""Connections: two that are active, one that is not, and one of globex."""
CARS, PARTS, CALLS, NEWCOMERS_TABLE = (f"93000000-0000-4000-8000-00000000000{number}" for number in range(1, 5))
TREATMENTS = "93000000-0000-4000-8000-000000000081"
UNKNOWN = "ffffffff-ffff-4fff-8fff-ffffffffffff"


async def steps_of(client: httpx.AsyncClient, flow: str) -> Any:
    """The steps as the flow shows them."""
    return data(await client.get(f"{FLOW}/{flow}"))["steps"]


async def trial(client: httpx.AsyncClient, flow: str, step: str, **body: Any) -> httpx.Response:
    """Test one step."""
    return await client.post(f"{FLOW}/{flow}/steps/{step}/test", json=body)


async def rows_of(client: httpx.AsyncClient, table: str) -> Any:
    """The values of a table's rows."""
    page = data(await client.get(f"/api/v1/data/tables/{table}/rows", params={"per_page": 100}))
    return [row["values"] for row in page["data"]]
