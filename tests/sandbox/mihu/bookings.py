"""Seeded schedules, and what tests do with them again and again."""

from __future__ import annotations

from tests.sandbox.mihu.answers import data

API = "/api/v1"
TYPES, SCHEDULES, APPOINTMENTS = f"{API}/availability-types", f"{API}/schedules", f"{API}/appointments"
REQUESTS = f"{API}/appointment-requests"
VISIT, WORKSHOP, VIDEO = (f"e3000000-0000-4000-8000-00000000000{n}" for n in (1, 2, 3))
DRIVES, BAY, SHOWROOM = (f"e0000000-0000-4000-8000-00000000000{n}" for n in (1, 2, 3))
TREATMENT = "e0000000-0000-4000-8000-000000000081"
"""The schedule of globex, in Europe/Berlin."""
ELIF, ANNA = "c0000000-0000-4000-8000-000000000001", "c0000000-0000-4000-8000-000000000003"
PENDING, APPROVED, REJECTED, CANCELLED = (f"e2000000-0000-4000-8000-00000000000{n}" for n in (1, 2, 3, 4))
UNKNOWN = "ffffffff-ffff-4fff-8fff-ffffffffffff"
THURSDAY = "2026-03-12"
"""A day on which the schedule of the test drives has one appointment, pending, at 15:00 in Istanbul."""


async def starts(client, schedule=DRIVES, first=THURSDAY, **more):
    """When the free slots begin, as clock times of the answer."""
    answer = await client.get(f"{SCHEDULES}/{schedule}/available-slots", params={"start_date": first, **more})
    return [slot["start_time"][11:16] for slot in data(answer)]


async def book(client, start, end, schedule=DRIVES, day=THURSDAY, zone="+03:00", **more):
    return await client.post(
        APPOINTMENTS,
        json={
            "schedule_uuid": schedule,
            "title": "Test drive",
            "start_time": f"{day}T{start}:00{zone}",
            "end_time": f"{day}T{end}:00{zone}",
            **more,
        },
    )


async def ask(client, **more):
    return await client.post(
        REQUESTS,
        json={"schedule_uuid": DRIVES, "title": "Test drive", "start_time": f"{THURSDAY}T10:00:00+03:00", **more},
    )
