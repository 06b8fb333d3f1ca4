"""The engine on the real catalogue: keys, roles, checks, the log, rate limits, the clock."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.sandbox.ids import AGENT, CONNECTION, CSP, SCHEMA
from tests.sandbox.wire import ADMIN, EDITOR, MEMBER, OWNER, UNKNOWN, Driver
from toolpress.contract import JsonObject
from toolpress_sandbox.app import create_app
from toolpress_sandbox.engine import DefinitionError


@pytest.mark.parametrize(
    ("headers", "status", "code"),
    [
        ({}, 401, "MISSING_API_KEY"),
        ({"X-Api-Key": ""}, 401, "MISSING_API_KEY"),
        ({"Authorization": "Basic abc"}, 401, "MISSING_API_KEY"),
        ({"X-Api-Key": "zhn_test_nobody"}, 401, "INVALID_API_KEY"),
        ({"X-Api-Key": "acme_owner"}, 401, "INVALID_API_KEY"),
        ({"X-Api-Key": "zhn_test_acme_revoked"}, 401, "INVALID_API_KEY"),
        ({"Authorization": "Bearer zhn_test_acme_revoked"}, 401, "INVALID_API_KEY"),
        ({"X-Api-Key": OWNER}, 200, None),
        ({"Authorization": f"bearer {OWNER}"}, 200, None),
    ],
)
async def test_keys(sandbox: Driver, headers: dict[str, str], status: int, code: str | None) -> None:
    response = await sandbox.raw("whoami", None, {}, headers)
    assert (response.status_code, response.json().get("code")) == (status, code)


@pytest.mark.parametrize(("key", "role"), [(OWNER, "owner"), (ADMIN, "admin"), (EDITOR, "editor"), (MEMBER, "member")])
async def test_whoami_is_flat(sandbox: Driver, key: str, role: str) -> None:
    answer = await sandbox("whoami", key)
    assert answer.body == {
        "success": True,
        "tenant_id": "2d000000-0000-4000-8000-000000000001",
        "tenant_name": "Acme Logistics",
        "role": role,
        "plan": "basic",
    }


async def test_every_operation_holds_its_roles(sandbox: Driver) -> None:
    """A write is refused before anything else is looked at; a read is not there."""
    for operation in [item for item in sandbox.definition.operations.values() if not item.public]:
        allowed = sandbox.definition.categories[operation.category]
        route = operation.addresses[0]
        for role, key in (("owner", OWNER), ("admin", ADMIN), ("editor", EDITOR), ("member", MEMBER)):
            path = route.path.replace("{", "").replace("}", "")
            response = await sandbox.client.request(route.method, path, headers={"X-Api-Key": key})
            code = response.json().get("code")
            if role in allowed:
                assert code != "WRITE_BLOCKED", operation.name
            elif operation.effect == "read":
                assert (response.status_code, code) == (404, "NOT_FOUND"), operation.name
            else:
                assert (response.status_code, code) == (403, "WRITE_BLOCKED"), operation.name


async def test_unknown_routes_and_methods(sandbox: Driver) -> None:
    assert (await sandbox.client.get("/api/nothing")).status_code == 404
    response = await sandbox.client.put("/api/agents", headers={"X-Api-Key": OWNER})
    assert (response.status_code, response.headers["allow"]) == (405, "GET, POST")


async def test_a_wrong_request_is_caught_and_names_the_field(sandbox: Driver) -> None:
    async def post(body: Any, path: str = "/api/agents") -> JsonObject:
        response = await sandbox.client.post(path, json=body, headers={"X-Api-Key": OWNER})
        assert (response.status_code, response.json()["code"]) == (400, "VALIDATION_ERROR"), response.text
        details: JsonObject = response.json()["details"]
        return details

    assert (await post({}))["field"] == "name"
    assert (await post({"name": "A", "nmae": "B"}))["field"] == "nmae"
    assert (await post({"name": "A"}, "/api/agents?verbose=1"))["field"] == "verbose"
    wrong = await post({"name": "A", "llm_config": {"model": "openai.x", "temperature": "hot"}, "tags": "one"})
    assert [problem["path"] for problem in wrong["problems"]] == ["llm_config.temperature", "tags"]
    assert (await sandbox("get_agent", agent_id="not-a-uuid")).code == "VALIDATION_ERROR"


async def test_an_error_does_not_repeat_the_value(sandbox: Driver) -> None:
    response = await sandbox.raw("update_secret", OWNER, {"secret_id": UNKNOWN, "value": {"hidden": "topsecret"}})
    assert response.status_code == 400
    assert "topsecret" not in response.text


async def test_a_refused_request_leaves_no_trace(sandbox: Driver) -> None:
    before = await sandbox("list_agents")
    skill = {"skill": {"name": "Late deliveries", "instructions": "x" * 60}}
    refused = await sandbox("create_schema", agent_id=AGENT(1), schema_type="skill_config", schema_data=skill)
    assert refused.code == "SKILL_NAME_DUPLICATE"
    assert (await sandbox("list_agents")).body == before.body


async def test_the_log_shows_requests_but_no_secrets(sandbox: Driver) -> None:
    await sandbox("create_secret", name="stripe", value="sk-live-1")
    config = {"host": "h.example.com", "database": "d", "username": "u", "password": "hunter2"}
    await sandbox("update_connection", connection_id=CONNECTION(1), connection_config=config)
    await sandbox("list_csps", EDITOR, scope="tenant")
    response = await sandbox.client.get("/__sandbox__/requests")
    first, second, third = response.json()["requests"]
    assert (first["tool"], first["status"], first["role"]) == ("create_secret", 201, "owner")
    assert first["body"] == {"name": "stripe", "value": "***"}
    assert second["body"]["connection_config"]["password"] == "***"
    assert second["body"]["connection_config"]["host"] == "h.example.com"
    assert (third["method"], third["path"], third["query"]) == ("GET", "/api/csp", {"scope": "tenant"})
    for word in ("sk-live-1", "hunter2", OWNER, EDITOR):
        assert word not in response.text
    only = await sandbox.client.get("/__sandbox__/requests?tool=list_csps")
    assert [entry["tool"] for entry in only.json()["requests"]] == ["list_csps"]
    assert (await sandbox.client.delete("/__sandbox__/requests")).json() == {"requests": []}


async def test_rate_limits_can_be_switched_on(sandbox: Driver) -> None:
    assert "x-ratelimit-limit" not in (await sandbox.raw("whoami", MEMBER, {})).headers
    await sandbox.control("rate-limits", enabled=True)
    response = await sandbox.raw("whoami", MEMBER, {})
    assert (response.headers["x-ratelimit-limit"], response.headers["x-ratelimit-remaining"]) == ("10", "9")
    await sandbox.control("rate-limits", enabled=True, rpm=2)
    answers = [await sandbox.raw("whoami", MEMBER, {}) for _ in range(3)]
    assert [answer.status_code for answer in answers] == [200, 200, 429]
    assert (answers[2].json()["code"], answers[2].headers["retry-after"]) == ("RATE_LIMITED", "60")
    assert (await sandbox("whoami", OWNER)).status == 200, "each key has its own count"
    await sandbox.control("clock", advance=60)
    assert (await sandbox("whoami", MEMBER)).status == 200


async def test_reset_brings_everything_back(sandbox: Driver) -> None:
    await sandbox("delete_agent", agent_id=AGENT(1), hard_delete=True)
    await sandbox.control("clock", advance=3600)
    await sandbox.control("faults", fault="status=500")
    await sandbox.control("reset")
    assert (await sandbox("get_agent", agent_id=AGENT(1)))["agent"]["name"] == "Support desk"
    health = (await sandbox.client.get("/__sandbox__/health")).json()
    assert (health["now"], health["operations"], health["tenants"]) == (
        "2026-03-10T12:00:00.000Z",
        96,
        ["acme", "globex"],
    )


async def test_the_clock_can_be_set(sandbox: Driver) -> None:
    assert await sandbox.control("clock", set="2026-05-01T00:00:00Z") == {"now": "2026-05-01T00:00:00.000Z"}
    created = await sandbox("create_agent", name="May")
    assert created["agent"]["created_at"] == "2026-05-01T00:00:00.000Z"
    assert (await sandbox.client.post("/__sandbox__/clock", json={"set": "soon"})).status_code == 400


async def test_runs_are_repeatable(sandbox: Driver) -> None:
    first = await sandbox("create_agent", name="One")
    await sandbox.control("reset")
    assert (await sandbox("create_agent", name="One")).body == first.body


async def test_pages_sorting_and_hiding(sandbox: Driver) -> None:
    page = await sandbox("list_snapshots", agent_id=AGENT(1), limit=1, offset=1)
    assert (page["count"], page["total"], page["snapshots"][0]["version"]) == (1, 2, 1)
    assert "agent" not in page["snapshots"][0]
    listed = {row["id"] for row in (await sandbox("list_schemas", agent_id=AGENT(1)))["schemas"]}
    every = {row["id"] for row in (await sandbox("list_schemas", agent_id=AGENT(1), include_inactive=True))["schemas"]}
    assert every - listed == {SCHEMA(8)}
    archived = (await sandbox("list_agents", status="archived"))["agents"]
    assert [row["id"] for row in archived] == [AGENT(4)]
    assert AGENT(4) not in {row["id"] for row in (await sandbox("list_agents"))["agents"]}


async def test_verbs_toggle_and_delete(sandbox: Driver) -> None:
    assert (await sandbox("toggle_csp", csp_id=CSP(1), is_active=False))["csp"]["is_active"] is False
    assert (await sandbox("toggle_csp", csp_id=CSP(1), is_active=False))["csp"]["is_active"] is False
    assert (await sandbox("delete_csp", csp_id=CSP(1)))["csp_id"] == CSP(1)
    assert (await sandbox("get_csp", csp_id=CSP(1))).code == "NOT_FOUND"
    other = await sandbox("get_schema", agent_id=AGENT(2), schema_id=SCHEMA(1))
    assert other.code == "NOT_FOUND", "a schema is found under its own agent only"


def test_a_definition_that_does_not_hold_together_is_refused(
    altered: Callable[[Callable[[JsonObject], object]], Driver],
) -> None:
    def spoil(raw: JsonObject) -> None:
        raw["operations"][0]["sandbox"] = {"do": "fly", "of": "agents"}
        raw["operations"][1]["sandbox"] = {"do": "list", "of": "birds"}
        raw["operations"][2]["sandbox"] = {"do": "get", "of": "agents", "sort": "name"}
        raw["operations"][3]["sandbox"] = {"handler": "nowhere.fly"}

    with pytest.raises(DefinitionError) as caught:
        altered(spoil)
    assert len(str(caught.value).splitlines()) == 4


def test_an_unknown_catalogue_is_a_lookup_error() -> None:
    with pytest.raises(ModuleNotFoundError):
        create_app("nothing")
