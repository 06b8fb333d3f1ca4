"""Seeded calls, and how tests place, steer and hear them."""

from __future__ import annotations

from datetime import datetime

from tests.sandbox.mihu.answers import read

SALES = "a0000000-0000-4000-8000-000000000001"
SERVICE = "a0000000-0000-4000-8000-000000000002"
ELIF = "c0000000-0000-4000-8000-000000000001"
ELIFS_NUMBER, BLACKLISTED = "+905321110001", "+905321110004"
ENDED_CALL, LIVE_CALL = "b4000000-0000-4000-8000-000000000001", "b4000000-0000-4000-8000-000000000004"
LIVE = "b0000000-0000-4000-8000-000000000004"
WHATSAPP = "b0000000-0000-4000-8000-000000000002"
UNKNOWN = "ffffffff-ffff-4fff-8fff-ffffffffffff"
WHOLE_YEAR = {"from": "2026-01-01T00:00:00Z", "to": "2027-01-01T00:00:00Z"}
ACTIONS = {
    "say": {"message": "One moment please."},
    "forward": {"phone_number": "+902125550100"},
    "hangup": {},
    "mute": {},
    "unmute": {},
}


async def dial(client, number=ELIFS_NUMBER, agent=SALES, path="call", **more):
    return await client.post(f"/api/v1/{path}", json={"agentId": agent, "participant": {"number": number}, **more})


async def placed(client, *arguments, **more):
    answer = await dial(client, *arguments, **more)
    assert answer.status_code == 200, answer.text
    return answer.json()["data"]


async def act(client, conversation, action, **body):
    return await client.post(f"/api/v1/calls/action/{conversation}/{action}", json=body or ACTIONS[action])


async def said(client, conversation, sender="AI"):
    page = await read(client, f"conversations/{conversation}/messages", sender=sender, per_page=100)
    return [row["content"] for row in page["data"]]


async def timed(client, conversation):
    """What was said, each with the seconds since the first word."""
    rows = (await read(client, f"conversations/{conversation}/messages"))["data"]
    times = [datetime.fromisoformat(row["created_at"]) for row in rows]
    return [(row["content"], (time - times[0]).total_seconds()) for row, time in zip(rows, times, strict=True)]
