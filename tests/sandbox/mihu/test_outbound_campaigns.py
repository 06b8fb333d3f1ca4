"""Campaigns, the pools they draw from and the rules they keep to."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from tests.sandbox.mihu.answers import data, field
from toolpress_sandbox.clock import Clock

CAMPAIGNS, POOLS, RULES, TASKS = "/api/v1/campaigns", "/api/v1/pools", "/api/v1/rules", "/api/v1/tasks"
UNKNOWN = "ffffffff-ffff-4fff-8fff-ffffffffffff"
SALES, SERVICE = "a0000000-0000-4000-8000-000000000001", "a0000000-0000-4000-8000-000000000002"
ELIF, MERT, ANNA, CAN, ZEYNEP = (f"c0000000-0000-4000-8000-00000000000{number}" for number in range(1, 6))
SPRING, TYRES, WINTER = (f"f1000000-0000-4000-8000-00000000000{number}" for number in (1, 2, 3))
LEADS, VIPS, TYRE_POOL, RETIRED = (f"f0000000-0000-4000-8000-00000000000{number}" for number in (1, 2, 3, 4))
OFFICE, ONE_TEXT, PERSISTENT = (f"f3000000-0000-4000-8000-00000000000{number}" for number in (1, 2, 3))
CALL_S, DAY = 70, 86400


async def members(client: httpx.AsyncClient, pool: str, **wanted: str) -> dict[str, str]:
    rows = data(await client.get(f"{POOLS}/{pool}/contacts", params=wanted))["data"]
    return {row["contact_uuid"]: row["status"] for row in rows}


async def status_of(client: httpx.AsyncClient, campaign: str) -> str:
    status: str = data(await client.get(f"{CAMPAIGNS}/{campaign}"))["status"]
    return status


async def filled(client: httpx.AsyncClient, *contacts: str, **settings: Any) -> str:
    """A new pool with these members."""
    body = {"name": "Pool", "description": "For a test", **settings}
    uuid: str = data(await client.post(POOLS, json=body), 201)["uuid"]
    data(await client.post(f"{POOLS}/{uuid}/contacts", json={"contact_uuids": list(contacts)}))
    return uuid


async def published(client: httpx.AsyncClient, *pools: str, **settings: Any) -> str:
    """A new campaign that runs on these pools."""
    body = {"name": "Campaign", "agent_uuid": SALES, **settings}
    uuid: str = data(await client.post(CAMPAIGNS, json=body), 201)["uuid"]
    data(await client.post(f"{CAMPAIGNS}/{uuid}/pools", json={"pool_uuids": list(pools)}))
    data(await client.post(f"{CAMPAIGNS}/{uuid}/publish"))
    return uuid


async def test_a_campaign_is_published_works_on_and_is_halted(acme: httpx.AsyncClient, clock: Clock) -> None:
    run = data(await acme.post(f"{CAMPAIGNS}/{SPRING}/publish"))
    assert run == {"campaign_uuid": SPRING, "status": "In Process", "tasks_created": 2}
    assert (await acme.post(f"{CAMPAIGNS}/{SPRING}/publish")).status_code == 409
    assert await members(acme, LEADS) == {ELIF: "In_Call", MERT: "Pending", CAN: "Skipped"}
    clock.advance(CALL_S)
    assert await members(acme, LEADS) == {ELIF: "Completed", MERT: "In_Call", CAN: "Skipped"}
    clock.advance(CALL_S)
    report = data(await acme.get(f"{CAMPAIGNS}/{SPRING}/report"))
    assert report["contacts"] == {"total": 3, "pending": 0, "in_progress": 0, "completed": 2, "failed": 0, "skipped": 1}
    assert report["tasks"] == {"total": 2, "by_status": {"completed": 2}}
    assert report["calls"] == {"attempted": 2, "answered": 2, "failed": 0}
    assert report["status"] == "In Process"
    assert data(await acme.post(f"{CAMPAIGNS}/{SPRING}/stop"))["status"] == "Draft"
    assert (await acme.post(f"{CAMPAIGNS}/{SPRING}/stop")).status_code == 409


async def test_halting_cancels_what_has_not_begun(acme: httpx.AsyncClient, clock: Clock) -> None:
    assert data(await acme.post(f"{CAMPAIGNS}/{TYRES}/stop"))["tasks_cancelled"] == 1
    assert await members(acme, TYRE_POOL) == {ANNA: "Pending"}
    clock.advance(30 * DAY)
    assert data(await acme.get(f"{CAMPAIGNS}/{TYRES}/report"))["calls"]["attempted"] == 0


@pytest.mark.parametrize(
    ("order", "first"),
    [
        ({"type": "FIFO"}, {ELIF}),
        ({"type": "LIFO"}, {ANNA}),
        ({"type": "Parallel", "max_parallel_items": 2}, {ANNA, MERT}),
    ],
)
async def test_a_pool_is_worked_off_in_its_order(acme: httpx.AsyncClient, order: Any, first: set[str]) -> None:
    pool = await filled(acme, ELIF, **order)
    for contact, priority in ((MERT, 3), (ANNA, 5)):
        await acme.post(f"{POOLS}/{pool}/contacts", json={"contact_uuids": [contact], "priority": priority})
    await published(acme, pool)
    assert set(await members(acme, pool, status="In_Call")) == first


async def test_running_campaigns_take_up_new_members_at_once(acme: httpx.AsyncClient) -> None:
    wanted = {"contact_uuids": [ELIF, ELIF, UNKNOWN, ANNA]}
    reply = await acme.post(f"{POOLS}/{TYRE_POOL}/contacts", json=wanted)
    assert data(reply) == {
        "pool_uuid": TYRE_POOL,
        "contacts_added": 1,
        "contacts_skipped": 1,
        "contact_uuids_not_found": [UNKNOWN],
        "tasks_created": 1,
        "running_campaign_uuids": [TYRES],
    }
    assert (await members(acme, TYRE_POOL))[ELIF] == "In_Call"


async def test_pools_are_attached_once_and_to_a_running_campaign_at_work_at_once(acme: httpx.AsyncClient) -> None:
    wanted = {"pool_uuids": [VIPS, TYRE_POOL, UNKNOWN, RETIRED, VIPS]}
    attached = data(await acme.post(f"{CAMPAIGNS}/{TYRES}/pools", json=wanted))
    assert (attached["pools_attached"], attached["pool_uuids_not_found"], attached["tasks_created"]) == (
        2,
        [UNKNOWN],
        1,
    )
    pools = data(await acme.get(f"{CAMPAIGNS}/{TYRES}"))["pools"]
    assert [pool["uuid"] for pool in pools] == [TYRE_POOL, VIPS, RETIRED]


async def test_a_pool_that_is_detached_is_left_alone(acme: httpx.AsyncClient) -> None:
    assert (await acme.delete(f"{CAMPAIGNS}/{TYRES}/pools/{TYRE_POOL}")).status_code == 200
    assert (await acme.delete(f"{CAMPAIGNS}/{TYRES}/pools/{TYRE_POOL}")).status_code == 404
    assert await members(acme, TYRE_POOL) == {ANNA: "Pending"}
    statuses = data(await acme.get(f"{CAMPAIGNS}/{TYRES}/report"))["tasks"]["by_status"]
    assert statuses == {"cancelled": 1}


async def test_nobody_is_contacted_twice_in_one_campaign(acme: httpx.AsyncClient) -> None:
    pools = [await filled(acme, ELIF), await filled(acme, ELIF, MERT)]
    campaign = await published(acme, *pools)
    assert data(await acme.get(TASKS, params={"campaign_uuid": campaign}))["total"] == 2
    assert (await members(acme, pools[1]))[ELIF] == "Skipped"


async def test_without_a_rule_the_pool_says_how_often(acme: httpx.AsyncClient) -> None:
    campaign = await published(acme, await filled(acme, ELIF, max_retries=6))
    (task,) = data(await acme.get(TASKS, params={"campaign_uuid": campaign}))["data"]
    assert task["max_attempts"] == 7


async def test_a_campaign_keeps_to_its_span(acme: httpx.AsyncClient, clock: Clock) -> None:
    pool = await filled(acme, ELIF)
    span = {"start_date": "2026-03-11T12:00:00Z", "end_date": "2026-03-12T14:00:00+02:00"}
    campaign = await published(acme, pool, **span)
    assert await members(acme, pool) == {ELIF: "Pending"}
    clock.advance(DAY)
    assert await members(acme, pool) == {ELIF: "In_Call"}
    clock.advance(CALL_S)
    assert await members(acme, pool) == {ELIF: "Completed"}
    assert await status_of(acme, campaign) == "In Process"
    clock.advance(DAY)
    assert await status_of(acme, campaign) == "Completed"
    assert field(await acme.post(f"{CAMPAIGNS}/{campaign}/publish")) == "end_date"


@pytest.mark.parametrize(
    ("status", "after", "open_tasks"), [("Active", "In Process", 1), ("Archived", "Archived", 0), ("Draft", "Draft", 0)]
)
async def test_a_state_set_by_hand_ends_a_run_unless_it_is_active(
    acme: httpx.AsyncClient, status: str, after: str, open_tasks: int
) -> None:
    changed = data(await acme.put(f"{CAMPAIGNS}/{TYRES}", json={"status": status, "name": "Tyres"}))
    assert (changed["status"], changed["name"]) == (after, "Tyres")
    planned = {"campaign_uuid": TYRES, "status": "scheduled"}
    assert data(await acme.get(TASKS, params=planned))["total"] == open_tasks


async def test_what_keeps_a_campaign_from_being_published(acme: httpx.AsyncClient) -> None:
    assert field(await acme.post(f"{CAMPAIGNS}/{WINTER}/publish")) == "pool_uuids"
    await acme.post(f"{CAMPAIGNS}/{WINTER}/pools", json={"pool_uuids": [RETIRED]})
    assert field(await acme.post(f"{CAMPAIGNS}/{WINTER}/publish")) == "pool_uuids"
    await acme.post(f"{CAMPAIGNS}/{WINTER}/pools", json={"pool_uuids": [VIPS]})
    assert field(await acme.post(f"{CAMPAIGNS}/{WINTER}/publish")) == "agent_uuid"
    await acme.put(f"{CAMPAIGNS}/{WINTER}", json={"agent_uuid": SERVICE})
    assert field(await acme.post(f"{CAMPAIGNS}/{WINTER}/publish")) == "agent_uuid"
    await acme.put(f"{CAMPAIGNS}/{WINTER}", json={"status": "Archived", "agent_uuid": SALES})
    assert (await acme.post(f"{CAMPAIGNS}/{WINTER}/publish")).status_code == 409


async def test_a_deleted_campaign_takes_its_plans_with_it(acme: httpx.AsyncClient) -> None:
    assert (await acme.delete(f"{CAMPAIGNS}/{TYRES}")).status_code == 200
    assert (await acme.get(f"{CAMPAIGNS}/{TYRES}")).status_code == 404
    (task,) = data(await acme.get(TASKS, params={"campaign_uuid": TYRES}))["data"]
    assert task["status"] == "cancelled"
    assert (await acme.get(f"{POOLS}/{TYRE_POOL}")).status_code == 200


async def test_campaigns_are_found_by_text_and_state(acme: httpx.AsyncClient) -> None:
    async def found(**wanted: str) -> list[str]:
        return [row["uuid"] for row in data(await acme.get(CAMPAIGNS, params=wanted))["data"]]

    assert await found(status="In Process") == [TYRES]
    assert await found(search="SUMMER tyres") == [TYRES]
    assert await found() == [WINTER, TYRES, SPRING]


async def test_a_pool_is_made_changed_copied_and_deleted(acme: httpx.AsyncClient) -> None:
    pool = await filled(acme, ELIF, MERT, type="Parallel")
    changed = data(await acme.put(f"{POOLS}/{pool}", json={"max_retries": 0}))
    assert (changed["max_retries"], changed["type"], changed["max_parallel_items"]) == (0, "Parallel", 10)
    copy = data(await acme.post(f"{POOLS}/{pool}/duplicate", json={}), 201)
    assert (copy["name"], copy["contacts_copied"], copy["max_retries"]) == ("Pool (copy)", 2, 0)
    bare = data(await acme.post(f"{POOLS}/{pool}/duplicate", json={"name": "Bare", "copy_contacts": False}), 201)
    assert (bare["name"], bare["contacts_count"]) == ("Bare", 0)
    assert (await acme.delete(f"{POOLS}/{pool}")).status_code == 200
    assert (await acme.get(f"{POOLS}/{pool}/contacts")).status_code == 404
    assert await members(acme, copy["uuid"]) == {ELIF: "Pending", MERT: "Pending"}


async def test_a_pool_in_use_is_not_deleted(acme: httpx.AsyncClient) -> None:
    assert (await acme.delete(f"{POOLS}/{TYRE_POOL}")).status_code == 409
    assert (await acme.delete(f"{POOLS}/{LEADS}")).status_code == 200
    assert data(await acme.get(f"{CAMPAIGNS}/{SPRING}"))["pools"] == []
    assert (await acme.delete(f"{CAMPAIGNS}/{SPRING}/pools/{LEADS}")).status_code == 404


async def test_a_member_that_leaves_its_pool_is_not_called(acme: httpx.AsyncClient) -> None:
    assert (await acme.delete(f"{POOLS}/{TYRE_POOL}/contacts/{ANNA}")).status_code == 200
    assert (await acme.delete(f"{POOLS}/{TYRE_POOL}/contacts/{ANNA}")).status_code == 404
    (task,) = data(await acme.get(TASKS, params={"campaign_uuid": TYRES}))["data"]
    assert task["status"] == "cancelled"


async def test_pools_and_their_members_are_found(acme: httpx.AsyncClient) -> None:
    async def found(**wanted: str) -> list[str]:
        return [row["uuid"] for row in data(await acme.get(POOLS, params=wanted))["data"]]

    assert await found(is_active="false") == [RETIRED]
    assert await found(type="Parallel") == [VIPS]
    assert await found(search="FAIR") == [LEADS]
    assert await members(acme, LEADS, search="1110002") == {MERT: "Pending"}
    assert await members(acme, LEADS, status="Failed") == {}


async def test_a_rule_for_messages_is_one_shot(acme: httpx.AsyncClient) -> None:
    given = {"name": "Text", "type": "text", "max_total_calls": 5, "end_time": "20:00", "start_time": "10:30"}
    rule = data(await acme.post(RULES, json=given), 201)
    assert (rule["max_total_calls"], rule["max_calls_per_day"]) == (1, 1)
    assert (rule["start_time"], rule["end_time"], rule["retry_interval_minutes"]) == ("10:30:00", None, None)
    call = data(await acme.put(f"{RULES}/{rule['uuid']}", json={"type": "call", "max_total_calls": 4}))
    assert (call["max_total_calls"], call["max_calls_per_day"], call["end_time"]) == (4, 3, "18:00:00")
    text = data(await acme.put(f"{RULES}/{PERSISTENT}", json={"type": "text"}))
    assert (text["escalation_type"], text["max_total_calls"], text["name"]) == (None, 1, "Persistent")


async def test_the_hours_of_a_rule_end_after_they_begin(acme: httpx.AsyncClient) -> None:
    assert field(await acme.put(f"{RULES}/{OFFICE}", json={"start_time": "18:00"})) == "end_time"
    moved = data(await acme.put(f"{RULES}/{OFFICE}", json={"start_time": "18:00", "end_time": "21:00"}))
    assert (moved["start_time"], moved["end_time"], moved["max_total_calls"]) == ("18:00:00", "21:00:00", 10)


async def test_rules_are_found_assigned_and_kept_while_they_are_followed(acme: httpx.AsyncClient) -> None:
    listed = data(await acme.get(RULES, params={"search": "sales@"}))["data"]
    assert [rule["uuid"] for rule in listed] == [PERSISTENT]
    assert data(await acme.get(RULES, params={"type": "text"}))["data"][0]["uuid"] == ONE_TEXT
    assigned = data(await acme.put(f"{CAMPAIGNS}/{SPRING}/rule", json={"rule_uuid": PERSISTENT}))
    assert (assigned["campaign_uuid"], assigned["rule"]["end_time"]) == (SPRING, "20:00:00")
    assert (await acme.delete(f"{RULES}/{PERSISTENT}")).status_code == 409
    data(await acme.put(f"{CAMPAIGNS}/{SPRING}/rule", json={"rule_uuid": ONE_TEXT}))
    assert (await acme.delete(f"{RULES}/{PERSISTENT}")).status_code == 200
    assert (await acme.get(f"{RULES}/{PERSISTENT}")).status_code == 404


async def test_a_tenant_sees_its_own_campaigns_pools_and_rules_only(
    acme: httpx.AsyncClient, globex: httpx.AsyncClient, readonly: httpx.AsyncClient
) -> None:
    for path, own in ((CAMPAIGNS, SPRING), (POOLS, LEADS), (RULES, OFFICE)):
        assert (await globex.get(f"{path}/{own}")).status_code == 404
        assert (await globex.delete(f"{path}/{own}")).status_code == 404
        assert data(await globex.get(path))["total"] == 1
    theirs = {"contact_uuids": [ELIF]}
    pool = data(await globex.get(POOLS))["data"][0]["uuid"]
    assert data(await globex.post(f"{POOLS}/{pool}/contacts", json=theirs))["contact_uuids_not_found"] == [ELIF]
    assert (await readonly.post(f"{CAMPAIGNS}/{SPRING}/publish")).status_code == 403
    assert await status_of(acme, SPRING) == "Draft"
