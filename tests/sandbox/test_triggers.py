from __future__ import annotations

import hashlib
import hmac
import json
from typing import Any

import httpx
import pytest

from tests.sandbox.ids import AGENT, CONNECTION, KEY, SESSION, TRIGGER, TRIGGER_RUN
from tests.sandbox.wire import GLOBEX, OWNER, Driver

HOOK = "/api/triggers/webhook"


async def post(sandbox: Driver, trigger_id: str, payload: Any, **headers: str) -> httpx.Response:
    raw = json.dumps(payload).encode()
    return await sandbox.client.post(f"{HOOK}/{trigger_id}", content=raw, headers=headers)


async def test_a_trigger_lives_its_whole_life(sandbox: Driver) -> None:
    config = {"query_extraction": {"mode": "field", "field": "text"}, "auth": {"type": "none"}}
    created = await sandbox(
        "create_trigger", agent_id=AGENT(1), name="Site", trigger_type="webhook", trigger_config=config
    )
    trigger = created["trigger"]
    assert trigger["webhook_secret"].startswith("whs_")
    assert created["webhook_url"] == created["call"]["url"] == f"http://sandbox{HOOK}/{trigger['id']}"
    shown = (await sandbox("get_trigger", trigger_id=trigger["id"]))["trigger"]
    assert "webhook_secret" not in shown
    assert shown["call"]["auth"] == {"type": "none", "header": None}
    assert (await sandbox("update_trigger", trigger_id=trigger["id"], name="Form"))["trigger"]["name"] == "Form"
    off = await sandbox("toggle_trigger", trigger_id=trigger["id"], enabled=False)
    assert off["trigger"]["enabled"] is False
    disabled = (await sandbox("list_triggers", enabled=False))["triggers"]
    assert {row["id"] for row in disabled} == {trigger["id"], TRIGGER(4)}
    assert (await post(sandbox, trigger["id"], {"text": "Hi"})).status_code == 404
    await sandbox("delete_trigger", trigger_id=trigger["id"])
    assert (await sandbox("get_trigger", trigger_id=trigger["id"])).code == "NOT_FOUND"


async def test_no_secret_reaches_versions_or_snapshots(sandbox: Driver) -> None:
    created = await sandbox("create_trigger", agent_id=AGENT(1), name="Site", trigger_type="webhook", trigger_config={})
    trigger = created["trigger"]
    published = await sandbox("publish_agent", agent_id=AGENT(1))
    snapshot = await sandbox("get_snapshot", agent_id=AGENT(1), snapshot_id=published["snapshot"]["id"])
    version = await sandbox("get_version", resource_type="trigger", resource_id=trigger["id"], version=1)
    assert trigger["id"] in json.dumps(snapshot.body)
    assert trigger["webhook_secret"] not in json.dumps([snapshot.body, version.body])


async def test_a_webhook_runs_the_agent_and_keeps_the_session(sandbox: Driver) -> None:
    payload = {"chatInput": "When is INV-7 due? get_invoice", "userId": "user-9"}
    first = (await post(sandbox, TRIGGER(1), payload, **{"X-Api-Key": OWNER})).json()
    assert first["success"] is True
    assert "INV-7" in first["response"]
    second = (await post(sandbox, TRIGGER(1), payload, **{"X-Api-Key": OWNER})).json()
    assert second["session_id"] == first["session_id"], "derived from userId"
    run = (await sandbox("get_trigger_execution", trigger_id=TRIGGER(1), execution_id=first["execution_id"]))[
        "execution"
    ]
    assert (run["status"], run["payload"], run["session_id"]) == ("success", payload, first["session_id"])
    listed = await sandbox("list_trigger_executions", trigger_id=TRIGGER(1), status="success")
    assert listed["executions"][0]["id"] in {first["execution_id"], second["execution_id"]}
    context = await sandbox("get_session_trigger_context", session_id=first["session_id"])
    assert (context["trigger"]["id"], context["execution"]["id"]) == (TRIGGER(1), first["execution_id"])
    profile = (await sandbox("get_consumer_profile", consumer_key="user-9"))["consumer"]
    assert (profile["total_sessions"], profile["total_turns"], profile["channels"]) == (1, 2, ["webhook"])


async def test_a_webhook_asks_for_what_its_auth_says(sandbox: Driver) -> None:
    assert (await post(sandbox, TRIGGER(1), {"chatInput": "Hi"})).json()["code"] == "MISSING_API_KEY"
    other = await post(sandbox, TRIGGER(1), {"chatInput": "Hi"}, **{"X-Api-Key": GLOBEX})
    assert (other.status_code, other.json()["code"]) == (401, "INVALID_API_KEY"), "a key of another tenant"
    body = json.dumps({"message": "Check this", "case": {"id": "C-1"}}).encode()
    signature = hmac.new(b"whs_acme_contract_webhook", body, hashlib.sha256).hexdigest()
    for given, status in ((f"sha256={signature}", 200), (signature, 200), ("0" * 64, 401), ("", 401)):
        response = await sandbox.client.post(
            f"{HOOK}/{TRIGGER(3)}", content=body, headers={"X-Webhook-Signature": given}
        )
        assert response.status_code == status


async def test_a_failed_run_is_recorded(sandbox: Driver) -> None:
    response = await post(sandbox, TRIGGER(1), {"wrong": "field"}, **{"X-Api-Key": OWNER})
    assert (response.status_code, response.json()["code"]) == (400, "VALIDATION_ERROR")
    runs = await sandbox("list_trigger_executions", trigger_id=TRIGGER(1), status="error")
    assert [run["error"] for run in runs["executions"]] == [response.json()["error"]]


@pytest.mark.parametrize(
    ("form", "expected"),
    [
        ("ebarn", lambda r: r.json()[0]["type"] == "text"),
        ("slack", lambda r: r.json()["blocks"][0]["text"]["type"] == "mrkdwn"),
        ("teams", lambda r: r.json()["type"] == "AdaptiveCard"),
        ("twiml", lambda r: r.headers["content-type"] == "application/xml" and "&lt;b&gt;" in r.text),
    ],
)
async def test_the_answer_takes_the_form_that_is_wanted(sandbox: Driver, form: str, expected: Any) -> None:
    config = {"query_extraction": {"mode": "field"}, "response_adapter": {"format": form}}
    created = await sandbox(
        "create_trigger", agent_id=AGENT(1), name="F", trigger_type="webhook", trigger_config=config
    )
    response = await post(sandbox, created["trigger"]["id"], {"message": "<b>Hi</b>"})
    assert response.status_code == 200
    assert expected(response)


async def test_senders_can_be_limited_and_runs_can_be_asynchronous(sandbox: Driver) -> None:
    config = {
        "query_extraction": {"mode": "full_body"},
        "sender_access": {"mode": "whitelist", "identity_field": "from", "whitelist": ["a"]},
        "execution": {"mode": "async", "callback": {"url": "https://back.example.com"}},
    }
    created = await sandbox(
        "create_trigger", agent_id=AGENT(1), name="F", trigger_type="webhook", trigger_config=config
    )
    trigger_id = created["trigger"]["id"]
    assert (await post(sandbox, trigger_id, {"from": "b"})).status_code == 403
    accepted = await post(sandbox, trigger_id, {"from": "a"})
    assert (accepted.status_code, accepted.json()["status"]) == (202, "accepted")


async def test_a_trial_leaves_no_session_and_no_execution(sandbox: Driver) -> None:
    async def counts() -> list[int]:
        sessions = await sandbox("list_agent_sessions", agent_id=AGENT(1), include_expired=True, limit=100)
        runs = await sandbox("list_trigger_executions", trigger_id=TRIGGER(1))
        metrics = await sandbox("get_agent_metrics", agent_id=AGENT(1), period="1d")
        return [sessions["total"], runs["total"], metrics["llm"]["calls"]]

    before = await counts()
    spent = (await sandbox("get_agent_budget", agent_id=AGENT(1)))["spent_usd"]
    trial = await sandbox("test_trigger", trigger_id=TRIGGER(1), payload={"chatInput": "Hello", "userId": "user-42"})
    assert "Hello" in trial["response"]
    assert (await sandbox("get_session_history", session_id=trial["session_id"])).code == "NOT_FOUND"
    assert await counts() == before
    assert (await sandbox("get_agent_budget", agent_id=AGENT(1)))["spent_usd"] > spent, "but it cost real tokens"
    wrong = await sandbox("test_trigger", trigger_id=TRIGGER(1), payload={"text": "Hello"})
    assert wrong.body["details"]["field"] == "payload.chatInput"
    assert (await sandbox("test_trigger", trigger_id=TRIGGER(2)))["response"].count("Summarise") == 1


async def test_a_session_without_a_trigger_has_no_context(sandbox: Driver) -> None:
    context = await sandbox("get_session_trigger_context", session_id=SESSION(7))
    assert (context["trigger"], context["execution"]) == (None, None)
    other = await sandbox("get_trigger_execution", trigger_id=TRIGGER(2), execution_id=TRIGGER_RUN(1))
    assert other.code == "NOT_FOUND"


async def test_the_scheduler_knows_the_next_run(sandbox: Driver) -> None:
    (job,) = (await sandbox("get_scheduler_status"))["jobs"]
    assert (job["trigger_id"], job["next_run_at"]) == (TRIGGER(2), "2026-03-11T12:00:00.000Z"), "9:00 in Sao Paulo"
    await sandbox("toggle_trigger", trigger_id=TRIGGER(2), enabled=False)
    assert (await sandbox("get_scheduler_status"))["jobs"] == []


async def test_a_public_route_needs_no_key(sandbox: Driver) -> None:
    models = (await sandbox.client.get("/api/llm/models")).json()
    assert models["count"] == len(models["data"]) > 5
    assert (await sandbox.client.get("/health")).json()["status"] == "ok"
    assert KEY(1) not in json.dumps(models)


async def test_triggers_of_each_kind_are_made_and_found(sandbox: Driver) -> None:
    takes = sandbox.definition.operations["create_trigger"].input["properties"]["trigger_type"]["enum"]
    configs: dict[str, dict[str, Any]] = {
        "webhook": {},
        "db_event": {"connection_id": CONNECTION(1), "table": "orders", "events": ["INSERT"]},
        "email": {"address": "desk@example.com"},
        "schedule": {"cron": "0 9 * * *", "query_template": "Hi"},
    }
    assert set(takes) == set(configs)
    made = {}
    for kind, config in configs.items():
        created = await sandbox(
            "create_trigger", agent_id=AGENT(3), name=kind, trigger_type=kind, trigger_config=config
        )
        made[kind] = created["trigger"]["id"]
    every = (await sandbox("list_triggers"))["triggers"]
    for name, value in (*(("trigger_type", kind) for kind in made), ("agent_id", AGENT(3)), ("enabled", False)):
        listed = {row["id"] for row in (await sandbox("list_triggers", **{name: value}))["triggers"]}
        assert listed == {row["id"] for row in every if row[name] == value} != set()
        assert len(listed) < len(every)
    assert {row["id"] for row in (await sandbox("list_triggers", agent_id=AGENT(3)))["triggers"]} == set(made.values())
