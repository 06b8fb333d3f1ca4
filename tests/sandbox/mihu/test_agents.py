"""Agents as a caller of the API sees them: made, changed, copied, deleted, and written from research."""

from __future__ import annotations

import httpx
import pytest

from tests.sandbox.mihu.agent_ids import (
    AGENTS,
    RECEPTION,
    SALES,
    SECTIONS,
    SERVICE,
    TEST_DRIVE,
    UNKNOWN,
    agent_of,
    uuids,
)
from tests.sandbox.mihu.answers import data, field
from toolpress_sandbox.app import wrap
from toolpress_sandbox.engine import Engine
from toolpress_sandbox.records import Records
from toolpress_sandbox.store import Store

ENDING = {"when_condition": "Insults.", "then_action": "end_conversation"}
FORWARD = {"when_condition": "A journalist calls.", "then_action": "forward"}
PARTS = {"detection_mode": "exact", "trigger_keyword": "parts", "department_name": "Parts"}


async def test_agents_of_another_tenant_are_not_found(acme, globex):
    assert not {row["agent_uuid"] for row in data(await acme.get(AGENTS))["items"]} & {RECEPTION}
    assert [row["agent_uuid"] for row in data(await globex.get(AGENTS))["items"]] == [RECEPTION]
    for path in ("", "/voice", "/intents", "/guard-rules", f"/intents/{TEST_DRIVE}"):
        assert (await globex.get(f"{AGENTS}/{SALES}{path}")).status_code == 404
    assert (await globex.patch(f"{AGENTS}/{SALES}", json={"tone": "rude"})).status_code == 404
    assert (await globex.delete(f"{AGENTS}/{SALES}")).status_code == 404
    assert (await globex.post(f"{AGENTS}/{SALES}/duplicate", json={})).status_code == 404
    assert (await agent_of(acme))["tone"] == "warm and brief"


async def test_the_list_is_searched_by_name_and_comes_in_pages(acme):
    found = data(await acme.get(AGENTS, params={"search": "DESK"}))
    assert [row["name"] for row in found["items"]] == ["Service desk"]
    assert found["pagination"]["total"] == 1
    pages = [data(await acme.get(AGENTS, params={"per_page": 2, "page": number})) for number in (1, 2, 3)]
    assert [len(page["items"]) for page in pages] == [2, 1, 0]
    assert pages[0]["pagination"]["last_page"] == 2


async def test_a_new_agent_is_found_changed_and_deleted(acme):
    made = data(await acme.post(AGENTS, json={"name": "Night line", "company_name": "Acme Motors"}), 201)
    assert made["status"] == "pending"
    assert made["timezone"] == "Europe/Istanbul"
    assert made["settings"]["voice"]["interaction"]["inbound_first_message"] == (
        "Hello, this is Night line of Acme Motors."
    )
    uuid = made["agent_uuid"]
    changed = data(await acme.patch(f"{AGENTS}/{uuid}", json={"status": "ready"}))
    assert changed == await agent_of(acme, uuid)
    assert (changed["status"], changed["name"]) == ("ready", "Night line")
    gone = await acme.delete(f"{AGENTS}/{uuid}")
    assert gone.json()["success"] is True
    assert data(gone) is None
    assert (await acme.get(f"{AGENTS}/{uuid}")).status_code == 404
    assert (await acme.delete(f"{AGENTS}/{uuid}")).status_code == 404


async def test_a_new_agent_speaks_the_language_of_its_workspace(globex):
    made = data(await globex.post(AGENTS, json={"name": "Recall"}), 201)
    assert made["language"] == made["settings"]["voice"]["voice_profile"]["language"] == "de"
    french = data(await globex.post(AGENTS, json={"name": "Recall", "language": "fr"}), 201)
    assert french["language"] == french["settings"]["voice"]["voice_profile"]["language"] == "fr"


async def test_sections_of_a_new_agent_become_rows(acme):
    body = {
        "name": "Full",
        "guidelines": [{"content": "Second.", "order": 5}, {"content": "First."}],
        "procedures": [{"name": "Ask", "steps": [{"description": "b", "order": 2}, {"description": "a", "order": 1}]}],
        "guard_rules": [ENDING],
        "routing_rules": [{**PARTS, "destination_type": "extension", "destination": "103"}],
    }
    made = data(await acme.post(AGENTS, json=body), 201)
    assert [row["content"] for row in made["guidelines"]] == ["First.", "Second."]
    assert [step["description"] for step in made["procedures"][0]["steps"]] == ["a", "b"]
    assert made["guard_rules"][0]["selected_channels"] == ["phone"]
    assert made["routing_rules"][0]["priority"] == 1
    rows = [row for name in SECTIONS for row in made[name]]
    assert len({row["uuid"] for row in rows}) == len(rows) == 5


async def test_the_parts_of_a_new_agent_are_held_to_what_their_own_tools_take(acme):
    before = data(await acme.get(AGENTS))["pagination"]["total"]
    steps = [{"description": "a", "intent_uuid": TEST_DRIVE}]
    for members, wanted in (
        ({"procedures": [{"name": "Ask", "steps": steps}]}, "procedures.0.steps.0.intent_uuid"),
        ({"guard_rules": [FORWARD]}, "guard_rules.0.destination_type"),
        ({"guard_rules": [ENDING, {**ENDING, "then_action": "shout"}]}, "guard_rules.1.then_action"),
        ({"guidelines": [{"order": 0}]}, "guidelines.0.content"),
        ({"notes": [{"content": "Open.", "colour": "red"}]}, "notes.0.colour"),
        ({"training": [{"content": ""}]}, "training.0.content"),
        ({"procedures": [{"name": "Ask", "steps": [{"order": 1}]}]}, "procedures.0.steps.0.description"),
        ({"routing_rules": [PARTS]}, "routing_rules.0.destination_type"),
        ({"appointments": {"enabled": "often"}}, "appointments.enabled"),
        ({"appointments": {"schedule_assignments": [{}]}}, "appointments.schedule_assignments.0.schedule_uuid"),
        ({"settings": {"voice": True}}, "settings.voice"),
        (
            {"appointments": {"schedule_assignments": [{"schedule_uuid": UNKNOWN}]}},
            "appointments.schedule_assignments.0.schedule_uuid",
        ),
        (
            {"settings": {"voice": {"voice_profile": {"voice_uuid": UNKNOWN}}}},
            "settings.voice.voice_profile.voice_uuid",
        ),
    ):
        assert field(await acme.post(AGENTS, json={"name": "Odd", **members})) == wanted
        assert field(await acme.patch(f"{AGENTS}/{SERVICE}", json=members)) == wanted
    assert data(await acme.get(AGENTS))["pagination"]["total"] == before


async def test_a_section_in_a_change_replaces_the_stored_one_and_the_others_stay(acme):
    before = await agent_of(acme)
    after = data(await acme.patch(f"{AGENTS}/{SALES}", json={"notes": [{"content": "Only this."}]}))
    assert [row["content"] for row in after["notes"]] == ["Only this."]
    assert not set(uuids(before["notes"])) & set(uuids(after["notes"]))
    for name in SECTIONS:
        assert name == "notes" or after[name] == before[name]


async def test_a_deleted_agent_takes_all_that_is_its_own_along_and_leaves_its_calls(mihu, clock):
    engine = Engine(mihu, Store(None), clock)
    records = Records(engine.store, mihu, "acme", clock, "test")
    owned, kept = ("agent_intents", "agent_channels", "agent_webhooks", "evaluate_settings"), ("calls", "conversations")
    headers = {"Authorization": f"Bearer {mihu.default_key}"}
    transport = httpx.ASGITransport(app=wrap(engine))
    async with httpx.AsyncClient(transport=transport, base_url="http://acme.localhost", headers=headers) as client:
        data(await client.post(f"{AGENTS}/{SALES}/evaluate/reassign"))
        before = {name: records.all(name, agent_uuid=SALES) for name in (*owned, *kept)}
        booked = [row for row in records.all("schedules") if SALES in row["ai_agents"]]
        assert all(before.values())
        assert booked
        assert (await client.delete(f"{AGENTS}/{SALES}")).status_code == 200
    assert not any(records.all(name, agent_uuid=SALES) for name in owned)
    assert all(len(records.all(name, agent_uuid=SALES)) == len(before[name]) for name in kept)
    assert records.all("agent_intents", agent_uuid=SERVICE)
    assert records.all("evaluate_settings", agent_uuid=None)
    assert not [row for row in records.all("schedules") if SALES in row["ai_agents"]]


async def test_a_copy_has_everything_of_its_own(acme):
    original = await agent_of(acme)
    copied = data(await acme.post(f"{AGENTS}/{SALES}/duplicate", json={}), 201)
    assert copied["name"] == "Sales line (copy)"
    assert copied["settings"] == original["settings"]
    for name in SECTIONS:
        assert len(copied[name]) == len(original[name]) > 0
        assert not set(uuids(copied[name])) & set(uuids(original[name]))
    intents = data(await acme.get(f"{AGENTS}/{copied['agent_uuid']}/intents"))
    theirs = {row["key"]: row["intent_uuid"] for row in intents}
    fired = [step["intent_uuid"] for step in copied["procedures"][0]["steps"]]
    assert fired == [None, theirs["book_test_drive"], None]
    assert theirs["book_test_drive"] != TEST_DRIVE
    named = await acme.post(f"{AGENTS}/{SALES}/duplicate", json={"name": "Twin"})
    assert data(named, 201)["name"] == "Twin"


async def test_what_was_published_is_a_draft_in_the_copy(acme):
    await acme.post(f"{AGENTS}/{SALES}/intents/{TEST_DRIVE}/event/publish")
    copied = data(await acme.post(f"{AGENTS}/{SALES}/duplicate", json={}), 201)["agent_uuid"]
    intents = data(await acme.get(f"{AGENTS}/{copied}/intents"))
    twin = next(row["intent_uuid"] for row in intents if row["key"] == "book_test_drive")
    assert data(await acme.get(f"{AGENTS}/{copied}/intents/{twin}/event"))["status"] == "draft"
    assert data(await acme.get(f"{AGENTS}/{SALES}/intents/{TEST_DRIVE}/event"))["status"] == "deployed"


async def test_a_reader_changes_nothing(readonly):
    assert (await readonly.get(f"{AGENTS}/{SALES}")).status_code == 200
    refused = await readonly.patch(f"{AGENTS}/{SALES}", json={"tone": "rude"})
    assert refused.status_code == 403
    assert refused.json()["error"]["code"] == "INSUFFICIENT_PERMISSIONS"
    assert "agents.write" in refused.json()["message"]
    assert (await agent_of(readonly))["tone"] == "warm and brief"


async def test_an_agent_is_written_from_a_website(acme):
    path = f"{AGENTS}/from-website"
    made = data(await acme.post(path, json={"source_url": "https://www.initech.example/docs", "language": "fr"}), 201)
    assert made["additional_analysis"] is None
    assert made["agent"]["company_name"] == "Initech"
    assert made["agent"]["language"] == "fr"
    assert await agent_of(acme, made["agent"]["agent_uuid"]) == made["agent"]
    asked = data(await acme.post(path, json={"analysis_prompt": "What do patients ask?"}), 201)
    assert "What do patients ask?" in asked["additional_analysis"]
    assert field(await acme.post(path, json={"language": "en"})) == "source_url"
    assert field(await acme.post(path, json={"source_url": "mailto:office@initech.example"})) == "source_url"


@pytest.mark.parametrize("path", ["/api/v1/agentic-search", f"{AGENTS}/from-website"])
async def test_a_place_needs_its_country_and_a_point_both_numbers(acme, path):
    question = {"query": "Prices?"} if path.endswith("search") else {"analysis_prompt": "Prices?"}
    wrong = {**question, "search_city": "Istanbul"}
    assert field(await acme.post(path, json=wrong)) == "search_country"
    assert field(await acme.post(path, json={**question, "search_country": "TR", "search_latitude": 41.0})) == (
        "search_longitude"
    )
    right = {**question, "search_country": "TR", "search_latitude": 41.0, "search_longitude": 29.0}
    assert (await acme.post(path, json=right)).status_code in (200, 201)


async def test_a_search_answers_in_the_language_asked_for(acme, globex):
    texts = []
    for client, body in ((acme, {}), (acme, {"language": "de"}), (globex, {})):
        found = data(await client.post("/api/v1/agentic-search", json={"query": "Prices?", **body}))
        assert found["citations"]
        texts.append(found["answer"])
    assert texts[0] != texts[1] == texts[2]
