"""Listings: people taken in by the thousand, run, halted, found and refused."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from tests.sandbox.mihu.answers import data, field
from tests.sandbox.mihu.listing_runs import (
    CAN,
    ELIF,
    EMPTY,
    GLOBEX_LISTING,
    LISTINGS,
    MERT,
    Q2,
    RECALL,
    SALES,
    SERVICE,
    TASKS,
    created,
    people,
    standing,
    status_of,
    tasks_of,
)
from toolpress_sandbox.mihu.dispatch import LISTING_PARALLEL


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
