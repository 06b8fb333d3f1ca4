"""The logs of the workspace: requests of its API, and what its tasks, flows and intents did."""

from __future__ import annotations

import pytest

from tests.sandbox.mihu.agent_ids import SALES
from tests.sandbox.mihu.answers import data
from tests.sandbox.mihu.answers import field as named
from tests.sandbox.mihu.flow_ids import NEWCOMERS, NEWCOMERS_TABLE

API = "/api/v1"
CONTACTS, TAGS, REQUESTS, ACTIONS = f"{API}/contacts", f"{API}/tags", f"{API}/logs/api", f"{API}/logs/actions"
MERT = "c0000000-0000-4000-8000-000000000002"
VIP = "ce000000-0000-4000-8000-000000000001"
UNKNOWN = "ffffffff-ffff-4fff-8fff-ffffffffffff"


async def logged(client, **filters):
    rows = data(await client.get(REQUESTS, params=filters))["data"]
    return [(row["method"], row["endpoint"], row["status_code"]) for row in rows]


async def test_every_request_is_in_the_log_newest_first_whatever_its_outcome(acme, readonly):
    await acme.get(f"{CONTACTS}/{UNKNOWN}")
    await acme.post(TAGS, json={"name": "lead"})
    await readonly.delete(f"{TAGS}/{VIP}")
    assert (await logged(acme))[:3] == [
        ("DELETE", f"{TAGS}/{VIP}", 403),
        ("POST", TAGS, 201),
        ("GET", f"{CONTACTS}/{UNKNOWN}", 404),
    ]
    assert (await logged(acme))[0] == ("GET", REQUESTS, 200)


async def test_the_log_is_filtered_by_outcome_endpoint_method_and_time(acme, clock):
    await acme.get(f"{CONTACTS}/{UNKNOWN}")
    await acme.post(TAGS, json={"name": "lead"})
    clock.advance(3600)
    await acme.post(TAGS, json={"name": "vip"})
    today = "2026-03-10T00:00:00Z"
    assert {row[2] for row in await logged(acme, status_code="4xx")} == {404, 422}
    assert await logged(acme, status_code="422") == [("POST", TAGS, 422)]
    assert await logged(acme, endpoint="/tags") == [("POST", TAGS, 422), ("POST", TAGS, 201)]
    assert {row[0] for row in await logged(acme, method="POST")} == {"POST"}
    early = {"from": today, "to": "2026-03-10T13:00:00Z", "endpoint": "/tags"}
    assert await logged(acme, **early) == [("POST", TAGS, 201)]
    assert await logged(acme, **{"from": "2026-03-10T16:00:00+03:00", "method": "POST"}) == [("POST", TAGS, 422)]
    assert len(await logged(acme, per_page=2)) == 2
    assert named(await acme.get(REQUESTS, params={"status_code": "teapot"})) == "status_code"


async def test_a_logged_request_shows_all_but_its_token_and_the_list_shows_it_in_short(acme):
    answer = await acme.post(TAGS, json={"name": "lead"})
    [row] = data(await acme.get(REQUESTS, params={"endpoint": TAGS}))["data"]
    assert row["timestamp"].startswith("2026-03-10T12:00")
    shown = data(await acme.get(f"{REQUESTS}/{row['uuid']}"))
    headers = shown.pop("request_headers")
    assert shown == {**row, "request_body": {"name": "lead"}, "response_body": answer.json()}
    assert not {"request_headers", "request_body", "response_body"} & row.keys()
    assert headers["authorization"] == "***"
    assert headers["user-agent"] == row["user_agent"]


async def test_a_long_answer_is_not_kept(acme):
    contacts = [{"phone_number": f"+90555{number:07}"} for number in range(100)]
    await acme.post(f"{CONTACTS}/bulk", json={"contacts": contacts})
    answer = await acme.get(CONTACTS, params={"per_page": 100})
    row = data(await acme.get(REQUESTS, params={"endpoint": CONTACTS, "method": "GET"}))["data"][0]
    kept = data(await acme.get(f"{REQUESTS}/{row['uuid']}"))["response_body"]
    assert len(kept) < 100 < len(answer.content)


async def test_actions_are_listed_in_short_and_read_in_full(acme):
    page = data(await acme.get(ACTIONS))
    assert [row["type"] for row in page["data"]] == ["workflow", "intent", "task"]
    assert not {"request", "response", "error", "extras"} & page["data"][0].keys()
    row = page["data"][0]
    whole = data(await acme.get(f"{ACTIONS}/workflow/{row['uuid']}"))
    assert whole.items() >= row.items()
    assert whole["error"]
    assert (whole["agent"]["name"], whole["contact"]["uuid"]) == ("Service desk", MERT)
    assert (await acme.get(f"{ACTIONS}/intent/{row['uuid']}")).status_code == 404
    assert named(await acme.get(f"{ACTIONS}/call/{row['uuid']}")) == "type"


@pytest.mark.parametrize(
    ("filters", "expected"),
    [
        ({"type": "intent"}, ["intent"]),
        ({"status": "failed"}, ["workflow"]),
        ({"agent_uuid": "a0000000-0000-4000-8000-000000000001"}, ["intent", "task"]),
        ({"from": "2026-03-09T12:00:00Z"}, ["workflow", "intent"]),
        ({"to": "2026-03-09T12:00:00Z"}, ["task"]),
        ({"per_page": 1, "page": 2}, ["intent"]),
    ],
)
async def test_actions_are_filtered(acme, filters, expected):
    assert [row["type"] for row in data(await acme.get(ACTIONS, params=filters))["data"]] == expected


async def test_an_action_outlives_its_contact(acme):
    data(await acme.delete(f"{CONTACTS}/{MERT}"))
    [row] = data(await acme.get(ACTIONS, params={"type": "intent"}))["data"]
    assert (row["contact"], row["customer"]) == (None, {"number": "+905321110002"})


@pytest.mark.parametrize(
    ("number", "outcome", "status"), [("+905321110003", "completed", "success"), ("+905321119999", "failed", "failed")]
)
async def test_each_attempt_of_a_task_is_logged_with_the_call_it_made(acme, clock, number, outcome, status):
    body = {"title": "Recall", "type": "make_call", "agent_uuid": SALES, "contact": {"phone_number": number}}
    times = {"scheduled_at": "2026-03-10T13:00:00Z", "max_attempts": 1, "auto_queue": True}
    task = data(await acme.post(f"{API}/tasks", json={**body, **times}), 201)
    for _ in range(2):
        clock.advance(3600)
        await acme.get(TAGS)
    [row] = data(await acme.get(ACTIONS, params={"type": "task", "from": "2026-03-10T13:00:00Z"}))["data"]
    whole = data(await acme.get(f"{ACTIONS}/task/{row['uuid']}"))
    call = data(await acme.get(f"{API}/calls/{whole['response']['call_uuid']}"))
    assert call["status"] == data(await acme.get(f"{API}/tasks/{task['uuid']}"))["status"] == outcome
    assert (whole["status"], bool(whole["error"])) == (status, outcome == "failed")
    assert (whole["name"], whole["channel"], whole["customer"]) == ("Recall", "call", {"number": number})
    assert (whole["duration_ms"], whole["agent"]["uuid"]) == (1000 * call["duration"], SALES)
    assert whole["extras"] == {"task_uuid": task["uuid"], "attempt": 1}


async def test_each_run_of_a_flow_is_logged_whether_it_succeeds_or_not(acme):
    before = len(data(await acme.get(ACTIONS, params={"type": "workflow"}))["data"])
    await acme.post(CONTACTS, json={"phone_number": "+905321119001", "name": "Deniz"})
    rows = data(await acme.get(ACTIONS, params={"type": "workflow", "status": "success"}))["data"]
    whole = data(await acme.get(f"{ACTIONS}/workflow/{rows[0]['uuid']}"))
    assert whole["response"]["step3"]["values"]["phone_number"] == "+905321119001"
    assert whole["extras"]["flow_uuid"] == NEWCOMERS
    await acme.delete(f"{API}/data/tables/{NEWCOMERS_TABLE}")
    await acme.post(CONTACTS, json={"phone_number": "+905321119002", "name": "Deniz"})
    rows = data(await acme.get(ACTIONS, params={"type": "workflow"}))["data"]
    assert (len(rows), rows[0]["status"]) == (before + 2, "failed")


async def test_another_tenant_sees_nothing_of_the_logs(acme, globex):
    await acme.get(f"{CONTACTS}/{UNKNOWN}")
    ours, theirs = [{row["uuid"] for row in data(await of.get(ACTIONS))["data"]} for of in (acme, globex)]
    assert theirs
    assert not ours & theirs
    request = data(await acme.get(REQUESTS))["data"][0]["uuid"]
    assert (await globex.get(f"{REQUESTS}/{request}")).status_code == 404
    assert "/contacts/" + UNKNOWN not in str(await logged(globex))
