from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.sandbox.ids import AGENT, EXECUTION, KEY, SECRET, SESSION
from tests.sandbox.wire import EDITOR, MEMBER, OWNER, Driver, events
from toolpress.contract import JsonObject

Altered = Callable[[Callable[[JsonObject], object]], Driver]


async def test_the_stream_has_its_events_in_order(sandbox: Driver) -> None:
    message = {"agent_id": AGENT(1), "message": "Please use get_invoice for INV-1001"}
    response = await sandbox.raw("chat_with_agent", OWNER, message)
    assert response.headers["content-type"].startswith("text/event-stream")
    names = [name for name, _ in events(response)]
    assert list(dict.fromkeys(names)) == [
        "metadata", "session", "status", "tool", "token", "response", "metrics", "done",
    ]  # fmt: skip
    said = "".join(payload["text"] for name, payload in events(response) if name == "token")
    assert said == next(payload["response"] for name, payload in events(response) if name == "response")


async def test_a_session_goes_on_and_is_remembered(sandbox: Driver) -> None:
    first = await sandbox("chat_with_agent", agent_id=AGENT(1), message="Hello", consumer_key="user-77")
    again = {"agent_id": AGENT(1), "message": "Hello", "session_id": first["session_id"]}
    second = await sandbox("chat_with_agent", **again)
    assert second["session_id"] == first["session_id"]
    assert (first["response"].split(":")[0], second["response"].split(":")[0]) == (
        "Acme Support, turn 1",
        "Acme Support, turn 2",
    )
    history = await sandbox("get_session_history", session_id=first["session_id"])
    assert [row["role"] for row in history["messages"]] == ["user", "assistant"] * 2
    assert (await sandbox("get_session_history", session_id=first["session_id"], limit=1))["count"] == 1
    profile = (await sandbox("get_consumer_profile", consumer_key="user-77"))["consumer"]
    assert (profile["total_turns"], profile["channels"]) == (2, ["api"])
    assert second["tokens"]["input"] > first["tokens"]["input"], "the history is read again"


async def test_the_same_conversation_gets_the_same_answer(sandbox: Driver) -> None:
    first = await sandbox("chat_with_agent", agent_id=AGENT(1), message="find_orders 12")
    await sandbox.control("reset")
    assert (await sandbox("chat_with_agent", agent_id=AGENT(1), message="find_orders 12")).body == first.body


async def test_tools_named_in_the_message_are_run_and_counted(sandbox: Driver) -> None:
    before = await sandbox("get_agent_metrics", agent_id=AGENT(1), period="1d")
    answer = await sandbox(
        "chat_with_agent", agent_id=AGENT(1), message="get invoice INV-7, then helpdesk_open_ticket, no find_ticket"
    )
    assert [(call["name"], call["source"]) for call in answer["tool_calls"]] == [
        ("get_invoice", "api"),
        ("helpdesk_open_ticket", "mcp"),
    ]
    assert answer["tool_calls"][0]["input"] == {"invoice_id": "INV-7"}
    assert answer["tools_used"] == ["get_invoice", "helpdesk_open_ticket"]
    assert answer["model_used"] == "openai.gpt-4.1-nano"
    after = await sandbox("get_agent_metrics", agent_id=AGENT(1), period="1d")
    assert after["llm"]["calls"] == before["llm"]["calls"] + 1
    assert after["llm"]["tokens"]["total"] == before["llm"]["tokens"]["total"] + answer["tokens"]["total"]
    assert {"tool": "helpdesk_open_ticket", "calls": 1, "errors": 0} in after["tools"]["usage"]
    diagnostics = await sandbox("get_execution_diagnostics", execution_id=answer["execution_id"])
    assert (diagnostics["tool_calls"], diagnostics["outcome"]) == (answer["tool_calls"], "completed")
    assert "get_invoice" in diagnostics["tools_loaded_names"]


async def test_a_policy_limits_the_number_of_tool_calls(sandbox: Driver) -> None:
    await sandbox("update_csp", csp_id="1b000000-0000-4000-8000-000000000002", rules={"max_tool_calls": 1})
    answer = await sandbox("chat_with_agent", agent_id=AGENT(1), message="get_invoice 1 find_orders 2")
    assert len(answer["tool_calls"]) == 1


async def test_an_orchestrator_asks_its_sub_agent(sandbox: Driver) -> None:
    answer = await sandbox("chat_with_agent", agent_id=AGENT(2), message="Is INV-9 open? get_invoice")
    (call,) = answer["tool_calls"]
    assert (call["name"], call["input"]["agent_id"]) == ("invoke_agent", AGENT(1))
    assert "INV-9" in call["output"]
    trace = await sandbox("get_execution_trace", root_execution_id=answer["execution_id"])
    child = trace["tree"]["children"][0]
    assert (child["agent_id"], child["tool_calls"][0]["name"]) == (AGENT(1), "get_invoice")
    assert trace["cost_usd"] == pytest.approx(trace["tree"]["cost_usd"] + child["cost_usd"])
    await sandbox(
        "chat_with_agent", agent_id=AGENT(2), message="And INV-10? get_invoice", session_id=answer["session_id"]
    )
    tree = (await sandbox("get_session_agent_tree", session_id=answer["session_id"]))["tree"]
    assert len(tree["children"]) == 1, "the child session goes on as well"
    below = await sandbox("get_session_agent_tree", session_id=tree["children"][0]["session_id"])
    assert below["tree"] == tree
    pairs = (await sandbox("get_agent_lineage", agent_id=AGENT(1)))["pairs"]
    assert pairs == [{"parent_agent_id": AGENT(2), "child_agent_id": AGENT(1), "invocations": 3}]


async def test_a_sub_agent_without_budget_fails_alone(sandbox: Driver) -> None:
    await sandbox("set_agent_budget", agent_id=AGENT(1), limit_usd=1)
    answer = await sandbox("chat_with_agent", agent_id=AGENT(2), message="Hello")
    assert answer["tool_calls"][0]["error"] == "BUDGET_EXCEEDED"
    depth = {"max_agent_depth": 0, "allowed_invoke_agents": [AGENT(1)]}
    await sandbox("update_csp", csp_id="1b000000-0000-4000-8000-000000000011", rules=depth)
    assert (await sandbox("chat_with_agent", agent_id=AGENT(2), message="Hello"))["tool_calls"] == []


async def test_who_may_talk_to_what(sandbox: Driver) -> None:
    assert (await sandbox("chat_with_agent", agent_id=AGENT(4), message="Hi")).code == "AGENT_ARCHIVED"
    assert (await sandbox("chat_with_agent", MEMBER, agent_id=AGENT(3), message="Hi")).code == "NOT_FOUND"
    assert (await sandbox("chat_with_agent", EDITOR, agent_id=AGENT(3), message="Hi")).status == 200
    wrong = await sandbox("chat_with_agent", agent_id=AGENT(2), session_id=SESSION(1), message="Hi")
    assert wrong.code == "NOT_FOUND", "the session belongs to another agent"


async def test_persons_are_kept_apart(sandbox: Driver) -> None:
    talk = {"agent_id": AGENT(1), "session_id": SESSION(1), "message": "Hi"}
    taken = await sandbox("chat_with_agent", **talk, consumer_key="user-42")
    assert (taken.status, taken.code) == (409, "CONFLICT")
    assert (await sandbox("chat_with_agent", MEMBER, **talk)).code == "CONFLICT"
    assert (await sandbox("chat_with_agent", **talk, consumer_key="+5511990000001")).status == 200
    mine = await sandbox("chat_with_agent", MEMBER, agent_id=AGENT(1), message="Hi", consumer_key="user-42")
    sessions = await sandbox("list_agent_sessions", agent_id=AGENT(1), consumer_key=f"key:{KEY(4)}")
    assert [row["id"] for row in sessions["sessions"]] == [mine["session_id"]], "a member speaks for itself"


async def test_the_monthly_quota_stops_turns_unless_the_key_is_ones_own(altered: Altered) -> None:
    sandbox = altered(lambda raw: raw["data"]["settings"]["plans"]["basic"].update(monthly_tokens=150))
    await sandbox("delete_secret", secret_id=SECRET(2))
    assert (await sandbox("chat_with_agent", agent_id=AGENT(1), message="Hi")).status == 200
    refused = await sandbox("chat_with_agent", agent_id=AGENT(1), message="Hi")
    assert (refused.status, refused.code) == (429, "QUOTA_EXCEEDED")
    await sandbox("create_secret", name="provider_key_openai", value="sk")
    assert (await sandbox("chat_with_agent", agent_id=AGENT(1), message="Hi")).status == 200
    await sandbox.control("clock", set="2026-04-02T00:00:00Z")
    assert (await sandbox("chat_with_agent", agent_id=AGENT(3), message="Hi")).status == 200


async def test_a_refused_turn_stores_nothing(sandbox: Driver) -> None:
    await sandbox("chat_with_agent", agent_id=AGENT(7), message="Hi")
    assert (await sandbox("list_agent_sessions", agent_id=AGENT(7)))["total"] == 0


async def test_metrics_by_period(sandbox: Driver) -> None:
    calls = {
        period: (await sandbox("get_agent_metrics", agent_id=AGENT(1), period=period))["llm"]["calls"]
        for period in ("1d", "7d", "30d")
    }
    assert calls["1d"] < calls["7d"] < calls["30d"]
    week = await sandbox("get_agent_metrics", agent_id=AGENT(1))
    assert (week["period"], week["llm"]["errors"], week["llm"]["latency_p95_ms"]) == ("7d", 1, 30000)
    assert week["llm"]["success_rate"] == round(1 - 1 / calls["7d"], 4)
    empty = await sandbox("get_agent_metrics", agent_id=AGENT(3))
    assert (empty["llm"]["success_rate"], empty["llm"]["latency_p50_ms"]) == (None, None)


async def test_tool_use_is_a_sample(altered: Altered) -> None:
    sandbox = altered(lambda raw: raw["data"]["settings"].update(metrics_tool_sample=1))
    tools = (await sandbox("get_agent_metrics", agent_id=AGENT(1), period="30d"))["tools"]
    assert (tools["sample_truncated"], tools["usage"]) == (True, [{"tool": "get_invoice", "calls": 1, "errors": 0}])


async def test_health_and_lineage_look_back_as_far_as_asked(sandbox: Driver) -> None:
    day = await sandbox("get_tenant_health")
    assert day["errors"] == [{"code": "PROVIDER_RATE_LIMITED", "count": 2, "last_seen_at": "2026-03-10T10:00:00.000Z"}]
    assert (await sandbox("get_tenant_health", period="7d"))["total"] == 3
    await sandbox.control("clock", advance=2 * 86400)
    assert (await sandbox("get_agent_lineage", period="1d"))["pairs"] == []
    assert (await sandbox("get_execution_trace", root_execution_id=EXECUTION(2))).code == "NOT_FOUND", "not a root"


async def test_memory_hides_what_is_reserved_or_over(sandbox: Driver) -> None:
    memories = (await sandbox("list_agent_memory", agent_id=AGENT(1)))["memories"]
    assert [row["key"] for row in memories] == ["preferred_language", "return_window", "ask_for_order_number"]
    own = await sandbox("list_agent_memory", agent_id=AGENT(1), consumer_key="+5511990000001")
    assert (own["total"], own["memories"][0]["value"]) == (1, "pt-BR")
    ids = {"agent_id": AGENT(1), "memory_id": memories[0]["id"]}
    assert (await sandbox("delete_agent_memory", **ids, scope="agent")).code == "NOT_FOUND"
    assert (await sandbox("delete_agent_memory", **ids))["memory_id"] == memories[0]["id"]
    assert (await sandbox("list_agent_memory", agent_id=AGENT(1)))["total"] == 2


async def test_published_agents_are_those_to_talk_to(sandbox: Driver) -> None:
    every = (await sandbox("list_agents", include_archived=True))["agents"]
    for key in (OWNER, MEMBER):
        listed = [row["id"] for row in (await sandbox("list_published_agents", key))["agents"]]
        assert listed == [row["id"] for row in every if row["status"] == "published"]
        assert 0 < len(listed) < len(every)
        for agent in listed:
            assert (await sandbox("list_agent_sessions", key, agent_id=agent)).status == 200


async def test_a_turn_tells_how_long_it_took(sandbox: Driver) -> None:
    answer = await sandbox("chat_with_agent", agent_id=AGENT(1), message="Hello")
    told = await sandbox("get_execution_diagnostics", execution_id=answer["execution_id"])
    assert answer["execution_time_ms"] == told["latency_ms"] > 0


async def test_a_history_is_what_person_and_agent_said(altered: Altered) -> None:
    def unseen(raw: JsonObject) -> None:
        rows = raw["data"]["seed"]["acme"]["messages"]
        said = next(row for row in rows if row["session_id"] == SESSION(1))
        rows += [
            {**said, "id": f"3f000000-0000-4000-8000-{number:012}", "role": role, "content": "Not for people"}
            for number, role in enumerate(("system", "tool"))
        ]

    messages = (await altered(unseen)("get_session_history", session_id=SESSION(1)))["messages"]
    assert {row["role"] for row in messages} == {"user", "assistant"}
    assert "Not for people" not in {row["content"] for row in messages}
