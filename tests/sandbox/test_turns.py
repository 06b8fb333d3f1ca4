"""What keeps an agent's turn from running, and what stops one that runs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.sandbox.ids import AGENT, CSP, EXECUTION, SECRET, SESSION, TRIGGER
from tests.sandbox.wire import OWNER, Driver
from toolpress.contract import JsonObject

Altered = Callable[[Callable[[JsonObject], object]], Driver]
PERSON = "user-42"


async def books(sandbox: Driver) -> dict[str, Any]:
    """All that a model call would move: money of every agent, and its executions."""
    budgets = (await sandbox("list_agent_budgets"))["budgets"]
    calls = {
        row["agent_id"]: (await sandbox("get_agent_metrics", agent_id=row["agent_id"], period="30d"))["llm"]
        for row in budgets
    }
    return {"budgets": budgets, "calls": calls}


async def webhook(sandbox: Driver, person: str, text: str) -> JsonObject:
    """The message as it comes in through the seeded webhook, which knows persons by `userId`."""
    payload, key = {"chatInput": text, "userId": person}, {"X-Api-Key": OWNER}
    answer = await sandbox.client.post(f"/api/triggers/webhook/{TRIGGER(1)}", json=payload, headers=key)
    assert answer.status_code == 200, answer.text
    body: JsonObject = answer.json()
    return body


async def test_a_denylisted_person_reaches_no_agent_on_any_way(sandbox: Driver) -> None:
    agents = [agent["id"] for agent in (await sandbox("list_published_agents"))["agents"]]
    assert len(agents) > 1
    talk = {"agent_id": AGENT(1), "session_id": SESSION(1), "message": "get_invoice INV-1"}
    await sandbox("set_consumer_denylist", consumer_key="+5511990000001", do_not_contact=True)
    await sandbox("set_consumer_denylist", consumer_key=PERSON, do_not_contact=True)
    before = await books(sandbox)
    answers = [
        *[(await sandbox("chat_with_agent", agent_id=each, message="Hi", consumer_key=PERSON)).body for each in agents],
        (await sandbox("chat_with_agent", **talk)).body,  # its session knows who it is, though nobody says it
        await webhook(sandbox, PERSON, "Hi"),
    ]
    assert [(answer["gated"], answer["response"]) for answer in answers] == [(True, "")] * len(answers)
    assert not any(answer.get("model_used") or answer.get("tool_calls") for answer in answers)
    assert await books(sandbox) == before
    await sandbox("set_consumer_denylist", consumer_key=PERSON, do_not_contact=False)
    await sandbox("set_session_control", session_id=SESSION(2), control_mode="engaged")
    assert (await webhook(sandbox, PERSON, "Hi"))["gated"] is False
    assert (await sandbox("chat_with_agent", **talk))["gated"] is True, "the other one is still on the list"


async def test_a_gate_answers_where_quota_and_budget_would_refuse(altered: Altered) -> None:
    """So neither can have been asked."""
    sandbox = altered(lambda raw: raw["data"]["settings"]["plans"]["basic"].update(monthly_tokens=0))
    await sandbox("delete_secret", secret_id=SECRET(2))  # the own provider key, which would leave the quota alone
    talk = {"agent_id": AGENT(1), "message": "Hi", "consumer_key": PERSON}
    assert (await sandbox("chat_with_agent", **talk)).code == "QUOTA_EXCEEDED"
    spent = {"agent_id": AGENT(7), "message": "Hi", "consumer_key": PERSON}
    assert (await sandbox("chat_with_agent", **spent)).code == "BUDGET_EXCEEDED"
    await sandbox("set_consumer_denylist", consumer_key=PERSON, do_not_contact=True)
    for call in (talk, spent):
        assert (await sandbox("chat_with_agent", **call))["gated"] is True


@pytest.mark.parametrize("mode", ["suspended", "manual_handoff"])
async def test_a_session_that_is_held_runs_no_agent_on_any_way(sandbox: Driver, mode: str) -> None:
    held = (await webhook(sandbox, "user-9", "Hello"))["session_id"]
    await sandbox("set_session_control", session_id=held, control_mode=mode)
    before = await books(sandbox)
    said = [
        await webhook(sandbox, "user-9", "get_invoice INV-1"),
        (await sandbox("chat_with_agent", agent_id=AGENT(1), session_id=held, message="get_invoice INV-2")).body,
    ]
    assert [answer["gated"] for answer in said] == [True, True]
    assert {answer["session_id"] for answer in said} == {held}
    assert await books(sandbox) == before
    other = await webhook(sandbox, "user-10", "Hello")
    assert other["gated"] is False, "only that session is held"
    await sandbox("set_session_control", session_id=held, control_mode="engaged")
    assert (await webhook(sandbox, "user-9", "Hello"))["gated"] is False


async def test_handing_over_then_writing_then_giving_back(sandbox: Driver) -> None:
    await sandbox("set_session_control", session_id=SESSION(2), control_mode="engaged")
    await sandbox("set_session_control", session_id=SESSION(2), control_mode="manual_handoff")
    sent = await sandbox("send_manual_message", session_id=SESSION(2), message="A person here.")
    assert (sent["delivered"], sent["channel"]) == (True, "webhook")
    last = (await sandbox("get_session_history", session_id=SESSION(2)))["messages"][-1]
    assert (last["role"], last["content"], last["metadata"]["author"]) == ("assistant", "A person here.", "human")
    await sandbox("set_session_control", session_id=SESSION(2), control_mode="engaged")
    assert (await webhook(sandbox, PERSON, "Thanks"))["gated"] is False
    blocked = await sandbox("send_manual_message", session_id=SESSION(2), message="Me again")
    assert (blocked.code, blocked.body["details"]["current_mode"]) == ("INVALID_SESSION_STATE", "engaged")


async def test_cancelling_is_for_the_turn_in_flight_and_suspending_for_the_next(sandbox: Driver) -> None:
    async def status() -> str:
        return str((await sandbox("get_execution_diagnostics", execution_id=EXECUTION(3)))["status"])

    talk = {"agent_id": AGENT(1), "session_id": SESSION(6), "message": "And now?"}
    await sandbox("set_session_control", session_id=SESSION(6), control_mode="suspended")
    assert await status() == "running"
    assert (await sandbox("chat_with_agent", **talk))["gated"] is True
    await sandbox("set_session_control", session_id=SESSION(6), control_mode="engaged")
    assert (await sandbox("cancel_agent_turn", session_id=SESSION(6)))["cancelled"] is True
    assert await status() == "cancelled"
    assert (await sandbox("chat_with_agent", **talk))["gated"] is False


async def test_cancelling_from_the_root_stops_the_whole_tree_and_no_other(altered: Altered) -> None:
    """A supervisor, its sub-agent and what that one asked in turn; beside them another tree of the same agent."""

    def in_flight(raw: JsonObject) -> None:
        rows = raw["data"]["seed"]["acme"]["executions"]
        for row in rows[:2]:
            row["status"] = "running"
        below = {**rows[1], "id": EXECUTION(50), "parent_execution_id": rows[1]["id"], "session_id": SESSION(7)}
        rows.append(below)

    sandbox = altered(in_flight)

    async def statuses() -> dict[int, str]:
        found = [await sandbox("get_execution_diagnostics", execution_id=EXECUTION(n)) for n in (1, 2, 50, 3)]
        return dict(zip((1, 2, 50, 3), [row["status"] for row in found], strict=True))

    assert set((await statuses()).values()) == {"running"}
    wrong = await sandbox("cancel_agent_turn", session_id=SESSION(4), root_execution_id=EXECUTION(2))
    assert wrong.code == "NOT_FOUND", "not a root"
    await sandbox("cancel_agent_turn", session_id=SESSION(7))
    assert await statuses() == {1: "cancelled", 2: "cancelled", 50: "cancelled", 3: "running"}
    tree = (await sandbox("get_execution_trace", root_execution_id=EXECUTION(1)))["tree"]
    below = tree["children"][0]["children"][0]
    assert [tree["status"], tree["children"][0]["status"], below["status"]] == ["cancelled"] * 3


async def test_an_agent_spends_up_to_its_cap_and_goes_on_when_it_is_raised(sandbox: Driver) -> None:
    talk = {"agent_id": AGENT(3), "message": "Hello"}
    first = await sandbox("chat_with_agent", **talk)
    talk["session_id"] = first["session_id"]
    cap = 2.5 * first["cost_usd"]
    await sandbox("set_agent_budget", agent_id=AGENT(3), limit_usd=cap)
    spent, turns = first["cost_usd"], 1
    while (answer := await sandbox("chat_with_agent", **talk)).status == 200:
        assert spent < cap, "the turn that passes the cap is the last"
        spent, turns = spent + answer["cost_usd"], turns + 1
    assert (answer.status, answer.code) == (402, "BUDGET_EXCEEDED")
    assert turns > 1
    stopped = await sandbox("get_agent_budget", agent_id=AGENT(3))
    assert stopped["spent_usd"] == pytest.approx(spent)
    assert stopped["remaining_usd"] == pytest.approx(cap - spent)
    assert stopped["remaining_usd"] <= 0
    assert (await sandbox("chat_with_agent", **talk)).code == "BUDGET_EXCEEDED", "it stays stopped"
    assert (await sandbox("chat_with_agent", agent_id=AGENT(1), message="Hi")).status == 200, "and it alone"
    await sandbox("set_agent_budget", agent_id=AGENT(3), limit_usd=10 * cap)
    again = await sandbox("chat_with_agent", **talk)
    assert again["response"].split(":")[0].endswith(f"turn {turns + 1}"), "the conversation goes on where it stopped"


async def test_an_own_provider_key_spends_the_budget_but_no_quota(altered: Altered) -> None:
    sandbox = altered(lambda raw: raw["data"]["settings"]["plans"]["basic"].update(monthly_tokens=0))
    before = (await sandbox("get_agent_budget", agent_id=AGENT(1)))["spent_usd"]
    answer = await sandbox("chat_with_agent", agent_id=AGENT(1), message="Hi")
    assert answer["cost_usd"] > 0
    after = await sandbox("get_agent_budget", agent_id=AGENT(1))
    assert after["spent_usd"] == pytest.approx(before + answer["cost_usd"])
    await sandbox("delete_secret", secret_id=SECRET(2))
    assert (await sandbox("chat_with_agent", agent_id=AGENT(1), message="Hi")).code == "QUOTA_EXCEEDED"


@pytest.mark.parametrize("nested", [False, True])
@pytest.mark.parametrize(
    ("matchers", "gated"),
    [
        (["get_invoice", "find_orders"], {"get_invoice", "find_orders"}),
        ([{"source": "api"}], {"get_invoice"}),
        ([{"source": "db"}], {"find_orders"}),
        ([{"source": "mcp"}], {"helpdesk_open_ticket"}),
        ([], set()),
    ],
)
async def test_tools_wait_for_approval_by_name_or_source(
    sandbox: Driver, matchers: list[Any], gated: set[str], nested: bool
) -> None:
    stages = [{"approvers": [{"type": "role", "role": "admin"}]}, {"approvers": [{"type": "user", "id": CSP(1)}]}]
    policy = (await sandbox("create_approval_policy", name="P", stages=stages))["policy"]
    rules: JsonObject = {"require_approval_for": matchers, "approval_policy_id": policy["id"]}
    await sandbox("update_csp", csp_id=CSP(2), rules={"behavior": rules} if nested else rules)
    answer = await sandbox(
        "chat_with_agent", agent_id=AGENT(1), message="get_invoice INV-1, find_orders 2, helpdesk_open_ticket"
    )
    called = {call["name"]: call["output"] for call in answer["tool_calls"]}
    assert called.keys() == {"get_invoice", "find_orders", "helpdesk_open_ticket"}
    assert {name for name, output in called.items() if output.get("status") == "pending_approval"} == gated
    waiting = (await sandbox("list_approvals", agent_id=AGENT(1)))["approvals"]
    assert {row["tool_name"] for row in waiting if row["policy_id"] == policy["id"]} == gated
