"""What an agent recognises, and the action that it sets off."""

from __future__ import annotations

import pytest

from tests.sandbox.mihu.agent_ids import (
    AGENTS,
    BROCHURE,
    DRAFT,
    HUMAN,
    RECEPTION,
    SALES,
    SERVICE,
    TEST_DRIVE,
    UNKNOWN,
    agent_of,
)
from tests.sandbox.mihu.answers import data, field
from tests.sandbox.mihu.flow_ids import FOREIGN_DESK, FORMS, HELPDESK


async def test_an_intent_is_added_listed_changed_and_deleted(acme):
    base = f"{AGENTS}/{DRAFT}/intents"
    body = {"name": "Ask for a Quote!", "parameters": [{"key": "email"}]}
    added = data(await acme.post(base, json=body), 201)
    assert added["key"] == "ask_for_a_quote"
    assert added["is_system"] is False
    assert added["parameters"] == [{"key": "email", "default": None, "type": "string", "required": False}]
    assert not {"event", "agent_uuid"} & set(added)
    one = f"{base}/{added['intent_uuid']}"
    assert data(await acme.get(one)) == added
    assert added in data(await acme.get(base))
    changed = data(await acme.patch(one, json={"name": "Quote", "key": "quote", "confidence_threshold": 0.9}))
    assert (changed["key"], changed["confidence_threshold"], changed["parameters"]) == (
        "quote",
        0.9,
        added["parameters"],
    )
    assert data(await acme.patch(one, json={"name": "Written offer"}))["key"] == "written_offer"
    assert field(await acme.patch(one, json={"key": "offer"})) == "name"
    assert data(await acme.delete(one)) is None
    assert (await acme.get(one)).status_code == 404


async def test_every_agent_has_system_intents_that_stay(acme):
    made = data(await acme.post(AGENTS, json={"name": "New"}), 201)["agent_uuid"]
    intents = data(await acme.get(f"{AGENTS}/{made}/intents"))
    assert [row["key"] for row in intents if row["is_system"]] == ["talk_to_human"]
    assert field(await acme.delete(f"{AGENTS}/{made}/intents/{intents[0]['intent_uuid']}")) == "intentUuid"


async def test_keys_of_intents_are_unique_within_an_agent(acme):
    body = {"name": "Book test drive"}
    assert field(await acme.post(f"{AGENTS}/{SALES}/intents", json=body)) == "key"
    assert (await acme.post(f"{AGENTS}/{SERVICE}/intents", json=body)).status_code == 201
    taken = {"name": "Brochure", "key": "book_test_drive"}
    assert field(await acme.patch(f"{AGENTS}/{SALES}/intents/{BROCHURE}", json=taken)) == "key"
    assert (await acme.patch(f"{AGENTS}/{SALES}/intents/{TEST_DRIVE}", json=body)).status_code == 200


async def test_the_webhook_of_an_intent_is_changed_member_by_member(acme):
    one = f"{AGENTS}/{SALES}/intents/{TEST_DRIVE}"
    assert field(await acme.patch(one, json={"name": "Drive", "webhook": {"auth_token": "t"}})) == "webhook.url"
    for webhook in ({"url": "https://example.com/hook"}, {"auth_token": "t"}):
        changed = data(await acme.patch(one, json={"name": "Drive", "webhook": webhook}))
    assert changed["webhook"] == {"url": "https://example.com/hook", "auth_token": "t"}


async def test_an_intent_of_another_agent_is_not_found(acme):
    for path in ("", "/event"):
        assert (await acme.get(f"{AGENTS}/{SERVICE}/intents/{TEST_DRIVE}{path}")).status_code == 404
    assert (await acme.delete(f"{AGENTS}/{SERVICE}/intents/{TEST_DRIVE}")).status_code == 404


async def test_steps_lose_an_intent_that_is_deleted(acme):
    before = (await agent_of(acme))["procedures"][0]["steps"]
    assert TEST_DRIVE in [step["intent_uuid"] for step in before]
    await acme.delete(f"{AGENTS}/{SALES}/intents/{TEST_DRIVE}")
    after = (await agent_of(acme))["procedures"][0]["steps"]
    assert after == [{**step, "intent_uuid": None} for step in before]


async def test_an_action_is_drafted_published_and_drafted_again(acme):
    path = f"{AGENTS}/{SALES}/intents/{HUMAN}/event"
    nothing = await acme.get(path)
    assert nothing.json() == {"success": True, "message": "Intent event retrieved successfully", "data": None}
    assert (await acme.post(f"{path}/publish")).status_code == 404
    body = {"event_type": "agent", "agent_uuid": SERVICE, "channel": "call"}
    assert data(await acme.put(path, json=body))["status"] == "draft"
    published = data(await acme.post(f"{path}/publish"))
    assert (published["status"], published["agent_uuid"]) == ("deployed", SERVICE)
    assert data(await acme.get(path)) == published
    hook = {"event_type": "webhook", "webhook": {"url": "https://example.com/hook"}}
    replaced = data(await acme.put(path, json=hook))
    assert replaced["status"] == "draft"
    assert "agent_uuid" not in replaced


@pytest.mark.parametrize(
    ("event", "missing"),
    [
        ({"event_type": "webhook"}, "webhook"),
        ({"event_type": "app"}, "app"),
        ({"event_type": "app", "app_uid": "tables"}, "action"),
        ({"event_type": "scenario"}, "flow_uuid"),
        ({"event_type": "agent", "channel": "call"}, "agent_uuid"),
    ],
)
async def test_an_incomplete_action_can_be_drafted_and_not_published(acme, event, missing):
    path = f"{AGENTS}/{SALES}/intents/{TEST_DRIVE}/event"
    assert (await acme.put(path, json=event)).status_code == 200
    assert field(await acme.post(f"{path}/publish")) == missing
    assert data(await acme.get(path))["status"] == "draft"


@pytest.mark.parametrize(
    ("event", "wrong"),
    [
        ({"event_type": "app", "app_uid": "nothing"}, "app_uid"),
        ({"event_type": "app", "app_uid": "tables", "action_key": "dance"}, "action_key"),
        ({"event_type": "app", "app_uid": "tables", "action_key": "row_created"}, "action_key"),
        ({"event_type": "app", "action_key": "ai_query"}, "action_key"),
        ({"event_type": "app", "app_uid": "tables", "app_connection_uuid": UNKNOWN}, "app_connection_uuid"),
        ({"event_type": "app", "app_uid": "helpdesk", "action_key": "create_ticket"}, "app_connection_uuid"),
        ({"event_type": "app", "app_uid": "helpdesk", "app_connection_uuid": FORMS}, "app_connection_uuid"),
        ({"event_type": "app", "app_uid": "helpdesk", "app_connection_uuid": FOREIGN_DESK}, "app_connection_uuid"),
        ({"event_type": "scenario", "flow_uuid": UNKNOWN}, "flow_uuid"),
        ({"event_type": "agent", "agent_uuid": RECEPTION}, "agent_uuid"),
        ({"event_type": "agent", "agent_uuid": SALES}, "agent_uuid"),
    ],
)
async def test_an_action_names_only_what_exists(acme, event, wrong):
    path = f"{AGENTS}/{SALES}/intents/{TEST_DRIVE}/event"
    before = data(await acme.get(path))
    assert field(await acme.put(path, json=event)) == wrong
    assert data(await acme.get(path)) == before


async def test_an_action_of_an_app_names_app_and_action(acme):
    path = f"{AGENTS}/{SALES}/intents/{BROCHURE}/event"
    body = {"event_type": "app", "app_uid": "tables", "action_key": "ai_query", "config": {"max_results": 3}}
    assert data(await acme.put(path, json=body)) == {
        "event_type": "app",
        "status": "draft",
        "app": {"uid": "tables", "name": "Tables", "is_builtin": True},
        "action": {"key": "ai_query", "name": "AI Query"},
        "app_connection_uuid": None,
        "config": {"max_results": 3},
    }


async def test_an_action_of_an_outside_app_uses_a_connection_of_that_app(acme):
    path = f"{AGENTS}/{SALES}/intents/{BROCHURE}/event"
    body = {"event_type": "app", "app_uid": "helpdesk", "action_key": "create_ticket", "app_connection_uuid": HELPDESK}
    kept = data(await acme.put(path, json=body))
    assert (kept["app"]["is_builtin"], kept["app_connection_uuid"]) == (False, HELPDESK)
