"""Flows and their steps: drafted, put in order, deployed, taken back."""

from __future__ import annotations

import pytest

from tests.sandbox.mihu.answers import data, field
from tests.sandbox.mihu.flow_ids import (
    CARS,
    CONDITION,
    DIARY,
    DIARY_ACTION,
    DIARY_TRIGGER,
    FLOW,
    FOREIGN_DESK,
    FORM,
    FORMS,
    HELPDESK,
    NEWCOMERS,
    NEWCOMERS_TRIGGER,
    OLD_CHAT,
    ON_TRUE,
    ORDERS,
    RECALL,
    TICKET,
    TICKET_ACTION,
    UNKNOWN,
    steps_of,
    trial,
)

SALES = "a0000000-0000-4000-8000-000000000001"
RECEPTION = "a0000000-0000-4000-8000-000000000081"
QUERY = {"kind": "action", "app_uid": "tables", "action_key": "ai_query", "config": {"table_uuid": CARS}}
CALL_ENDED = {"kind": "trigger", "app_uid": "calls", "trigger_key": "call_ended"}
ACTION = {"kind": "action"}


async def added(client, flow, **step):
    return data(await client.post(f"{FLOW}/{flow}/steps", json=step), 201)


async def test_a_flow_is_drafted_tested_deployed_and_taken_back(acme):
    made = data(await acme.post(FLOW, json={"name": "Look up"}), 201)
    assert (made["status"], made["steps"]) == ("draft", [])
    one = f"{FLOW}/{made['uuid']}"
    assert field(await acme.post(f"{one}/deploy")) == "steps"
    trigger = await added(acme, made["uuid"], **CALL_ENDED)
    action = await added(acme, made["uuid"], **QUERY)
    assert [trigger["position"], action["position"]] == [1, 2]
    await trial(acme, made["uuid"], trigger["uuid"])
    assert field(await acme.post(f"{one}/deploy")) == "steps"
    await trial(acme, made["uuid"], action["uuid"])
    deployed = data(await acme.post(f"{one}/deploy"))
    assert deployed["status"] == "deployed"
    assert [step["status"] for step in deployed["steps"]] == ["active", "active"]
    listed = data(await acme.get("/api/v1/flows", params={"status": "deployed", "search": "LOOK"}))["items"]
    assert [row["name"] for row in listed] == ["Look up"]
    assert "steps" not in listed[0]
    back = await acme.post(f"{one}/undeploy")
    assert back.json()["message"] == "Flow undeployed"
    assert data(back)["status"] == "draft"
    assert data(back)["steps"] == deployed["steps"]
    assert data(await acme.delete(one)) is None
    assert (await acme.get(one)).status_code == 404


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("PATCH", "", {"name": "Other"}),
        ("DELETE", "", None),
        ("POST", "/steps", QUERY),
        ("PATCH", f"/steps/{NEWCOMERS_TRIGGER}", {"config": {}}),
        ("DELETE", f"/steps/{ON_TRUE}", None),
        ("POST", f"/steps/{NEWCOMERS_TRIGGER}/test", {}),
    ],
)
async def test_a_deployed_flow_cannot_be_touched_until_it_is_taken_back(acme, method, path, body):
    one = f"{FLOW}/{NEWCOMERS}"
    before = data(await acme.get(one))
    refused = await acme.request(method, one + path, json=body)
    assert (refused.status_code, refused.json()["error"]["code"]) == (409, "CONFLICT")
    assert data(await acme.get(one)) == before
    await acme.post(f"{one}/undeploy")
    assert (await acme.request(method, one + path, json=body)).status_code < 300


async def test_deploying_twice_and_taking_back_a_draft_change_nothing(acme):
    deployed = data(await acme.post(f"{FLOW}/{NEWCOMERS}/deploy"))
    assert deployed == data(await acme.get(f"{FLOW}/{NEWCOMERS}"))
    draft = data(await acme.post(f"{FLOW}/{TICKET}/undeploy"))
    assert draft == data(await acme.get(f"{FLOW}/{TICKET}"))


async def test_flows_are_listed_newest_first_and_in_pages(acme):
    pages = [data(await acme.get("/api/v1/flows", params={"per_page": 3, "page": number})) for number in (1, 2)]
    assert [row["uuid"] for page in pages for row in page["items"]] == [ORDERS, TICKET, DIARY, NEWCOMERS]
    assert pages[0]["pagination"]["last_page"] == 2


async def test_flows_of_another_tenant_are_not_found(acme, globex):
    assert [row["uuid"] for row in data(await globex.get("/api/v1/flows"))["items"]] == [RECALL]
    for method, path in (("GET", ""), ("DELETE", ""), ("POST", "/deploy"), ("POST", "/steps")):
        body = QUERY if path == "/steps" else None
        assert (await globex.request(method, f"{FLOW}/{DIARY}{path}", json=body)).status_code == 404
    assert (await acme.patch(f"{FLOW}/{DIARY}/steps/{TICKET_ACTION}", json={})).status_code == 404
    assert len(await steps_of(acme, DIARY)) == 2


@pytest.mark.parametrize(
    ("flow", "step", "wrong"),
    [
        (ORDERS, {**ACTION, "app_uid": "nothing", "action_key": "ai_query"}, "app_uid"),
        (ORDERS, {**ACTION, "app_uid": "web_forms", "action_key": "ai_query"}, "app_uid"),
        (ORDERS, {**ACTION, "app_uid": "tables"}, "action_key"),
        (ORDERS, {**ACTION, "app_uid": "tables", "action_key": "dance"}, "action_key"),
        (ORDERS, {**QUERY, "trigger_key": "row_created"}, "trigger_key"),
        (ORDERS, {**QUERY, "app_connection_uuid": HELPDESK}, "app_connection_uuid"),
        (ORDERS, {**ACTION, "app_uid": "helpdesk", "action_key": "create_ticket"}, "app_connection_uuid"),
        (ORDERS, CALL_ENDED, "kind"),
        (ORDERS, {**QUERY, "insert_after_step_uuid": DIARY_TRIGGER}, "insert_after_step_uuid"),
        (ORDERS, {**QUERY, "parent_step_uuid": CONDITION, "branch_key": "true"}, "parent_step_uuid"),
        (DIARY, {**QUERY, "parent_step_uuid": DIARY_ACTION, "branch_key": "true"}, "parent_step_uuid"),
        (ORDERS, {**QUERY, "branch_key": "true"}, "branch_key"),
        (ORDERS, {**ACTION, "app_uid": "agents", "action_key": "ask_agent"}, "agent_uuid"),
        (ORDERS, {**ACTION, "app_uid": "agents", "action_key": "ask_agent", "agent_uuid": RECEPTION}, "agent_uuid"),
        (None, QUERY, "kind"),
        (None, {**CALL_ENDED, "app_uid": "logic"}, "app_uid"),
        (None, {**CALL_ENDED, "trigger_key": "contact_created"}, "trigger_key"),
        (None, {**CALL_ENDED, "branch_key": "true"}, "branch_key"),
    ],
)
async def test_a_step_that_does_not_fit_is_refused(acme, flow, step, wrong):
    flow = flow or data(await acme.post(FLOW, json={"name": "Empty"}), 201)["uuid"]
    before = await steps_of(acme, flow)
    assert field(await acme.post(f"{FLOW}/{flow}/steps", json=step)) == wrong
    assert await steps_of(acme, flow) == before


@pytest.mark.parametrize("connection", [OLD_CHAT, FORMS, FOREIGN_DESK, UNKNOWN])
async def test_a_connection_must_be_active_and_of_this_app_and_tenant(acme, connection):
    app, key = ("team_chat", "post_message") if connection == OLD_CHAT else ("helpdesk", "create_ticket")
    step = {**ACTION, "app_uid": app, "action_key": key, "app_connection_uuid": connection}
    assert field(await acme.post(f"{FLOW}/{ORDERS}/steps", json=step)) == "app_connection_uuid"


async def test_a_step_names_its_app_key_agent_and_connection(acme):
    ask = {**ACTION, "app_uid": "agents", "action_key": "ask_agent", "agent_uuid": SALES}
    response = await acme.post(f"{FLOW}/{ORDERS}/steps", json=ask)
    assert set(response.json()) == {"data"}
    step = data(response, 201)
    assert step["agent"] == {"uuid": SALES, "name": "Sales line"}
    assert (step["trigger"], step["action"]) == (None, {"key": "ask_agent", "name": "Ask agent"})
    assert (step["status"], step["last_test"], step["app_connection"]) == ("draft", None, None)
    ticket = (await steps_of(acme, TICKET))[1]
    assert ticket["app_connection"] == {"uuid": HELPDESK, "label": "Acme service desk"}
    assert (ticket["app"]["uid"], ticket["app"]["requires_connection"]) == ("helpdesk", True)


async def test_later_steps_and_their_references_move_up_for_a_step_in_the_middle(acme):
    last = await added(
        acme, DIARY, **{**QUERY, "config": {"table_uuid": CARS, "query": "{{step2.uuid}} {{step1.uuid}}"}}
    )
    before = await steps_of(acme, DIARY)
    new = await added(acme, DIARY, **QUERY, insert_after_step_uuid=DIARY_TRIGGER)
    after = await steps_of(acme, DIARY)
    assert [step["uuid"] for step in after] == [DIARY_TRIGGER, new["uuid"], DIARY_ACTION, last["uuid"]]
    assert [step["position"] for step in after] == [1, 2, 3, 4]
    assert after[3]["config"]["query"] == "{{step3.uuid}} {{step1.uuid}}"
    assert after[2] == {**before[1], "position": 3}
    await acme.delete(f"{FLOW}/{DIARY}/steps/{new['uuid']}")
    assert await steps_of(acme, DIARY) == before


async def test_a_step_that_used_a_removed_one_points_nowhere_and_is_a_draft_again(acme):
    user = await added(acme, DIARY, **{**QUERY, "config": {"table_uuid": CARS, "query": "{{step2.uuid}}"}})
    await trial(acme, DIARY, user["uuid"])
    assert data(await acme.delete(f"{FLOW}/{DIARY}/steps/{DIARY_ACTION}")) is None
    left = (await steps_of(acme, DIARY))[1]
    assert (left["uuid"], left["position"]) == (user["uuid"], 2)
    assert (left["config"]["query"], left["status"]) == ("{{step0.uuid}}", "draft")
    assert field(await trial(acme, DIARY, user["uuid"])) == "config"


async def test_the_trigger_goes_last_and_branches_go_with_their_condition(acme):
    await acme.post(f"{FLOW}/{NEWCOMERS}/undeploy")
    steps = f"{FLOW}/{NEWCOMERS}/steps"
    on_false = await added(acme, NEWCOMERS, **QUERY, parent_step_uuid=CONDITION, branch_key="false")
    after = await added(acme, NEWCOMERS, **QUERY)
    assert (on_false["parent_step_uuid"], on_false["branch_key"]) == (CONDITION, "false")
    assert field(await acme.delete(f"{steps}/{NEWCOMERS_TRIGGER}")) == "step"
    assert field(await acme.patch(f"{steps}/{CONDITION}", json={"app_uid": "tables"})) == "action_key"
    await acme.delete(f"{steps}/{CONDITION}")
    assert [(step["uuid"], step["position"]) for step in await steps_of(acme, NEWCOMERS)] == [
        (NEWCOMERS_TRIGGER, 1),
        (after["uuid"], 2),
    ]
    await acme.delete(f"{steps}/{after['uuid']}")
    await acme.delete(f"{steps}/{NEWCOMERS_TRIGGER}")
    assert await steps_of(acme, NEWCOMERS) == []


async def test_a_branch_stands_behind_its_condition(acme):
    await acme.post(f"{FLOW}/{NEWCOMERS}/undeploy")
    step = {**QUERY, "parent_step_uuid": CONDITION}
    assert field(await acme.post(f"{FLOW}/{NEWCOMERS}/steps", json=step)) == "branch_key"
    step |= {"branch_key": "false", "insert_after_step_uuid": NEWCOMERS_TRIGGER}
    assert field(await acme.post(f"{FLOW}/{NEWCOMERS}/steps", json=step)) == "insert_after_step_uuid"


async def test_a_changed_step_must_be_tested_again(acme):
    one = f"{FLOW}/{DIARY}/steps/{DIARY_ACTION}"
    before = (await steps_of(acme, DIARY))[1]
    assert data(await acme.patch(one, json={})) == before
    changed = data(await acme.patch(one, json={"config": {"table_uuid": CARS}}))
    assert changed == {**before, "config": {"table_uuid": CARS}, "status": "draft", "last_test": None}
    assert field(await acme.post(f"{FLOW}/{DIARY}/deploy")) == "steps"


async def test_another_app_clears_what_belonged_to_the_old_one(acme):
    one = f"{FLOW}/{TICKET}/steps/{TICKET_ACTION}"
    cleared = data(await acme.patch(one, json={"app_uid": "tables"}))
    assert (cleared["action"], cleared["config"], cleared["app_connection"]) == (None, {}, None)
    assert field(await trial(acme, TICKET, TICKET_ACTION)) == "action_key"
    assert field(await acme.patch(one, json={"action_key": "create_ticket"})) == "action_key"
    filled = data(await acme.patch(one, json={"action_key": "ai_query", "config": {"table_uuid": CARS}}))
    assert filled["action"]["key"] == "ai_query"
    assert field(await acme.patch(f"{FLOW}/{TICKET}/steps/{FORM}", json={"action_key": "ai_query"})) == "action_key"


async def test_apps_tell_what_they_offer(acme):
    apps = {app["uid"]: app for app in data(await acme.get(f"{FLOW}/apps"))}
    for uid, app in apps.items():
        assert app["requires_connection"] == (app["category"] == "connect")
        for kind in ("trigger", "action"):
            offered = data(await acme.get(f"{FLOW}/apps/{uid}/{kind}s"))
            assert bool(offered) == app[f"supports_{kind}"]
            assert all(set(item) == {"key", "name", "config_schema"} for item in offered)
    connectable = data(await acme.get(f"{FLOW}/apps", params={"category": "connect"}))
    assert {app["uid"] for app in connectable} == {uid for uid, app in apps.items() if app["category"] == "connect"}
    assert [app["uid"] for app in data(await acme.get(f"{FLOW}/apps", params={"search": "desk"}))] == ["helpdesk"]


async def test_connections_are_the_tenants_own_and_found_by_app(acme, globex):
    path = f"{FLOW}/connections"
    assert [row["uuid"] for row in data(await acme.get(path))] == [HELPDESK, FORMS, OLD_CHAT]
    desks = [data(await client.get(path, params={"app_uid": "helpdesk"})) for client in (acme, globex)]
    assert [[row["uuid"] for row in rows] for rows in desks] == [[HELPDESK], [FOREIGN_DESK]]
    assert desks[0][0] == {
        "uuid": HELPDESK,
        "label": "Acme service desk",
        "app": {"uid": "helpdesk", "name": "Helpdesk"},
        "status": "active",
    }
