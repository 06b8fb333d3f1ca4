"""One day of a call centre over the API: from a new agent to figures that agree with the logs."""

from __future__ import annotations

from collections import Counter
from typing import Any

import httpx
import pytest

from tests.sandbox.mihu.agent_ids import AGENTS
from tests.sandbox.mihu.answers import data, read
from tests.sandbox.mihu.bookings import DRIVES
from tests.sandbox.mihu.conftest import NOON
from tests.sandbox.mihu.listing_runs import ALL_DAY, people
from toolpress_sandbox.clock import Clock
from toolpress_sandbox.mihu.dispatch import LISTING_PARALLEL

API = "/api/v1"
TODAY = {"from": "2026-03-10T00:00:00Z", "to": "2026-03-11T00:00:00Z"}
REACHED, SILENT = 3, 2
"""How many people answer, and how many never do."""


async def opened(client: httpx.AsyncClient) -> str:
    """A new agent on a number that was bought for it: its uuid."""
    schedules = {"enabled": True, "schedule_assignments": [{"schedule_uuid": DRIVES}]}
    body = {"name": "Spring campaign", "company_name": "Acme Motors", "language": "en", "appointments": schedules}
    agent: str = data(await client.post(AGENTS, json=body), 201)["agent_uuid"]
    offer = (await read(client, "phone-numbers/search", country_code="US", type="local"))["items"][0]
    bought = {name: offer[name] for name in ("number", "country_code", "type")}
    number = data(await client.post(f"{API}/phone-numbers", json=bought), 201)["phone_number_uuid"]
    path = f"{AGENTS}/{agent}/channels/call/provision"
    data(await client.post(path, json={"phone_number_uuid": number}))
    return agent


async def called(client: httpx.AsyncClient, agent: str, contacts: list[dict[str, str]]) -> Any:
    """A listing of these people that runs: each is called once."""
    rule = {**ALL_DAY, "max_total_calls": 1}
    body = {"name": "Spring", "agent_uuid": agent, "contacts": contacts, "rule": rule, "auto_start": True}
    return data(await client.post(f"{API}/listings", json=body), 201)


async def booked(client: httpx.AsyncClient, contact: str) -> Any:
    """The first free time, for somebody who wanted one."""
    days = {"start_date": "2026-03-11", "end_date": "2026-03-13"}
    slot = (await read(client, f"schedules/{DRIVES}/available-slots", **days))[0]
    times = {name: slot[name] for name in ("start_time", "end_time")}
    body = {"schedule_uuid": DRIVES, "title": "Test drive", "contact_uuid": contact, **times}
    return data(await client.post(f"{API}/appointments", json=body), 201)


@pytest.fixture
async def day(acme: httpx.AsyncClient, clock: Clock) -> dict[str, Any]:
    """What is there after the calls of an afternoon."""
    agent = await opened(acme)
    imported = {"contacts": [{**person, "country_code": "TR"} for person in people(REACHED)]}
    known = data(await acme.post(f"{API}/contacts/bulk", json=imported), 201)
    listing = await called(acme, agent, people(REACHED) + people(SILENT, ending="99"))
    for _ in range(4):
        await acme.get(AGENTS)
        clock.advance(40)
    return {"agent": agent, "known": set(known["contact_uuids"]), "listing": listing}


async def test_everybody_is_called_once_and_who_answers_is_heard_and_judged(acme, day):
    calls = (await read(acme, "calls", agent_id=day["agent"]))["data"]
    assert Counter(row["status"] for row in calls) == {"completed": REACHED, "failed": SILENT}
    talks = (await read(acme, "conversations", agent_uuid=day["agent"]))["data"]
    assert {row["status"] for row in talks} == {"Closed"}
    assert {row["call"]["uuid"] for row in talks} == {row["uuid"] for row in calls}
    judged = (await read(acme, "evaluations", agent_uuid=day["agent"]))["data"]
    assert {row["contact_uuid"] for row in judged} == day["known"], "the imported are those who answered"
    assert {row["intent"]["value"] for row in judged} == {"Book an appointment"}
    assert {row["conversation_uuid"] for row in judged} < {row["uuid"] for row in talks}


async def test_what_somebody_wanted_is_booked_once(acme, day):
    contact = min(day["known"])
    appointment = await booked(acme, contact)
    assert (await booked(acme, contact))["start_time"] > appointment["start_time"]
    assert appointment in await read(acme, "appointments", contact_uuid=contact)
    again = {name: appointment[name] for name in ("start_time", "end_time")}
    taken = {"schedule_uuid": DRIVES, "title": "Test drive", **again}
    assert (await acme.post(f"{API}/appointments", json=taken)).status_code == 409


async def test_the_listing_is_done_and_its_tasks_are_in_the_log(acme, day):
    uuid = day["listing"]["uuid"]
    assert (await read(acme, f"listings/{uuid}"))["status"] == "Completed"
    standing = Counter(row["status"] for row in (await read(acme, f"listings/{uuid}/contacts"))["data"])
    assert standing == {"Completed": REACHED, "Failed": SILENT}
    logged = (await read(acme, "logs/actions", type="task", agent_uuid=day["agent"]))["data"]
    assert Counter(row["status"] for row in logged) == {"success": REACHED, "failed": SILENT}


async def test_a_halted_listing_calls_nobody_anew(acme, clock, day):
    agent = day["agent"]
    listing = (await called(acme, agent, people(2 * LISTING_PARALLEL)))["uuid"]
    await acme.get(AGENTS)
    halted = data(await acme.post(f"{API}/listings/{listing}/stop"))
    assert halted["tasks_cancelled"] == LISTING_PARALLEL
    before = (await read(acme, "calls", agent_id=agent))["total"]
    for _ in range(2):
        clock.advance(3600)
        assert (await read(acme, "calls", agent_id=agent))["total"] == before
    assert (await read(acme, f"listings/{listing}"))["status"] == "Draft"
    standing = Counter(
        row["status"] for row in (await read(acme, f"listings/{listing}/contacts", per_page=100))["data"]
    )
    assert standing == {"Completed": LISTING_PARALLEL, "Pending": LISTING_PARALLEL}


async def test_the_figures_agree_with_the_logs(acme, day):
    whose = {"agent_uuid": day["agent"], **TODAY}
    calls = (await read(acme, "calls", agent_id=day["agent"]))["data"]
    figures = (await acme.get(f"{API}/analytics/calls", params=whose)).json()
    assert figures["totals"]["calls"] == len(calls)
    assert figures["outcome"] == Counter(row["status"] for row in calls)
    assert figures["duration_sec"]["total"] == sum(row["duration"] for row in calls)
    sessions = (await acme.get(f"{API}/analytics/sessions", params=whose)).json()["totals"]
    assert sessions["sessions"] == sessions["evaluated"] == figures["totals"]["answered"]
    [performance] = (await acme.get(f"{API}/analytics/agents", params=whose)).json()["agents"]
    assert (performance["calls"], performance["answered"]) == (len(calls), REACHED)
    exported = (await acme.get(f"{API}/analytics/messages", params=whose)).json()["messages"]
    talks = (await read(acme, "conversations", agent_uuid=day["agent"]))["data"]
    said = [await read(acme, f"conversations/{row['uuid']}/messages", per_page=100) for row in talks]
    assert len(exported) == sum(page["total"] for page in said)
    [asked] = (await read(acme, "logs/api", endpoint="/listings", method="POST"))["data"]
    assert (asked["status_code"], asked["timestamp"][:10]) == (201, NOON.date().isoformat())


async def test_a_reading_token_sees_it_all_and_changes_nothing(readonly, day):
    uuid, agent = day["listing"]["uuid"], day["agent"]
    assert (await read(readonly, "calls", agent_id=agent))["total"] == REACHED + SILENT
    before = [await read(readonly, path) for path in (f"agents/{agent}", f"listings/{uuid}")]
    for method, path, body in (
        ("PATCH", f"agents/{agent}", {"tone": "rude"}),
        ("DELETE", f"agents/{agent}", None),
        ("POST", f"listings/{uuid}/run", {}),
        ("DELETE", f"listings/{uuid}", None),
        ("POST", "call", {"agentId": agent, "participant": {"number": "+905321110001"}}),
        ("POST", "contacts", {"phone_number": "+905559998877"}),
    ):
        answer = await readonly.request(method, f"{API}/{path}", json=body)
        assert (answer.status_code, answer.json()["error"]["code"]) == (403, "INSUFFICIENT_PERMISSIONS")
    assert [await read(readonly, path) for path in (f"agents/{agent}", f"listings/{uuid}")] == before


async def test_the_other_tenant_sees_nothing_of_the_day(globex, day):
    agent, known = day["agent"], day["known"]
    for path in (f"agents/{agent}", f"listings/{day['listing']['uuid']}", f"contacts/{min(known)}"):
        assert (await globex.get(f"{API}/{path}")).status_code == 404
    for path, whose in (
        ("calls", {"agent_id": agent}),
        ("conversations", {"agent_uuid": agent}),
        ("sessions", {"agent_uuid": agent}),
        ("tasks", {"agent_uuid": agent}),
        ("logs/actions", {"agent_uuid": agent}),
        ("contacts", {"search": people(1)[0]["phone_number"]}),
        ("logs/api", {"endpoint": "/listings", "method": "POST"}),
    ):
        assert (await read(globex, path, **whose))["data"] == [], path
    figures = (await globex.get(f"{API}/analytics/calls", params={"agent_uuid": agent, **TODAY})).json()
    assert figures["totals"]["calls"] == 0
