"""Seeded agents and what is theirs."""

from __future__ import annotations

from typing import Any

import httpx

from tests.sandbox.mihu.answers import data

AGENTS = "/api/v1/agents"
SALES = "a0000000-0000-4000-8000-000000000001"
SERVICE = "a0000000-0000-4000-8000-000000000002"
DRAFT = "a0000000-0000-4000-8000-000000000003"
RECEPTION = "a0000000-0000-4000-8000-000000000081"
"""The only agent of globex."""
TEST_DRIVE = "a7000000-0000-4000-8000-000000000001"
BROCHURE = "a7000000-0000-4000-8000-000000000002"
HUMAN = "a7000000-0000-4000-8000-000000000003"
"""Intents of SALES; the last one is a system intent without an action."""
TEST_DRIVES = "e0000000-0000-4000-8000-000000000001"
"""A schedule."""
UNKNOWN = "ffffffff-ffff-4fff-8fff-ffffffffffff"
SECTIONS = ("guidelines", "notes", "procedures", "training", "routing_rules", "guard_rules")


async def agent_of(client: httpx.AsyncClient, uuid: str = SALES) -> Any:
    """The whole agent."""
    return data(await client.get(f"{AGENTS}/{uuid}"))


def uuids(rows: list[Any]) -> list[str]:
    return [row["uuid"] for row in rows]
