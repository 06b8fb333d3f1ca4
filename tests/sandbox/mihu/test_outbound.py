"""Listings: people taken in by the thousand, run, halted, and worked off by the clock at the cadence of their rule."""

from __future__ import annotations

from datetime import timedelta
from itertools import count
from typing import Any

import httpx
import pytest

from tests.sandbox.mihu.answers import data, field
from tests.sandbox.mihu.conftest import NOON
from toolpress_sandbox.app import create_app
from toolpress_sandbox.clock import Clock
from toolpress_sandbox.mihu.dispatch import BEGUN_AT_ONCE, LISTING_PARALLEL

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


async def test_five_thousand_people_fit_into_one_request_and_are_known_the_next_time(acme: httpx.AsyncClient) -> None:
    crowd = people(5000, city="Izmir")
    before = data(await acme.get("/api/v1/contacts"))["total"]
    first = await created(acme, crowd)
    assert (first["contacts_count"], first["contacts_added"], first["contacts_skipped"]) == (5000, 5000, 0)
    assert data(await acme.get("/api/v1/contacts"))["total"] == before + 5000
    second = await created(acme, crowd, auto_start=True)
    assert (second["status"], second["tasks_created"]) == ("In Process", 5000)
    assert data(await acme.get("/api/v1/contacts"))["total"] == before + 5000
    assert data(await acme.get(TASKS, params={"status": "in_progress"}))["total"] == LISTING_PARALLEL
    stopped = data(await acme.post(f"{LISTINGS}/{second['uuid']}/stop"))
    assert stopped["tasks_cancelled"] == 5000 - LISTING_PARALLEL


async def test_people_are_recognised_by_phone_first_then_by_email_and_brought_up_to_date(
    acme: httpx.AsyncClient,
) -> None:
    by_phone = {"phone_number": "+905321110001", "email": "mert.demir@example.com", "surname": "Kaya"}
    by_email = {"email": "Mert.Demir@example.com", "loyalty_level": "Gold", "shoe_size": "42"}
    listing = await created(acme, [by_phone, by_email])
    rows = data(await acme.get(f"{LISTINGS}/{listing['uuid']}/contacts"))["data"]
    assert [row["contact_uuid"] for row in rows] == [ELIF, MERT]
    elif_, mert = [data(await acme.get(f"/api/v1/contacts/{uuid}")) for uuid in (ELIF, MERT)]
    assert (elif_["name"], elif_["surname"]) == ("Elif", "Kaya")
    assert (mert["loyalty_level"], "shoe_size" in mert) == ("Gold", False)


async def test_repeated_people_count_once(acme: httpx.AsyncClient) -> None:
    listing = await created(acme, people(2) + people(1))
    assert (listing["contacts_added"], listing["contacts_skipped"]) == (2, 1)
    again = data(await acme.post(f"{LISTINGS}/{listing['uuid']}/contacts", json={"contacts": people(3)}))
    assert (again["contacts_added"], again["contacts_skipped"], again["tasks_created"]) == (1, 2, 0)


async def test_a_stranger_without_a_number_is_refused_and_nobody_is_kept(acme: httpx.AsyncClient) -> None:
    before = data(await acme.get("/api/v1/contacts"))["total"]
    body = {"name": "Leads", "contacts": [*people(1), {"email": "nobody@example.com"}]}
    assert field(await acme.post(LISTINGS, json=body)) == "contacts.1.phone_number"
    assert data(await acme.get("/api/v1/contacts"))["total"] == before


async def test_a_listing_runs_is_halted_and_runs_again(acme: httpx.AsyncClient) -> None:
    run = data(await acme.post(f"{LISTINGS}/{Q2}/run"))
    assert run == {"listing_uuid": Q2, "status": "In Process", "tasks_created": 2}
    assert (await acme.post(f"{LISTINGS}/{Q2}/run")).status_code == 409
    assert (await acme.delete(f"{LISTINGS}/{Q2}")).status_code == 409
    assert await standing(acme, Q2) == ["In_Call", "In_Call", "Skipped"]
    assert data(await acme.post(f"{LISTINGS}/{Q2}/stop"))["status"] == "Draft"
    assert (await acme.post(f"{LISTINGS}/{Q2}/stop")).status_code == 409
    assert (await acme.delete(f"{LISTINGS}/{Q2}")).status_code == 200
    assert (await acme.get(f"{LISTINGS}/{Q2}")).status_code == 404
    assert (await acme.get(f"/api/v1/contacts/{ELIF}")).status_code == 200


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


async def test_a_text_listing_writes_once(acme: httpx.AsyncClient) -> None:
    listing = (await created(acme, people(2), campaign_type="text", auto_start=True, rule={}))["uuid"]
    assert await standing(acme, listing) == ["Completed"] * 2
    assert await status_of(acme, listing) == "Completed"
    (task, _) = await tasks_of(acme, listing)
    assert (task["type"], task["max_attempts"]) == ("send_message", 1)
    talks = data(await acme.get(f"/api/v1/contacts/{task['contact_uuid']}/conversations"))["data"]
    assert [row["channel"] for row in talks] == ["Whatsapp"]


@pytest.mark.parametrize(
    ("members", "named"),
    [
        ({"agent_uuid": SERVICE, "auto_start": True}, "agent_uuid"),
        ({"start_date": "2026-03-11", "end_date": "2026-03-10"}, "end_date"),
        ({"rule": {"uuid": "f3000000-0000-4000-8000-000000000001", "max_total_calls": 2}}, "rule"),
        ({"rule": {"start_time": "18:00", "end_time": "09:00"}}, "end_time"),
        ({"end_date": "9999-12-31"}, "end_date"),
    ],
)
async def test_what_a_listing_cannot_be(acme: httpx.AsyncClient, members: dict[str, Any], named: str) -> None:
    body = {"name": "Leads", "contacts": people(1), "agent_uuid": SALES, **members}
    assert field(await acme.post(LISTINGS, json=body)) == named


async def test_a_listing_without_agent_or_people_does_not_run(acme: httpx.AsyncClient) -> None:
    assert field(await acme.post(f"{LISTINGS}/{EMPTY}/run")) == "contacts"
    await acme.post(f"{LISTINGS}/{EMPTY}/contacts", json={"contacts": people(1)})
    assert field(await acme.post(f"{LISTINGS}/{EMPTY}/run")) == "agent_uuid"
    await acme.put(f"{LISTINGS}/{EMPTY}", json={"agent_uuid": SALES})
    assert data(await acme.post(f"{LISTINGS}/{EMPTY}/run"))["tasks_created"] == 1


async def test_listings_are_found_by_name_and_state(acme: httpx.AsyncClient) -> None:
    found = (await acme.get(LISTINGS, params={"search": "OUTBOUND"})).json()
    assert [row["uuid"] for row in found["data"]] == [Q2]
    running = (await acme.get(LISTINGS, params={"status": "In Process", "per_page": 1})).json()
    assert ([row["uuid"] for row in running["data"]], running["pagination"]["total"]) == ([RECALL], 1)
    assert (await acme.get(LISTINGS, params={"page": 9})).json()["data"] == []


async def test_people_of_a_listing_are_found_by_text_and_state(acme: httpx.AsyncClient) -> None:
    found = data(await acme.get(f"{LISTINGS}/{Q2}/contacts", params={"search": "AYDIN"}))
    assert (found["listing_uuid"], [row["contact_uuid"] for row in found["data"]]) == (Q2, [CAN])
    done = data(await acme.get(f"{LISTINGS}/{RECALL}/contacts", params={"status": "Completed"}))
    assert [row["contact_uuid"] for row in done["data"]] == [MERT]


async def test_a_tenant_sees_and_moves_its_own_listings_only(
    acme: httpx.AsyncClient, globex: httpx.AsyncClient, readonly: httpx.AsyncClient
) -> None:
    listed = (await globex.get(LISTINGS)).json()["data"]
    assert [row["uuid"] for row in listed] == [GLOBEX_LISTING]
    for method, path in (("GET", ""), ("POST", "/run"), ("POST", "/stop"), ("DELETE", ""), ("GET", "/contacts")):
        assert (await globex.request(method, f"{LISTINGS}/{Q2}{path}")).status_code == 404
    body = {"contacts": people(1), "name": "Theirs", "rule": {"uuid": "f3000000-0000-4000-8000-000000000001"}}
    assert (await globex.post(LISTINGS, json=body)).status_code == 404
    assert (await readonly.post(f"{LISTINGS}/{Q2}/run")).status_code == 403
    assert await status_of(acme, Q2) == "Draft"


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
