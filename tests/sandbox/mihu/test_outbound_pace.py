"""Listings worked off by the clock, at the cadence of their rule."""

from __future__ import annotations

from datetime import timedelta
from itertools import count
from typing import Any

import httpx
import pytest

from tests.sandbox.mihu.answers import data, field
from tests.sandbox.mihu.conftest import NOON
from tests.sandbox.mihu.listing_runs import (
    ALL_DAY,
    CALL_S,
    DAY,
    ELIF,
    HOST,
    HOUR,
    LISTINGS,
    RECALL,
    TASKS,
    TOKEN,
    created,
    people,
    standing,
    status_of,
    tasks_of,
)
from toolpress_sandbox.app import create_app
from toolpress_sandbox.clock import Clock
from toolpress_sandbox.mihu.dispatch import BEGUN_AT_ONCE, LISTING_PARALLEL


async def test_a_listing_is_completed_when_everybody_has_been_reached(acme: httpx.AsyncClient, clock: Clock) -> None:
    crowd = LISTING_PARALLEL * 2 + 3
    listing = (await created(acme, people(crowd), auto_start=True))["uuid"]
    for under_way in (LISTING_PARALLEL, LISTING_PARALLEL, 3):
        assert (await standing(acme, listing)).count("In_Call") == under_way
        clock.advance(CALL_S)
    assert await standing(acme, listing) == ["Completed"] * crowd
    assert await status_of(acme, listing) == "Completed"
    talks = data(await acme.get(f"/api/v1/contacts/{(await tasks_of(acme, listing))[0]['contact_uuid']}/conversations"))
    assert [(row["channel"], row["status"], row["listing_uuid"]) for row in talks["data"]] == [
        ("Call", "Closed", listing)
    ]
    assert field(await acme.post(f"{LISTINGS}/{listing}/run")) == "contacts"


async def test_one_look_begins_few_tasks_and_the_next_one_the_others(acme: httpx.AsyncClient, clock: Clock) -> None:
    count = BEGUN_AT_ONCE // LISTING_PARALLEL + 1
    for _ in range(count):
        await created(acme, people(LISTING_PARALLEL), auto_start=True, start_date="2026-03-11")
    clock.advance(DAY)
    looks = [data(await acme.get(TASKS, params={"status": "in_progress"}))["total"] for _ in range(2)]
    assert looks == [BEGUN_AT_ONCE, LISTING_PARALLEL * count]


async def test_nobody_answers_and_the_rule_sets_the_pace(acme: httpx.AsyncClient, clock: Clock) -> None:
    """Noon in UTC is 15:00 in Istanbul: two attempts fit into the day, the third opens the next one."""
    rule = {"max_calls_per_day": 2, "max_total_calls": 3, "retry_interval_minutes": 30}
    listing = (await created(acme, people(1, ending="99"), auto_start=True, rule=rule))["uuid"]
    assert await standing(acme, listing) == ["In_Call"]
    retries = []
    for wait in (40, 30 * 60, 18 * HOUR):
        clock.advance(wait)
        await acme.get(LISTINGS)
        clock.advance(40)
        row = data(await acme.get(f"{LISTINGS}/{listing}/contacts"))["data"][0]
        retries.append((row["status"], row["retry_count"], row["next_retry_at"]))
    assert retries == [
        ("Retrying", 1, "2026-03-10T12:30:00.000Z"),
        ("Retrying", 2, "2026-03-11T06:00:00.000Z"),
        ("Failed", 3, None),
    ]
    (task,) = await tasks_of(acme, listing)
    assert (task["status"], task["attempts"], task["last_attempt"]["error"]) == ("failed", 3, "Not answered")
    assert await status_of(acme, listing) == "Completed"


@pytest.mark.parametrize(
    ("zone", "due"),
    [
        ("Europe/Istanbul", "2026-03-10T12:00:00.000Z"),
        ("America/New_York", "2026-03-10T13:00:00.000Z"),
        ("Asia/Tokyo", "2026-03-11T00:00:00.000Z"),
        ("Nowhere/Land", "2026-03-10T12:00:00.000Z"),
    ],
)
async def test_hours_are_read_on_the_clock_of_the_person(
    acme: httpx.AsyncClient, clock: Clock, zone: str, due: str
) -> None:
    rule = {"start_time": "09:00", "end_time": "18:00"}
    listing = (await created(acme, people(1, timezone=zone), auto_start=True, rule=rule))["uuid"]
    (task,) = await tasks_of(acme, listing)
    assert task["scheduled_at"] == due
    clock.set(NOON.fromisoformat(due))
    assert await standing(acme, listing) == ["In_Call"]


async def test_a_queue_that_is_not_done_at_closing_time_waits_for_the_morning(
    acme: httpx.AsyncClient, clock: Clock
) -> None:
    crowd = people(LISTING_PARALLEL + 1)
    listing = (await created(acme, crowd, auto_start=True, rule={"end_time": "15:30"}))["uuid"]
    await acme.get(LISTINGS)
    clock.advance(4 * HOUR)
    assert await standing(acme, listing) == ["Completed"] * LISTING_PARALLEL + ["Pending"]
    clock.advance(14 * HOUR)
    assert await standing(acme, listing) == ["Completed"] * LISTING_PARALLEL + ["In_Call"]


async def test_halting_lets_calls_end_and_the_next_run_goes_on_where_it_was(
    acme: httpx.AsyncClient, clock: Clock
) -> None:
    listing = (await created(acme, people(LISTING_PARALLEL + 2), auto_start=True))["uuid"]
    await acme.get(LISTINGS)
    assert data(await acme.post(f"{LISTINGS}/{listing}/stop"))["tasks_cancelled"] == 2
    clock.advance(CALL_S)
    assert await standing(acme, listing) == ["Completed"] * LISTING_PARALLEL + ["Pending"] * 2
    clock.advance(DAY)
    assert await status_of(acme, listing) == "Draft"
    assert data(await acme.post(f"{LISTINGS}/{listing}/run"))["tasks_created"] == 2
    await acme.get(LISTINGS)
    clock.advance(CALL_S)
    assert await standing(acme, listing) == ["Completed"] * (LISTING_PARALLEL + 2)
    assert await status_of(acme, listing) == "Completed"


async def test_attempts_count_over_several_runs(acme: httpx.AsyncClient, clock: Clock) -> None:
    rule = {**ALL_DAY, "max_total_calls": 2}
    listing = (await created(acme, people(1, ending="99"), auto_start=True, rule=rule))["uuid"]
    await acme.get(LISTINGS)
    await acme.post(f"{LISTINGS}/{listing}/stop")
    clock.advance(CALL_S)
    assert await standing(acme, listing) == ["Pending"]
    await acme.post(f"{LISTINGS}/{listing}/run")
    await acme.get(LISTINGS)
    clock.advance(CALL_S)
    assert await standing(acme, listing) == ["Failed"]


async def test_a_rule_that_was_tightened_meanwhile_ends_who_has_had_enough(
    acme: httpx.AsyncClient, clock: Clock
) -> None:
    listing = await created(acme, people(1, ending="99"), auto_start=True)
    await acme.get(LISTINGS)
    await acme.post(f"{LISTINGS}/{listing['uuid']}/stop")
    clock.advance(CALL_S)
    await acme.put(f"/api/v1/rules/{listing['rule']['uuid']}", json={"max_total_calls": 1})
    assert data(await acme.post(f"{LISTINGS}/{listing['uuid']}/run"))["tasks_created"] == 0
    assert await standing(acme, listing["uuid"]) == ["Failed"]


async def test_who_joins_a_running_listing_is_called_at_once(acme: httpx.AsyncClient) -> None:
    added = data(await acme.post(f"{LISTINGS}/{RECALL}/contacts", json={"contacts": people(1)}))
    assert (added["contacts_added"], added["tasks_created"]) == (1, 1)
    assert (await standing(acme, RECALL))[-1] == "In_Call"


async def test_who_is_taken_out_is_not_called(acme: httpx.AsyncClient, clock: Clock) -> None:
    (task,) = await tasks_of(acme, RECALL, status="scheduled")
    person = task["contact_uuid"]
    assert (await acme.delete(f"{LISTINGS}/{RECALL}/contacts/{person}")).status_code == 200
    assert (await acme.delete(f"{LISTINGS}/{RECALL}/contacts/{person}")).status_code == 404
    assert data(await acme.get(f"{TASKS}/{task['uuid']}"))["status"] == "cancelled"
    assert await status_of(acme, RECALL) == "Completed"


async def test_who_is_blacklisted_before_the_call_is_left_out(acme: httpx.AsyncClient, clock: Clock) -> None:
    tomorrow = {"start_date": "2026-03-11"}
    listing = (await created(acme, [{"phone_number": "+905321110001"}], auto_start=True, **tomorrow))["uuid"]
    assert await standing(acme, listing) == ["Pending"]
    await acme.post(f"/api/v1/contacts/{ELIF}/blacklist", json={"reason": "Asked not to be called"})
    clock.advance(DAY)
    assert await standing(acme, listing) == ["Skipped"]
    assert [task["status"] for task in await tasks_of(acme, listing)] == ["cancelled"]


async def test_the_last_day_ends_a_listing(acme: httpx.AsyncClient, clock: Clock) -> None:
    span = {"start_date": "2026-03-10", "end_date": "2026-03-10", "rule": {"start_time": "08:00", "end_time": "15:00"}}
    listing = (await created(acme, people(1), auto_start=True, **span))["uuid"]
    assert await status_of(acme, listing) == "In Process"
    clock.advance(9 * HOUR)
    assert await status_of(acme, listing) == "Completed"
    assert await standing(acme, listing) == ["Skipped"]
    late = await created(acme, people(1), end_date="2026-03-10")
    clock.advance(DAY)
    assert field(await acme.post(f"{LISTINGS}/{late['uuid']}/run")) == "end_date"


async def test_a_clock_that_does_not_stand_still_keeps_nobody_waiting(mihu: Any) -> None:
    ticks = count()
    clock = Clock(lambda: NOON + timedelta(milliseconds=3 * next(ticks)))
    transport = httpx.ASGITransport(app=create_app("mihu", definition=mihu.raw, clock=clock))
    async with httpx.AsyncClient(transport=transport, base_url=HOST, headers=TOKEN) as client:
        listing = (await created(client, people(2), auto_start=True, rule={}))["uuid"]
        assert await standing(client, listing) == ["In_Call"] * 2


async def test_the_same_steps_give_the_same_answers(mihu: Any) -> None:
    async def steps() -> list[Any]:
        clock = Clock(lambda: NOON)
        transport = httpx.ASGITransport(app=create_app("mihu", definition=mihu.raw, clock=clock))
        async with httpx.AsyncClient(transport=transport, base_url=HOST, headers=TOKEN) as client:
            listing = (await created(client, people(12) + people(3, ending="99"), auto_start=True))["uuid"]
            for _ in range(3):
                await client.get(LISTINGS)
                clock.advance(CALL_S)
            return await tasks_of(client, listing)

    assert await steps() == await steps()
