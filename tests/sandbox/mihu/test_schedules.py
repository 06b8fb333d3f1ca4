"""Schedules and their hours, and the types that they are of."""

from __future__ import annotations

from datetime import timedelta

import pytest

from tests.sandbox.mihu.answers import data, field
from tests.sandbox.mihu.bookings import (
    APPOINTMENTS,
    DRIVES,
    PENDING,
    REQUESTS,
    SCHEDULES,
    THURSDAY,
    TYPES,
    UNKNOWN,
    VIDEO,
    VISIT,
    WORKSHOP,
    book,
    starts,
)


async def test_new_hours_decide_what_can_be_booked(acme):
    path = f"{SCHEDULES}/{DRIVES}/working-hours"
    days = [
        {"day": "thursday", "intervals": [{"start": "14:00", "end": "16:00"}, {"start": "09:00", "end": "10:00"}]},
        {"day": "friday", "enabled": False, "intervals": [{"start": "09:00", "end": "10:00"}]},
    ]
    week = data(await acme.put(path, json={"days": days}))
    assert data(await acme.get(path)) == week
    assert week["timezone"] == "Europe/Istanbul"
    assert [day["day"] for day in week["days"] if day["enabled"]] == ["thursday"]
    assert await starts(acme) == ["09:00", "09:30", "14:00", "14:30", "15:30"]
    assert await starts(acme, first="2026-03-13") == []
    assert field(await book(acme, "11:00", "11:30")) == "start_time"

    data(await acme.put(path, json={"timezone": "Europe/Berlin", "days": days}))
    assert (await starts(acme))[0] == "09:00"
    assert (await starts(acme, timezone="Europe/Istanbul"))[0] == "11:00"


@pytest.mark.parametrize(
    ("body", "named"),
    [
        ({"days": [{"day": "monday", "intervals": [{"start": "17:00", "end": "09:00"}]}]}, "days.0.intervals"),
        (
            {
                "days": [
                    {
                        "day": "monday",
                        "intervals": [{"start": s, "end": e} for s, e in (("09:00", "12:00"), ("11:00", "13:00"))],
                    }
                ]
            },
            "days.0.intervals",
        ),
        ({"days": [{"day": "monday"}, {"day": "monday"}]}, "days.1.day"),
        ({"days": [], "timezone": "Mars/Olympus"}, "timezone"),
        ({"days": [{"day": "funday"}]}, "days.0.day"),
    ],
)
async def test_hours_that_make_no_sense_change_nothing(acme, body, named):
    path = f"{SCHEDULES}/{DRIVES}/working-hours"
    before = data(await acme.get(path))
    assert field(await acme.put(path, json=body)) == named
    assert data(await acme.get(path)) == before


async def test_a_new_schedule_keeps_office_hours_and_asks_its_questions(acme):
    made = data(
        await acme.post(
            SCHEDULES,
            json={
                "name": "Valuation",
                "availability_type_uuid": VIDEO,
                "custom_questions": [{"name": "Mileage", "required": True}],
            },
        ),
        201,
    )
    assert made["type"] == "appointment"
    assert made["custom_questions"] == [{"name": "Mileage", "type": "text", "required": True, "description": None}]
    assert (await starts(acme, made["uuid"]))[:3] == ["09:00", "09:20", "09:40"]
    assert field(await book(acme, "09:00", "09:20", made["uuid"])) == "custom_answers.Mileage"
    assert (await book(acme, "09:00", "09:20", made["uuid"], custom_answers={"Mileage": "40000"})).status_code == 201
    assert made["uuid"] in {
        row["uuid"] for row in data(await acme.get(SCHEDULES, params={"availability_type_uuid": VIDEO}))
    }
    assert (await acme.delete(f"{TYPES}/{VIDEO}")).status_code == 409


async def test_an_update_of_a_schedule_replaces_lists_and_keeps_the_rest(acme):
    path = f"{SCHEDULES}/{DRIVES}"
    before = data(await acme.get(path))
    after = data(await acme.put(path, json={"custom_questions": [], "availability_type_uuid": WORKSHOP}))
    assert after["custom_questions"] == []
    assert after["ai_agents"] == before["ai_agents"]
    assert (await starts(acme))[:2] == ["09:00", "10:15"]


@pytest.mark.parametrize(
    ("body", "named"),
    [
        ({"availability_type_uuid": UNKNOWN}, "availability_type_uuid"),
        ({"ai_agents": [UNKNOWN]}, "ai_agents.0"),
        ({"custom_questions": [{"name": "Model"}, {"name": "Model"}]}, "custom_questions"),
    ],
)
async def test_a_schedule_refers_only_to_what_exists(acme, body, named):
    assert field(await acme.put(f"{SCHEDULES}/{DRIVES}", json=body)) == named
    assert field(await acme.post(SCHEDULES, json={"name": "New", "availability_type_uuid": VISIT, **body})) == named


async def test_a_schedule_is_deleted_when_nothing_lies_ahead(acme, clock):
    path = f"{SCHEDULES}/{DRIVES}"
    assert (await acme.delete(path)).status_code == 409
    clock.advance(timedelta(days=3).total_seconds())
    assert (await acme.delete(path)).status_code == 409
    data(await acme.post(f"{REQUESTS}/{PENDING}/reject"))
    data(await acme.delete(path))
    assert (await acme.get(path)).status_code == 404
    assert (await acme.get(f"{path}/available-slots", params={"start_date": THURSDAY})).status_code == 404
    assert [row["uuid"][-1] for row in data(await acme.get(APPOINTMENTS, params={"schedule_uuid": DRIVES}))] == [
        "3",
        "1",
        "2",
    ]


async def test_a_type_of_another_length_changes_slots_but_no_bookings(acme):
    before = data(await acme.get(APPOINTMENTS))
    data(await acme.put(f"{TYPES}/{VISIT}", json={"duration_minutes": 120}))
    assert await starts(acme) == ["09:00", "11:00", "13:00"]
    assert data(await acme.get(APPOINTMENTS)) == before


async def test_types_are_listed_by_name_and_deleted_when_unused(acme):
    made = data(await acme.post(TYPES, json={"name": "A short one", "duration_minutes": 10}), 201)
    assert made["buffer_minutes"] == 0
    rows = data(await acme.get(TYPES))
    assert [row["name"] for row in rows] == sorted(row["name"] for row in rows)
    assert made in rows
    data(await acme.delete(f"{TYPES}/{made['uuid']}"))
    assert made not in data(await acme.get(TYPES))
