"""What steps of flows do: tried one by one with samples, and run for real once the flow is deployed."""

from __future__ import annotations

import pytest

from tests.sandbox.mihu.answers import data, field
from tests.sandbox.mihu.flow_ids import (
    CALLS,
    CARS,
    DIARY,
    DIARY_ACTION,
    DIARY_TRIGGER,
    FLOW,
    FORM,
    NEWCOMERS,
    NEWCOMERS_TABLE,
    ORDER_TRIGGER,
    ORDERS,
    PARTS,
    TICKET,
    TICKET_ACTION,
    rows_of,
    steps_of,
    trial,
)

CONTACTS = "/api/v1/contacts"
SALES = "a0000000-0000-4000-8000-000000000001"
TURKISH, GERMAN = "+905321119001", "+4915112349001"


async def built(client, *actions, trigger=("contacts", "contact_created")):
    """A new draft flow of a trigger and actions (app, key, config and other members): its uuid and its steps'."""
    flow = data(await client.post(FLOW, json={"name": "Built"}), 201)["uuid"]
    first = {"kind": "trigger", "app_uid": trigger[0], "trigger_key": trigger[1]}
    steps = []
    for app, key, config, more in [(*action, {})[:4] for action in actions]:
        steps.append({"kind": "action", "app_uid": app, "action_key": key, "config": config, **more})
    uuids = []
    for step in (first, *steps):
        if "branch_key" in step:
            step["parent_step_uuid"] = uuids[1]
        uuids.append(data(await client.post(f"{FLOW}/{flow}/steps", json=step), 201)["uuid"])
    return flow, uuids


async def deployed(client, *actions, trigger=("contacts", "contact_created"), sample=None):
    """The same, tested and switched on."""
    flow, steps = await built(client, *actions, trigger=trigger)
    for number, step in enumerate(steps):
        data(await trial(client, flow, step, **({"data": sample} if sample and not number else {})))
    data(await client.post(f"{FLOW}/{flow}/deploy"))
    return flow


async def newcomer(client, number=TURKISH, **members):
    return data(await client.post(CONTACTS, json={"phone_number": number, **members}), 201)["uuid"]


async def test_a_trigger_takes_the_newest_record_as_sample_and_becomes_active(acme):
    flow, (trigger,) = await built(acme)
    newest = await newcomer(acme, name="Deniz", surname="Kaya")
    response = await trial(acme, flow, trigger, limit=2)
    assert set(response.json()) == {"success", "data"}
    result = data(response)
    assert result["selected"] == result["samples"][0]
    assert (result["selected"]["sample_uuid"], result["selected"]["label"]) == (newest, "Deniz Kaya")
    assert len(result["samples"]) == 2
    kept = (await steps_of(acme, flow))[0]
    assert (kept["status"], kept["last_test"]["data"]) == ("active", result["data"])
    other = result["samples"][1]["sample_uuid"]
    assert data(await trial(acme, flow, trigger, sample_uuid=other))["data"]["uuid"] == other
    assert field(await trial(acme, flow, trigger, sample_uuid=other, limit=1)) == "sample_uuid"


async def test_a_trigger_without_records_is_not_found_but_takes_a_payload(acme):
    response = await trial(acme, ORDERS, ORDER_TRIGGER)
    assert response.status_code == 404
    assert (response.json()["success"], response.json()["data"]) == (False, {"samples": []})
    assert (await steps_of(acme, ORDERS))[0]["status"] == "draft"
    own = {"values": {"part": "Brake pads"}}
    assert data(await trial(acme, ORDERS, ORDER_TRIGGER, data=own))["data"] == own
    await acme.post(f"/api/v1/data/tables/{PARTS}/rows", json={"rows": [{"part": "Wheel", "order_no": "A-1"}]})
    sample = data(await trial(acme, ORDERS, ORDER_TRIGGER))
    assert (sample["selected"]["label"], sample["data"]["values"]["part"]) == ("A-1", "Wheel")


async def test_an_action_fills_its_settings_from_kept_results(acme):
    result = data(await trial(acme, TICKET, TICKET_ACTION))
    assert result["resolved"] == {"subject": "Call Derya back", "body": "Please call me back."}
    assert (result["kind"], result["dry_run"]) == ("action", True)
    assert (await steps_of(acme, TICKET))[1]["last_test"] == {"data": result["data"]}
    other = data(await trial(acme, TICKET, TICKET_ACTION, input_data={"step1": {"name": "Ali"}}))
    assert other["resolved"] == {"subject": "Call Ali back", "body": "Please call me back."}
    assert field(await trial(acme, TICKET, TICKET_ACTION, input_data={"step1": "Ali"})) == "input_data.step1"


async def test_a_reference_alone_keeps_the_type_of_its_value(acme):
    values = data(await trial(acme, DIARY, DIARY_ACTION))["resolved"]["values"]
    last = (await steps_of(acme, DIARY))[0]["last_test"]["data"]
    assert values["seconds"] == last["duration"]
    assert values["outcome"] == f"Call {last['status']}"


@pytest.mark.parametrize(
    "reference", ["{{step2.name}}", "{{step9.name}}", "{{step1.shoe_size}}", "{{step1.name.first}}"]
)
async def test_a_reference_without_a_value_is_refused(acme, reference):
    assert field(await trial(acme, TICKET, TICKET_ACTION, config_override={"subject": reference})) == "config"


@pytest.mark.parametrize("body", [{"persist": False}, {"config_override": {"subject": "Other"}}])
async def test_a_test_can_be_made_without_keeping_it(acme, body):
    before = await steps_of(acme, TICKET)
    assert data(await trial(acme, TICKET, TICKET_ACTION, **body))["data"]
    assert await steps_of(acme, TICKET) == before


async def test_only_a_live_test_changes_something(acme):
    before = await rows_of(acme, CALLS)
    for body in ({}, {"dry_run": True, "live": True}):
        assert data(await trial(acme, DIARY, DIARY_ACTION, **body))["dry_run"] is True
    assert await rows_of(acme, CALLS) == before
    live = data(await trial(acme, DIARY, DIARY_ACTION, live=True))
    assert live["dry_run"] is False
    assert await rows_of(acme, CALLS) == [*before, live["data"]["values"]]


async def test_reading_actions_run_live_and_ending_a_call_never_does(acme):
    flow, steps = await built(
        acme,
        ("tables", "ai_query", {"table_uuid": CARS, "query": "KESTREL", "max_results": 1}),
        ("contacts", "find_contact", {"phone_number": "+905321110001"}),
        ("calls", "end_call", {}),
        ("agents", "ask_agent", {"question": "Open today?"}, {"agent_uuid": SALES}),
    )
    query, find, end, ask = [data(await trial(acme, flow, step, live=step == steps[3])) for step in steps[1:]]
    assert [result["dry_run"] for result in (query, find, end, ask)] == [False, False, True, False]
    assert [row["model"] for row in query["data"]["rows"]] == ["Kestrel"]
    assert (find["data"]["found"], find["data"]["name"]) == (True, "Elif")


async def test_a_live_call_is_really_placed(acme):
    start = ("agents", "start_call", {"phone_number": "+905321110002"}, {"agent_uuid": SALES})
    _, (_, step) = flow = await built(acme, start)
    other = {"phone_number": "+905321110004"}
    assert data(await trial(acme, flow[0], step))["data"]["status"] == "queued"
    assert field(await trial(acme, flow[0], step, live=True, config_override=other)) == "config.phone_number"
    placed = data(await trial(acme, flow[0], step, live=True))["data"]["call_uuid"]
    watch, (trigger,) = await built(acme, trigger=("calls", "call_started"))
    assert data(await trial(acme, watch, trigger))["data"]["uuid"] == placed


@pytest.mark.parametrize(
    ("app", "key", "config", "wrong"),
    [
        ("tables", "create_row", {"table_uuid": CARS}, "config.values"),
        ("tables", "create_row", {"table_uuid": CARS, "values": "red"}, "config.values"),
        ("tables", "create_row", {"table_uuid": CARS, "values": {"price": "cheap"}}, "config.values.price"),
        ("tables", "ai_query", {"table_uuid": "nothing"}, "config.table_uuid"),
        ("contacts", "create_contact", {"phone_number": "0532"}, "config.phone_number"),
        ("contacts", "find_contact", {}, "config.phone_number"),
        ("logic", "if_condition", {"left": "1", "operator": "resembles"}, "config.operator"),
    ],
)
async def test_settings_that_cannot_work_are_named(acme, app, key, config, wrong):
    flow, (_, step) = await built(acme, (app, key, config))
    assert field(await trial(acme, flow, step)) == wrong
    assert (await steps_of(acme, flow))[1]["status"] == "draft"


@pytest.mark.parametrize(
    ("left", "operator", "right", "result"),
    [
        ("TR", "equals", "tr", True),
        ("TR", "not_equals", "DE", True),
        ("Great thanks", "contains", "THANK", True),
        ("10", "greater_than", 9, True),
        ("b", "less_than", "a", False),
        ("{{step1.email}}", "is_empty", None, True),
        ("{{step1.name}}", "is_empty", None, False),
    ],
)
async def test_conditions(acme, left, operator, right, result):
    flow, (trigger, step) = await built(
        acme, ("logic", "if_condition", {"left": left, "operator": operator, "right": right})
    )
    await trial(acme, flow, trigger, data={"email": "", "name": "Elif"})
    assert data(await trial(acme, flow, step))["data"] == {"result": result}


async def test_a_deployed_flow_runs_for_each_new_record_on_the_branch_that_fits(acme):
    before = await rows_of(acme, NEWCOMERS_TABLE)
    await newcomer(acme, TURKISH, name="Deniz", surname="Kaya")
    await newcomer(acme, GERMAN, name="Jonas")
    row = {"phone_number": TURKISH, "name": "Deniz Kaya"}
    assert await rows_of(acme, NEWCOMERS_TABLE) == [*before, row]
    await acme.post(f"{FLOW}/{NEWCOMERS}/undeploy")
    await newcomer(acme, "+905321119002")
    assert await rows_of(acme, NEWCOMERS_TABLE) == [*before, row]
    await acme.post(f"{FLOW}/{NEWCOMERS}/deploy")
    assert await rows_of(acme, NEWCOMERS_TABLE) == [*before, row]


async def test_a_flow_runs_when_a_call_ends_by_the_clock(acme, clock):
    await acme.post(f"{FLOW}/{DIARY}/deploy")
    assert await rows_of(acme, CALLS) == []
    clock.advance(120)
    (row,) = await rows_of(acme, CALLS)
    assert (row["phone_number"], row["outcome"]) == ("+905321110001", "Call completed")
    clock.advance(120)
    assert await rows_of(acme, CALLS) == [row]


async def test_what_flows_make_does_not_start_flows(acme):
    row = {"table_uuid": PARTS, "values": {"part": "Key"}}
    contact = {"phone_number": GERMAN}
    await deployed(acme, ("tables", "create_row", row))
    flow, steps = await built(acme, ("contacts", "create_contact", contact), trigger=("tables", "row_created"))
    await acme.patch(f"{FLOW}/{flow}/steps/{steps[0]}", json={"config": {"table_uuid": PARTS}})
    await trial(acme, flow, steps[0], data={"values": {}})
    await trial(acme, flow, steps[1])
    await acme.post(f"{FLOW}/{flow}/deploy")
    await newcomer(acme)
    for _ in range(3):
        assert len(await rows_of(acme, PARTS)) == 1
    assert data(await acme.get(CONTACTS, params={"search": GERMAN}))["total"] == 0


async def test_a_run_that_fails_harms_nothing_but_itself(acme):
    row = {"table_uuid": PARTS, "values": {"part": "{{step1.name}}", "quantity": "{{step1.wanted}}"}}
    note = {"table_uuid": PARTS, "values": {"part": "never"}}
    sample = {"name": "Elif", "wanted": 2}
    await deployed(acme, ("tables", "create_row", row), ("tables", "create_row", note), sample=sample)
    await newcomer(acme, name="Deniz")
    assert await rows_of(acme, PARTS) == []
    assert {"phone_number": TURKISH, "name": "Deniz "} in await rows_of(acme, NEWCOMERS_TABLE)


async def test_the_form_step_keeps_its_own_payload(acme):
    own = {"name": "Derya", "message": "Hello"}
    assert data(await trial(acme, TICKET, FORM, data=own))["samples"] == []
    assert data(await trial(acme, TICKET, TICKET_ACTION))["resolved"]["body"] == "Hello"


async def test_a_call_that_has_ended_is_a_sample(acme):
    assert data(await trial(acme, DIARY, DIARY_TRIGGER))["data"]["status"] == "completed"
