"""Lists inside an agent: guidelines, notes, procedures, training and rules."""

from __future__ import annotations

import pytest

from tests.sandbox.mihu.agent_ids import AGENTS, BROCHURE, RECEPTION, SALES, SERVICE, agent_of, uuids
from tests.sandbox.mihu.answers import data, field

FORWARD = {"when_condition": "A journalist calls.", "then_action": "forward"}
TO_PARTS = {"department_name": "Parts", "destination_type": "extension", "destination": "103"}
ROWS = {
    "guidelines": {"content": "Be brief."},
    "notes": {"content": "Closed on Sundays."},
    "procedures": {"name": "Take a message", "steps": [{"description": "Ask for the name."}]},
    "training": {"content": "Do you rent cars?", "response": "No."},
    "routing-rules": {**TO_PARTS, "detection_mode": "exact", "trigger_keyword": "parts"},
    "guard-rules": {"when_condition": "Insults.", "then_action": "end_conversation"},
}


@pytest.mark.parametrize("path", ROWS)
async def test_a_row_is_added_changed_and_deleted_and_each_answer_is_the_whole_agent(acme, path):
    base, name = f"{AGENTS}/{SALES}/{path}", path.replace("-", "_")
    before = (await agent_of(acme))[name]
    added = await acme.post(base, json=ROWS[path])
    assert set(added.json()) == {"data"}
    rows = data(added, 201)[name]
    assert rows[:-1] == before
    row = rows[-1]
    assert all(row[member] == value for member, value in ROWS[path].items() if member != "steps")
    member = next(iter(set(ROWS[path]) & {"content", "name", "department_name", "when_condition"}))
    changed = await acme.patch(f"{base}/{row['uuid']}", json={member: "Changed."})
    assert set(changed.json()) == {"data"}
    assert data(changed)[name] == [*before, {**row, member: "Changed."}]
    left = await acme.delete(f"{base}/{row['uuid']}")
    assert set(left.json()) == {"data"}
    assert data(left) == await agent_of(acme)
    assert data(left)[name] == before
    assert (await acme.delete(f"{base}/{row['uuid']}")).status_code == 404


@pytest.mark.parametrize("path", ROWS)
async def test_replacing_a_section_leaves_only_the_rows_given(acme, path):
    base, name = f"{AGENTS}/{SALES}/{path}", path.replace("-", "_")
    before = uuids((await agent_of(acme))[name])
    rows = data(await acme.put(base, json={name: [ROWS[path], ROWS[path]]}))[name]
    assert len({*before, *uuids(rows)}) == len(before) + 2
    for place, first in (("order", 0), ("priority", 1)):
        assert [row[place] for row in rows if place in row] in ([], [first, first + 1])
    assert data(await acme.put(base, json={name: []}))[name] == []
    assert (await agent_of(acme))[name] == []


@pytest.mark.parametrize("path", ROWS)
async def test_rows_of_another_agent_are_not_found(acme, path):
    name = path.replace("-", "_")
    foreign = (await agent_of(acme))[name][0]["uuid"]
    assert (await acme.patch(f"{AGENTS}/{SERVICE}/{path}/{foreign}", json={})).status_code == 404
    assert (await acme.delete(f"{AGENTS}/{SERVICE}/{path}/{foreign}")).status_code == 404
    assert foreign in uuids((await agent_of(acme))[name])


async def test_a_row_without_order_goes_to_the_end_and_one_with_order_to_its_place(acme):
    base = f"{AGENTS}/{SALES}/guidelines"
    await acme.post(base, json={"content": "Far.", "order": 9})
    await acme.post(base, json={"content": "Last."})
    rows = data(await acme.post(base, json={"content": "First.", "order": 0}), 201)["guidelines"]
    assert [row["content"] for row in rows][-2:] == ["Far.", "Last."]
    assert rows[-1]["order"] == 10
    assert [row["content"] for row in rows if row["order"] == 0][-1] == "First."


async def test_steps_that_are_given_replace_the_old_and_steps_left_out_stay(acme):
    base = f"{AGENTS}/{SALES}/procedures"
    procedure = (await agent_of(acme))["procedures"][0]
    renamed = data(await acme.patch(f"{base}/{procedure['uuid']}", json={"name": "Drive"}))["procedures"][0]
    assert renamed == {**procedure, "name": "Drive"}
    steps = [{"description": "Ask.", "intent_uuid": BROCHURE}]
    changed = data(await acme.patch(f"{base}/{procedure['uuid']}", json={"steps": steps}))["procedures"][0]
    assert changed["steps"] == [{"order": 1, "description": "Ask.", "intent_uuid": BROCHURE}]


async def test_a_step_cannot_fire_an_intent_of_another_agent(acme):
    other = "a7000000-0000-4000-8000-000000000004"
    body = {"name": "Hand over", "steps": [{"description": "Go on."}, {"description": "Stop.", "intent_uuid": other}]}
    assert field(await acme.post(f"{AGENTS}/{SALES}/procedures", json=body)) == "steps.1.intent_uuid"
    assert (await acme.post(f"{AGENTS}/{SERVICE}/procedures", json=body)).status_code == 201


@pytest.mark.parametrize(
    ("rule", "missing"),
    [
        ({**TO_PARTS, "detection_mode": "exact"}, "trigger_keyword"),
        ({**TO_PARTS, "detection_mode": "intent"}, "ai_prompt"),
        ({**TO_PARTS, "detection_mode": "both", "trigger_keyword": "parts"}, "ai_prompt"),
        ({**TO_PARTS, "detection_mode": "both", "ai_prompt": "Parts."}, "trigger_keyword"),
        ({**ROWS["routing-rules"], "destination_type": "agent"}, "destination_agent_uuid"),
        (
            {**ROWS["routing-rules"], "destination_type": "agent", "destination_agent_uuid": RECEPTION},
            "destination_agent_uuid",
        ),
        (
            {**ROWS["routing-rules"], "destination_type": "agent", "destination_agent_uuid": SALES},
            "destination_agent_uuid",
        ),
        ({**ROWS["routing-rules"], "destination_type": "phone_number"}, "destination"),
    ],
)
async def test_a_routing_rule_that_could_not_fire_or_leads_nowhere_is_refused(acme, rule, missing):
    base = f"{AGENTS}/{SALES}/routing-rules"
    assert field(await acme.post(base, json=rule)) == missing
    assert field(await acme.put(base, json={"routing_rules": [rule]})) == f"routing_rules.0.{missing}"
    assert len(data(await acme.get(base))) == 2


async def test_routing_rules_are_listed_by_priority_and_a_new_one_comes_last(acme):
    base = f"{AGENTS}/{SALES}/routing-rules"
    rules = data(await acme.post(base, json=ROWS["routing-rules"]), 201)["routing_rules"]
    assert [rule["priority"] for rule in rules] == [1, 2, 3]
    first = rules[0]["uuid"]
    await acme.patch(f"{base}/{first}", json={"priority": 7, "is_active": False})
    listed = await acme.get(base)
    assert listed.json()["success"] is True
    assert [rule["priority"] for rule in data(listed)] == [2, 3, 7]
    assert (data(listed)[-1]["uuid"], data(listed)[-1]["is_active"]) == (first, False)


async def test_a_changed_rule_must_still_hold_together(acme):
    routing, guard = f"{AGENTS}/{SALES}/routing-rules", f"{AGENTS}/{SALES}/guard-rules"
    by_word = data(await acme.get(routing))[0]["uuid"]
    assert field(await acme.patch(f"{routing}/{by_word}", json={"detection_mode": "intent"})) == "ai_prompt"
    both = {"detection_mode": "intent", "ai_prompt": "Bills."}
    assert (await acme.patch(f"{routing}/{by_word}", json=both)).status_code == 200
    ending = data(await acme.get(guard))[1]["uuid"]
    assert field(await acme.patch(f"{guard}/{ending}", json={"then_action": "forward"})) == "destination_type"
    forward = {"then_action": "forward", "destination_type": "phone_number", "destination": "+902125550101"}
    assert (await acme.patch(f"{guard}/{ending}", json=forward)).status_code == 200


async def test_a_guard_rule_only_needs_a_destination_to_forward(acme):
    base = f"{AGENTS}/{SALES}/guard-rules"
    assert field(await acme.post(base, json=FORWARD)) == "destination_type"
    to_agent = {**FORWARD, "destination_type": "agent", "destination_agent_uuid": SERVICE}
    rule = data(await acme.post(base, json=to_agent), 201)["guard_rules"][-1]
    assert (rule["is_active"], rule["is_default"], rule["selected_channels"]) == (True, False, ["phone"])
