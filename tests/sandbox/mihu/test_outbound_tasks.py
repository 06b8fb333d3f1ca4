"""Single tasks: planned, queued, run by the clock, tried again, expired and refused by their state."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from tests.sandbox.mihu.answers import data, field
from toolpress_sandbox.clock import Clock

TASKS = "/api/v1/tasks"
SALES, SERVICE = "a0000000-0000-4000-8000-000000000001", "a0000000-0000-4000-8000-000000000002"
ELIF, MERT, CAN = (f"c0000000-0000-4000-8000-00000000000{number}" for number in (1, 2, 4))
PENDING, FAILED, DONE, PLANNED, OF_CAMPAIGN = (f"f4000000-0000-4000-8000-00000000000{number}" for number in range(1, 6))
TYRES = "f1000000-0000-4000-8000-000000000002"
RECALL = "f2000000-0000-4000-8000-000000000002"
TEMPLATE = "90000000-0000-4000-8000-000000000001"
AT_ONE = "2026-03-10T13:00:00Z"
CALL_S, HOUR, DAY = 70, 3600, 86400


def planned(**members: Any) -> dict[str, Any]:
    body = {"title": "Call", "type": "make_call", "agent_uuid": SALES, "scheduled_at": AT_ONE, "contact_uuid": ELIF}
    return {name: value for name, value in {**body, **members}.items() if value is not None}


async def created(client: httpx.AsyncClient, **members: Any) -> Any:
    return data(await client.post(TASKS, json=planned(**members)), 201)


async def shown(client: httpx.AsyncClient, uuid: str) -> Any:
    return data(await client.get(f"{TASKS}/{uuid}"))


async def test_a_task_waits_until_it_is_queued_and_its_time_has_come(acme: httpx.AsyncClient, clock: Clock) -> None:
    uuid = (await created(acme))["uuid"]
    clock.advance(2 * HOUR)
    assert (await shown(acme, uuid))["status"] == "pending"
    assert data(await acme.post(f"{TASKS}/{uuid}/queue"))["status"] == "queued"
    task = await shown(acme, uuid)
    assert (task["status"], task["attempts"]) == ("in_progress", 1)
    clock.advance(CALL_S)
    task = await shown(acme, uuid)
    assert (task["status"], task["last_attempt"]["status"]) == ("completed", "completed")
    talks = data(await acme.get(f"/api/v1/contacts/{ELIF}/conversations"))["data"]
    assert task["last_attempt"]["conversation_uuid"] in [talk["uuid"] for talk in talks]


async def test_a_task_that_is_queued_when_it_is_made_runs_at_its_time(acme: httpx.AsyncClient, clock: Clock) -> None:
    task = await created(acme, auto_queue=True, scheduled_at="2026-03-10T16:00:00.500+03:00")
    assert (task["status"], task["scheduled_at"]) == ("queued", "2026-03-10T13:00:00.500Z")
    clock.advance(HOUR)
    assert (await shown(acme, task["uuid"]))["status"] == "queued"
    clock.advance(1)
    assert (await shown(acme, task["uuid"]))["status"] == "in_progress"


@pytest.mark.parametrize(("strategy", "waits"), [("fixed", [30, 30]), ("exponential", [30, 60])])
async def test_a_task_that_fails_is_tried_again_and_then_given_up(
    acme: httpx.AsyncClient, clock: Clock, strategy: str, waits: list[int]
) -> None:
    pace = {"max_attempts": 3, "retry_delay_minutes": 30, "retry_strategy": strategy}
    silent = {"contact_uuid": None, "contact": {"phone_number": "+905551110099"}}
    uuid = (await created(acme, auto_queue=True, **silent, **pace))["uuid"]
    clock.advance(HOUR)
    for wait in waits:
        assert (await shown(acme, uuid))["status"] == "in_progress"
        clock.advance(40)
        assert (await shown(acme, uuid))["status"] == "scheduled"
        clock.advance(wait * 60 - 41)
        assert (await shown(acme, uuid))["status"] == "scheduled"
        clock.advance(1)
    await shown(acme, uuid)
    clock.advance(40)
    task = await shown(acme, uuid)
    assert (task["status"], task["attempts"]) == ("failed", 3)
    assert data(await acme.post(f"{TASKS}/{uuid}/retry"))["status"] == "queued"
    assert (await shown(acme, uuid))["attempts"] == 4


@pytest.mark.parametrize(
    ("step", "uuid"),
    [
        ("queue", DONE),
        ("queue", FAILED),
        ("cancel", DONE),
        ("retry", PENDING),
        ("retry", DONE),
    ],
)
async def test_a_step_that_the_state_does_not_allow_is_refused(acme: httpx.AsyncClient, step: str, uuid: str) -> None:
    assert field(await acme.post(f"{TASKS}/{uuid}/{step}")) == "status"


@pytest.mark.parametrize("uuid", [PENDING, FAILED, PLANNED])
async def test_a_task_is_cancelled_once(acme: httpx.AsyncClient, clock: Clock, uuid: str) -> None:
    assert data(await acme.post(f"{TASKS}/{uuid}/cancel"))["status"] == "cancelled"
    assert field(await acme.post(f"{TASKS}/{uuid}/cancel")) == "status"
    assert field(await acme.put(f"{TASKS}/{uuid}", json={"title": "Later"})) == "status"
    clock.advance(30 * DAY)
    assert (await shown(acme, uuid))["status"] == "cancelled"


async def test_a_cancelled_task_of_a_listing_takes_its_person_out_of_the_run(acme: httpx.AsyncClient) -> None:
    await acme.post(f"{TASKS}/{PLANNED}/cancel")
    rows = data(await acme.get(f"/api/v1/listings/{RECALL}/contacts"))["data"]
    assert [row["status"] for row in rows] == ["Completed", "Skipped"]
    assert data(await acme.get(f"/api/v1/listings/{RECALL}"))["status"] == "Completed"


async def test_a_call_that_was_cancelled_meanwhile_changes_nothing(acme: httpx.AsyncClient, clock: Clock) -> None:
    uuid = (await created(acme, auto_queue=True))["uuid"]
    clock.advance(HOUR)
    await shown(acme, uuid)
    await acme.post(f"{TASKS}/{uuid}/cancel")
    clock.advance(CALL_S)
    assert (await shown(acme, uuid))["status"] == "cancelled"


async def test_the_end_of_an_earlier_call_does_not_end_the_next_attempt(acme: httpx.AsyncClient, clock: Clock) -> None:
    uuid = (await created(acme, auto_queue=True))["uuid"]
    clock.advance(HOUR)
    await shown(acme, uuid)
    clock.advance(CALL_S // 2)
    await acme.put(f"{TASKS}/{uuid}", json={"status": "failed"})
    await acme.post(f"{TASKS}/{uuid}/retry")
    assert (await shown(acme, uuid))["attempts"] == 2
    clock.advance(CALL_S // 2)
    assert (await shown(acme, uuid))["status"] == "in_progress"
    clock.advance(CALL_S // 2)
    assert (await shown(acme, uuid))["status"] == "completed"


async def test_a_task_is_changed_and_put_aside(acme: httpx.AsyncClient, clock: Clock) -> None:
    uuid = (await created(acme, auto_queue=True))["uuid"]
    changed = data(await acme.put(f"{TASKS}/{uuid}", json={"priority": 9, "status": "on_hold"}))
    assert (changed["priority"], changed["status"], changed["title"]) == (9, "on_hold", "Call")
    clock.advance(2 * HOUR)
    assert (await shown(acme, uuid))["status"] == "on_hold"
    await acme.put(f"{TASKS}/{uuid}", json={"auto_queue": True})
    assert (await shown(acme, uuid))["status"] == "in_progress"


async def test_a_task_expires_whether_it_is_queued_or_not(acme: httpx.AsyncClient, clock: Clock) -> None:
    limit = {"expires_at": "2026-03-10T14:00:00Z"}
    uuids = [(await created(acme, agent_uuid=SALES, **limit))["uuid"]]
    uuids.append((await created(acme, auto_queue=True, scheduled_at="2026-03-10T13:59:59Z", **limit))["uuid"])
    clock.advance(3 * HOUR)
    assert [(await shown(acme, uuid))["status"] for uuid in uuids] == ["expired", "expired"]


@pytest.mark.parametrize(
    ("members", "status", "error"),
    [
        ({"contact_uuid": CAN}, "cancelled", "The contact is blacklisted"),
        ({"agent_uuid": SERVICE}, "failed", "call channel"),
        ({"agent_uuid": SERVICE, "type": "send_message"}, "failed", "The agent has no channel for messages"),
    ],
)
async def test_what_cannot_be_done_says_why(
    acme: httpx.AsyncClient, clock: Clock, members: dict[str, str], status: str, error: str
) -> None:
    uuid = (await created(acme, auto_queue=True, **members))["uuid"]
    clock.advance(HOUR)
    task = await shown(acme, uuid)
    assert task["status"] == status
    assert error in task["last_attempt"]["error"]


async def test_a_message_goes_into_the_conversation_that_is_open(acme: httpx.AsyncClient, clock: Clock) -> None:
    template = {"message_type": "whatsapp_template", "template_uuid": TEMPLATE}
    message = {"type": "send_message", "contact_uuid": MERT, "task_data": template}
    before = data(await acme.get(f"/api/v1/contacts/{MERT}/conversations"))["data"]
    uuid = (await created(acme, auto_queue=True, **message))["uuid"]
    clock.advance(HOUR)
    task = await shown(acme, uuid)
    assert task["status"] == "completed"
    assert task["last_attempt"]["conversation_uuid"] == "b0000000-0000-4000-8000-000000000002"
    after = data(await acme.get(f"/api/v1/contacts/{MERT}/conversations"))["data"]
    assert [talk["uuid"] for talk in after] == [talk["uuid"] for talk in before]


async def test_other_work_is_done_when_its_time_has_come(acme: httpx.AsyncClient, clock: Clock) -> None:
    uuid = (await created(acme, type="follow_up", auto_queue=True))["uuid"]
    clock.advance(HOUR)
    assert (await shown(acme, uuid))["status"] == "completed"


async def test_a_person_given_with_the_task_is_found_or_made(acme: httpx.AsyncClient) -> None:
    known = await created(acme, contact_uuid=None, contact={"phone_number": "+905321110001", "name": "Elif"})
    assert known["contact_uuid"] == ELIF
    new = await created(acme, contact_uuid=None, contact={"phone_number": "+905551110011", "name": "Naz"})
    assert data(await acme.get(f"/api/v1/contacts/{new['contact_uuid']}"))["name"] == "Naz"


@pytest.mark.parametrize(
    ("members", "named"),
    [
        ({"scheduled_at": "2026-03-10T12:00:00Z"}, "scheduled_at"),
        ({"scheduled_at": "9999-12-31T23:59:59-12:00"}, "scheduled_at"),
        ({"expires_at": "2026-03-10T12:30:00Z"}, "expires_at"),
        ({"contact_uuid": None}, "contact_uuid"),
        ({"contact": {"phone_number": "+905551110011"}}, "contact_uuid"),
        ({"contact_uuid": None, "contact": {"name": "Nobody"}}, "contact.phone_number"),
        ({"timezone": "Mars/Base"}, "timezone"),
        ({"task_data": {"message_type": "whatsapp_template"}}, "task_data"),
        ({"max_attempts": 0}, "max_attempts"),
        ({"title": None}, "title"),
    ],
)
async def test_what_a_task_cannot_be(acme: httpx.AsyncClient, members: dict[str, Any], named: str) -> None:
    assert field(await acme.post(TASKS, json=planned(**members))) == named


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        ({"status": "pending"}, [PENDING]),
        ({"campaign_uuid": TYRES}, [OF_CAMPAIGN]),
        ({"contact_uuid": ELIF, "type": "make_call"}, [PENDING]),
        ({"type": "survey"}, []),
        ({"priority": "9"}, []),
        ({"agent_uuid": SERVICE}, []),
        ({"scheduled_from": "2026-03-12T12:00:00Z", "scheduled_to": "2026-03-12T15:00:00+03:00"}, [PENDING]),
        ({"scheduled_to": "2026-03-05T00:00:00Z"}, [DONE]),
        ({"per_page": "2", "page": "2"}, [PLANNED, DONE]),
    ],
)
async def test_tasks_are_found(acme: httpx.AsyncClient, wanted: dict[str, str], found: list[str]) -> None:
    rows = data(await acme.get(TASKS, params=wanted))["data"]
    assert sorted(row["uuid"] for row in rows) == sorted(found)


async def test_a_deleted_task_does_not_run(acme: httpx.AsyncClient, clock: Clock) -> None:
    uuid = (await created(acme, auto_queue=True))["uuid"]
    before = data(await acme.get(f"/api/v1/contacts/{ELIF}/conversations"))["total"]
    assert (await acme.delete(f"{TASKS}/{uuid}")).status_code == 200
    clock.advance(2 * HOUR)
    assert (await acme.get(f"{TASKS}/{uuid}")).status_code == 404
    assert data(await acme.get(f"/api/v1/contacts/{ELIF}/conversations"))["total"] == before


async def test_a_tenant_sees_and_moves_its_own_tasks_only(
    acme: httpx.AsyncClient, globex: httpx.AsyncClient, readonly: httpx.AsyncClient
) -> None:
    assert data(await globex.get(TASKS))["total"] == 1
    for step in ("queue", "cancel", "retry"):
        assert (await globex.post(f"{TASKS}/{PENDING}/{step}")).status_code == 404
        assert (await readonly.post(f"{TASKS}/{PENDING}/{step}")).status_code == 403
    assert (await globex.post(TASKS, json=planned())).status_code == 404
    task = await shown(acme, PENDING)
    assert (task["status"], "run" in task) == ("pending", False)


async def test_a_person_whose_task_is_deleted_during_the_call_leaves_the_run(
    acme: httpx.AsyncClient, clock: Clock
) -> None:
    await acme.put(f"{TASKS}/{PLANNED}", json={"scheduled_at": AT_ONE})
    clock.advance(HOUR)
    assert (await shown(acme, PLANNED))["status"] == "in_progress"
    assert (await acme.delete(f"{TASKS}/{PLANNED}")).status_code == 200
    rows = data(await acme.get(f"/api/v1/listings/{RECALL}/contacts"))["data"]
    assert [row["status"] for row in rows] == ["Completed", "Skipped"]
    assert data(await acme.get(f"/api/v1/listings/{RECALL}"))["status"] == "Completed"
