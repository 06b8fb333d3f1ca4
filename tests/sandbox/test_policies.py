"""Security policies, budgets and approvals."""

from __future__ import annotations

from typing import Any

import pytest

from tests.sandbox.ids import AGENT, APPROVAL, APPROVAL_POLICY, CSP
from tests.sandbox.wire import EDITOR, MEMBER, UNKNOWN, Driver
from toolpress_sandbox.definition import Definition


async def policy(sandbox: Driver, rules: dict[str, Any], **more: Any) -> Any:
    row = {"name": "P", "policy_type": "behavior", "scope": "agent", "scope_target_id": AGENT(1), **more}
    return await sandbox("create_csp", rules=rules, **row)


async def test_the_narrower_scope_wins(sandbox: Driver) -> None:
    effective = await sandbox("get_effective_csps", agent_id=AGENT(1))
    assert effective["resolution_chain"] == ["tenant", "agent"]
    assert [row["id"] for row in effective["data"]] == [CSP(1), CSP(3), CSP(10), CSP(2)]
    behavior = effective["merged"]["behavior"]
    assert (behavior["tone"], behavior["language"], behavior["max_tool_calls"]) == ("friendly", "en-US", 5)
    user = "9d000000-0000-4000-8000-000000000001"
    await policy(sandbox, {"behavior": {"tone": "curt"}}, scope="user", scope_target_id=user)
    personal = await sandbox("get_effective_csps", agent_id=AGENT(1), user_id=user)
    assert personal["resolution_chain"] == ["tenant", "agent", "user"]
    assert personal["merged"]["behavior"]["tone"] == "curt", "rules may stand one level down"
    assert (await sandbox("get_effective_csps", agent_id=AGENT(1)))["merged"]["behavior"]["tone"] == "friendly"


async def test_a_policy_that_is_off_does_not_count(sandbox: Driver) -> None:
    await sandbox("toggle_csp", csp_id=CSP(2), is_active=False)
    effective = await sandbox("get_effective_csps", agent_id=AGENT(1))
    assert effective["merged"]["behavior"]["tone"] == "neutral"


async def test_in_one_scope_the_higher_priority_wins(sandbox: Driver) -> None:
    await policy(sandbox, {"tone": "loud"}, priority=9)
    await policy(sandbox, {"tone": "quiet"}, priority=1)
    effective = await sandbox("get_effective_csps", agent_id=AGENT(1))
    assert effective["merged"]["behavior"]["tone"] == "loud"


async def test_blocked_names_that_mean_nothing_come_back_as_warnings(sandbox: Driver) -> None:
    created = await policy(sandbox, {"must_not_tools": ["get_invoice", "get_invoices"]})
    assert created["warnings"] == [{"reason": "not_in_surface", "tool": "get_invoices", "suggestion": "get_invoice"}]
    tools = {tool["name"]: tool for tool in (await sandbox("list_agent_tools", agent_id=AGENT(1)))["tools"]}
    assert (tools["get_invoice"]["status"], tools["get_invoice"]["error"]) == ("error", "blocked_by_csp")
    wide = await policy(sandbox, {"must_not_tools": ["get_invoices"]}, scope="tenant", scope_target_id=None)
    assert wide.code == "VALIDATION_ERROR"
    tenant = await sandbox(
        "create_csp", name="P", policy_type="behavior", scope="tenant", rules={"must_not_tools": ["get_invoices"]}
    )
    assert tenant["warnings"] == [], "only agent scope is checked"


async def test_an_update_replaces_the_rules(sandbox: Driver) -> None:
    updated = await sandbox("update_csp", csp_id=CSP(2), rules={"tone": "dry", "colour": "blue"})
    assert updated["csp"]["rules"] == {"tone": "dry", "colour": "blue"}, "unknown names are kept"
    assert (await sandbox("update_csp", csp_id=CSP(2), rules={"max_iterations": 0})).code == "VALIDATION_ERROR"


async def test_a_policy_for_nobody_is_refused(sandbox: Driver) -> None:
    assert (await policy(sandbox, {}, scope_target_id=UNKNOWN)).code == "NOT_FOUND"


async def test_outside_the_window_no_model_runs(sandbox: Driver) -> None:
    await policy(sandbox, {"allowed_hours": {"start": "14:00", "end": "18:00"}}, policy_type="schedule")
    closed = await sandbox("chat_with_agent", agent_id=AGENT(1), message="Hello")
    assert (closed["gated"], closed["gate"], closed["model_used"]) == (True, "schedule_policy", None)
    await sandbox.control("clock", advance=3 * 3600)
    assert (await sandbox("chat_with_agent", agent_id=AGENT(1), message="Hello"))["gated"] is False


@pytest.mark.parametrize(
    ("rules", "gated"),
    [
        ({"allowed_days": ["tue"]}, False),
        ({"allowed_days": [2]}, False),
        ({"allowed_days": ["Monday", 0]}, True),
        ({"blocked_dates": ["2026-03-10"]}, True),
        ({"allowed_hours": {"start": "08:00", "end": "10:00"}, "timezone": "America/Sao_Paulo"}, False),
        ({"allowed_hours": {"start": "08:00", "end": "09:00"}, "timezone": "America/Sao_Paulo"}, True),
    ],
)
async def test_schedules_know_days_dates_and_zones(sandbox: Driver, rules: dict[str, Any], gated: bool) -> None:
    await policy(sandbox, rules, policy_type="schedule")
    assert (await sandbox("chat_with_agent", agent_id=AGENT(1), message="Hello"))["gated"] is gated


async def test_a_budget_stops_the_next_turn_and_raising_it_recovers(sandbox: Driver) -> None:
    spent = await sandbox("get_agent_budget", agent_id=AGENT(7))
    assert (spent["unlimited"], spent["remaining_usd"]) == (False, -0.02)
    assert spent["cycle"] == {"start": "2026-03-01T00:00:00.000Z", "end": "2026-04-01T00:00:00.000Z"}
    stopped = await sandbox("chat_with_agent", agent_id=AGENT(7), message="Hello")
    assert (stopped.status, stopped.code) == (402, "BUDGET_EXCEEDED")
    raised = await sandbox("set_agent_budget", agent_id=AGENT(7), limit_usd=6)
    assert raised["budget"]["remaining_usd"] == 0.98
    answer = await sandbox("chat_with_agent", agent_id=AGENT(7), message="Hello")
    after = await sandbox("get_agent_budget", agent_id=AGENT(7))
    assert after["spent_usd"] == pytest.approx(5.02 + answer["cost_usd"])
    free = await sandbox("set_agent_budget", agent_id=AGENT(7), limit_usd=None)
    assert (free["budget"]["unlimited"], free["budget"]["remaining_usd"]) == (True, None)


async def test_a_new_month_starts_a_new_cycle(sandbox: Driver) -> None:
    await sandbox.control("clock", set="2026-04-01T00:00:00Z")
    fresh = await sandbox("get_agent_budget", agent_id=AGENT(7))
    assert (fresh["spent_usd"], fresh["remaining_usd"]) == (0, 5)


async def test_all_budgets_come_in_one_call(sandbox: Driver) -> None:
    rows = {row["agent_id"]: row for row in (await sandbox("list_agent_budgets"))["budgets"]}
    assert rows[AGENT(1)]["agent_name"] == "Support desk"
    assert (rows[AGENT(2)]["unlimited"], rows[AGENT(3)]["spent_usd"]) == (True, 0)


async def test_who_sees_which_approvals(sandbox: Driver) -> None:
    assert [row["id"] for row in (await sandbox("list_approvals"))["approvals"]] == [APPROVAL(1)]
    assert (await sandbox("list_approvals", EDITOR))["approvals"] == []
    own = await sandbox("list_approvals", EDITOR, status="approved")
    assert [row["id"] for row in own["approvals"]] == [APPROVAL(2)], "its own request"
    stages = [{"approvers": [{"type": "role", "role": "editor"}]}]
    await sandbox("update_approval_policy", policy_id=APPROVAL_POLICY(1), stages=stages)
    assert [row["id"] for row in (await sandbox("list_approvals", EDITOR))["approvals"]] == [APPROVAL(1)]


async def test_a_gated_tool_waits_for_approval(sandbox: Driver) -> None:
    created = await sandbox(
        "create_approval_policy",
        name="Bills",
        stages=[{"name": "Desk", "approvers": [{"type": "role", "role": "owner"}]}],
    )
    rules = {"require_approval_for": [{"source": "api"}], "approval_policy_id": created["policy"]["id"]}
    await policy(sandbox, rules)
    answer = await sandbox("chat_with_agent", MEMBER, agent_id=AGENT(1), message="get_invoice INV-5 and find_orders 8")
    outputs = {call["name"]: call["output"] for call in answer["tool_calls"]}
    assert outputs["get_invoice"]["status"] == "pending_approval"
    assert outputs["find_orders"]["row_count"] == 1, "only API tools are gated"
    waiting = (await sandbox("list_approvals", agent_id=AGENT(1)))["approvals"]
    request = next(row for row in waiting if row["id"] == outputs["get_invoice"]["approval_id"])
    assert (request["tool_name"], request["arguments"], request["stage"]) == (
        "get_invoice",
        {"invoice_id": "INV-5"},
        "Desk",
    )
    assert request["requester"]["role"] == "member"


async def test_a_policy_is_switched_off_instead_of_deleted(sandbox: Driver) -> None:
    await sandbox("update_approval_policy", policy_id=APPROVAL_POLICY(1), is_active=False, description=None)
    await sandbox("update_approval_policy", policy_id=APPROVAL_POLICY(1), is_active=False)
    assert (await sandbox("list_approval_policies", active_only=True))["policies"] == []
    assert (await sandbox("list_approval_policies"))["total"] == 2
    broken = await sandbox("update_approval_policy", policy_id=APPROVAL_POLICY(1), stages=[{"approvers": []}])
    assert broken.code == "VALIDATION_ERROR"


async def test_a_policy_of_each_type_is_made_and_found(sandbox: Driver) -> None:
    kinds = ("schedule", "behavior", "data", "origin", "custom")
    takes = sandbox.definition.operations["create_csp"].input["properties"]["policy_type"]["enum"]
    assert set(takes) == set(kinds)
    made = {kind: (await policy(sandbox, {}, policy_type=kind))["csp"]["id"] for kind in kinds}
    for kind, csp_id in made.items():
        listed = (await sandbox("list_csps", policy_type=kind))["data"]
        assert {row["policy_type"] for row in listed} == {kind}
        assert csp_id in {row["id"] for row in listed}
    assert (await policy(sandbox, {}, policy_type="weather")).code == "VALIDATION_ERROR"


async def test_each_scope_stands_over_the_one_before(sandbox: Driver) -> None:
    targets = {"tenant": None, "team": UNKNOWN, "agent": AGENT(3), "user": UNKNOWN}
    asked = {"agent_id": AGENT(3), "team_id": UNKNOWN, "user_id": UNKNOWN}
    for place, (scope, target) in enumerate(targets.items(), 1):
        named = {} if target is None else {"scope_target_id": target}
        row = {"name": scope, "policy_type": "behavior", "scope": scope, "priority": 10 - place, **named}
        await sandbox("create_csp", rules={"tone": scope}, **row)
        effective = await sandbox("get_effective_csps", **asked)
        assert effective["merged"]["behavior"]["tone"] == scope, "whatever the priority"
    assert effective["resolution_chain"] == list(targets)


async def test_approvers_are_persons_or_roles(sandbox: Driver) -> None:
    for approver, status in (
        ({"type": "user", "id": UNKNOWN}, 201),
        ({"type": "role", "role": "admin"}, 201),
        ({"type": "team", "id": UNKNOWN}, 400),
    ):
        made = await sandbox("create_approval_policy", name="P", stages=[{"approvers": [approver]}])
        assert made.status == status, made.body
        if status == 201:
            shown = await sandbox("get_approval_policy", policy_id=made["policy"]["id"])
            assert shown["policy"]["stages"][0]["approvers"] == [approver]
            assert shown["policy"]["is_active"] is True


def test_no_tool_decides_a_request(definition: Definition) -> None:
    """Whoever decides does so in the approver's own chat."""
    touching = {item.name for item in definition.operations.values() if "approval" in item.name}
    decided = [name for name in touching if not name.startswith(("list_", "get_")) and "policy" not in name]
    assert touching
    assert decided == []
