"""What the intents of an agent set off when a contact speaks of them."""

from __future__ import annotations

import json

import httpx
import pytest

from tests.sandbox.mihu.agent_ids import AGENTS, BROCHURE, HUMAN, SALES, SERVICE, TEST_DRIVE
from tests.sandbox.mihu.answers import data
from tests.sandbox.mihu.flow_ids import CARS, DIARY, NEWCOMERS
from toolpress_sandbox.clock import Clock

ACTIONS = "/api/v1/logs/actions"


async def live(client: httpx.AsyncClient, intent: str, **event: object) -> None:
    """Give the intent this action and switch it on."""
    path = f"{AGENTS}/{SALES}/intents/{intent}/event"
    data(await client.put(path, json=event))
    data(await client.post(f"{path}/publish"))


async def talk(client: httpx.AsyncClient, clock: Clock) -> str:
    """A call from its beginning to its end, in which the contact wants an appointment: its conversation."""
    body = {"agentId": SALES, "participant": {"number": "+905321110003"}}
    call = data(await client.post("/api/v1/call", json=body))
    clock.advance(600)
    return str(call["conversation_uuid"])


async def logged(client: httpx.AsyncClient, conversation: str) -> list[dict[str, object]]:
    """The intents called in the conversation, in full."""
    rows = data(await client.get(ACTIONS, params={"type": "intent"}))["data"]
    whole = [data(await client.get(f"{ACTIONS}/intent/{row['uuid']}")) for row in rows]
    return [row for row in whole if row["extras"].get("conversation_uuid") == conversation]


async def test_a_live_intent_that_was_spoken_of_uses_its_app(acme, clock):
    config = {"table_uuid": CARS, "query": "kestrel", "max_results": 1}
    await live(acme, TEST_DRIVE, event_type="app", app_uid="tables", action_key="ai_query", config=config)
    [row] = await logged(acme, await talk(acme, clock))
    assert (row["name"], row["status"], row["channel"]) == ("Book test drive", "success", "call")
    assert (row["request"]["action"]["key"], row["request"]["config"]) == ("ai_query", config)
    assert [found["model"] for found in row["response"]["rows"]] == ["Kestrel"]
    assert (row["agent"]["uuid"], row["customer"]) == (SALES, {"number": "+905321110003"})


async def test_a_draft_and_an_intent_that_nobody_spoke_of_are_not_called(acme, clock):
    await live(acme, HUMAN, event_type="agent", agent_uuid=SERVICE)
    assert await logged(acme, await talk(acme, clock)) == []


async def test_an_intent_starts_a_flow_that_is_deployed(acme, clock):
    await live(acme, TEST_DRIVE, event_type="scenario", flow_uuid=NEWCOMERS)
    [row] = await logged(acme, await talk(acme, clock))
    assert (row["status"], row["response"]["status"]) == ("success", "succeeded")
    assert row["request"] == {"event_type": "scenario", "flow_uuid": NEWCOMERS}
    run = data(await acme.get(f"{ACTIONS}/workflow/{row['response']['run_uuid']}"))
    assert (run["extras"], run["customer"]) == ({"flow_uuid": NEWCOMERS}, {"number": row["customer"]["number"]})
    await live(acme, TEST_DRIVE, event_type="scenario", flow_uuid=DIARY)
    [row] = await logged(acme, await talk(acme, clock))
    assert (row["status"], row["error"]) == ("failed", "The flow is not deployed")


async def test_a_handover_names_the_other_agent(acme, clock):
    await live(acme, TEST_DRIVE, event_type="agent", agent_uuid=SERVICE, channel="call")
    [row] = await logged(acme, await talk(acme, clock))
    assert row["response"] == {"agent_name": "Service desk"}


async def test_the_webhook_of_an_intent_is_called_with_its_token(acme, clock, receiver):
    await live(acme, TEST_DRIVE, event_type="webhook", webhook={"url": receiver.url, "auth_token": "of-the-crm"})
    conversation = await talk(acme, clock)
    [row] = await logged(acme, conversation)
    assert (row["status"], row["response"]) == ("success", {"status_code": 204})
    assert "of-the-crm" not in str(row)
    [headers] = [headers for headers, body in receiver.seen if json.loads(body)["conversation_uuid"] == conversation]
    assert headers["authorization"] == "Bearer of-the-crm"


@pytest.mark.parametrize("events", [["intent_call"], ["conversation_status"]])
async def test_a_called_intent_is_told_to_those_who_asked(acme, clock, receiver, events):
    await live(acme, TEST_DRIVE, event_type="agent", agent_uuid=SERVICE)
    await acme.post(f"{AGENTS}/{SALES}/webhooks", json={"url": receiver.url, "events": events})
    conversation = await talk(acme, clock)
    for _ in range(2):
        await acme.get(AGENTS)
    assert receiver.told(conversation) == events


async def test_an_action_that_cannot_work_is_logged_as_failed(acme, clock):
    await live(acme, BROCHURE, event_type="app", app_uid="tables", action_key="ai_query", config={})
    await acme.patch(f"{AGENTS}/{SALES}/intents/{BROCHURE}", json={"name": "Morning post"})
    [row] = await logged(acme, await talk(acme, clock))
    assert (row["status"], row["response"]) == ("failed", None)
    assert "config.table_uuid" in row["error"]
