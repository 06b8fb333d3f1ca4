"""Metrics, traces and trees against what really happened, worked out beside the sandbox."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest

from tests.sandbox.conftest import NOON
from tests.sandbox.ids import AGENT, CSP, EXECUTION, SESSION
from tests.sandbox.wire import Driver
from toolpress.contract import JsonObject
from toolpress_sandbox.clock import iso
from toolpress_sandbox.definition import Definition

Altered = Callable[[Callable[[JsonObject], object]], Driver]
DAYS = {"1d": 1, "7d": 7, "30d": 30}


def nodes(tree: JsonObject) -> Iterator[JsonObject]:
    yield tree
    for child in tree["children"]:
        yield from nodes(child)


async def below_the_analyst(sandbox: Driver) -> tuple[str, str]:
    """A second orchestrator that the first may ask, and an agent of no tools below both; their ids."""
    made = []
    persona = {"editor_schema": {"persona": {"role": "Helper", "objective": "Help people with forms."}}}
    for name, kind in (("Second desk", "orchestrator"), ("Archive", "assistant")):
        agent = (await sandbox("create_agent", name=name, type=kind))["agent"]["id"]
        await sandbox("create_schema", agent_id=agent, schema_type="persona_config", schema_data=persona)
        await sandbox("publish_agent", agent_id=agent)
        made.append(agent)
    allowed = {"allowed_invoke_agents": [AGENT(1), *made], "max_agent_depth": 2}
    await sandbox("update_csp", csp_id=CSP(11), rules=allowed)
    row = {"name": "P", "policy_type": "behavior", "scope": "agent", "scope_target_id": made[0]}
    await sandbox("create_csp", rules={"allowed_invoke_agents": [AGENT(1)]}, **row)
    return made[0], made[1]


async def test_a_trace_has_every_agent_of_the_turn_with_its_phases_tools_and_cost(sandbox: Driver) -> None:
    second, _ = await below_the_analyst(sandbox)
    talk = {"agent_id": AGENT(2), "message": "Second desk: get_invoice INV-1"}
    spent = {row["agent_id"]: row["spent_usd"] for row in (await sandbox("list_agent_budgets"))["budgets"]}
    answer = await sandbox("chat_with_agent", **talk)
    trace = await sandbox("get_execution_trace", root_execution_id=answer["execution_id"])
    found = list(nodes(trace["tree"]))
    assert [node["agent_id"] for node in found] == [AGENT(2), second, AGENT(1)]
    assert trace["nodes"] == len(found)
    assert [[call["name"] for call in node["tool_calls"]] for node in found] == [
        ["invoke_agent"], ["invoke_agent"], ["get_invoice"],
    ]  # fmt: skip
    assert all([phase["name"] for phase in node["phases"]] == ["prepare", "model", "tools"] for node in found)
    assert all(node["latency_ms"] == sum(phase["duration_ms"] for phase in node["phases"]) for node in found)
    assert trace["cost_usd"] == pytest.approx(sum(node["cost_usd"] for node in found))
    for node in found:
        told = await sandbox("get_execution_diagnostics", execution_id=node["execution_id"])
        names = ("agent_id", "session_id", "tool_calls", "cost_usd", "status", "model")
        assert {name: told[name] for name in names} == {name: node[name] for name in names}
        budget = await sandbox("get_agent_budget", agent_id=node["agent_id"])
        assert budget["spent_usd"] == pytest.approx(spent[node["agent_id"]] + node["cost_usd"]), "each pays for itself"


async def test_a_trace_ends_with_its_turn_and_a_tree_holds_all_turns(sandbox: Driver) -> None:
    second, archive = await below_the_analyst(sandbox)
    first = await sandbox("chat_with_agent", agent_id=AGENT(2), message="Second desk: hello")
    later = {"agent_id": AGENT(2), "session_id": first["session_id"], "message": "Archive: hello"}
    traces = []
    for answer in (first, await sandbox("chat_with_agent", **later)):
        trace = await sandbox("get_execution_trace", root_execution_id=answer["execution_id"])
        traces.append([node["agent_id"] for node in nodes(trace["tree"])])
    assert traces == [[AGENT(2), second, AGENT(1)], [AGENT(2), archive]]
    tree = (await sandbox("get_session_agent_tree", session_id=first["session_id"]))["tree"]
    assert Counter(node["agent_id"] for node in nodes(tree)) == Counter([AGENT(2), second, AGENT(1), archive])
    for node in nodes(tree):
        again = await sandbox("get_session_agent_tree", session_id=node["session_id"])
        assert again["tree"] == tree, "it is the same from each of its sessions"
    roots = await sandbox("list_agent_sessions", agent_id=AGENT(1), roots_only=True, limit=100)
    inside = {node["session_id"] for node in nodes(tree)}
    assert not inside & {row["id"] for row in roots["sessions"]}


async def test_lineage_counts_who_asked_whom_and_not_who_might(sandbox: Driver) -> None:
    second, archive = await below_the_analyst(sandbox)

    async def pairs() -> dict[tuple[str, str], int]:
        rows = (await sandbox("get_agent_lineage"))["pairs"]
        return {(row["parent_agent_id"], row["child_agent_id"]): row["invocations"] for row in rows}

    before = await pairs()
    for _ in range(2):
        await sandbox("chat_with_agent", agent_id=AGENT(2), message="Second desk: hello")
    after = await pairs()
    assert after == {**before, (AGENT(2), second): 2, (second, AGENT(1)): 2}
    assert (AGENT(2), archive) not in after, "allowed, and never asked"


def expected(rows: list[JsonObject]) -> JsonObject:
    """The figures of these executions, by the definitions: percentiles by nearest rank."""
    times = sorted(row["latency_ms"] for row in rows)
    errors = sum(row["status"] == "error" for row in rows)
    return {
        "calls": len(rows),
        "errors": errors,
        "success_rate": round(1 - errors / len(rows), 4),
        "tokens": {name: sum(row["tokens"][name] for row in rows) for name in ("input", "output", "total")},
        "cost_usd": pytest.approx(sum(row["cost_usd"] for row in rows)),
        "latency_p50_ms": times[math.ceil(0.50 * len(times)) - 1],
        "latency_p95_ms": times[math.ceil(0.95 * len(times)) - 1],
    }


def executions(count: int, every: timedelta) -> list[JsonObject]:
    """One after another, backwards from just before noon; each is unlike the next."""
    return [
        {
            "id": f"2a000000-0000-4000-8000-{number:012}",
            "root_execution_id": f"2a000000-0000-4000-8000-{number:012}",
            "agent_id": AGENT(8),
            "session_id": SESSION(4),
            "status": "error" if number % 7 == 0 else "success",
            "tokens": {"input": number, "output": 1, "total": number + 1},
            "cost_usd": round(number / 1000, 6),
            "latency_ms": (number * 37) % 1009,
            "tool_calls": [{"name": f"tool_{number % 3}", "error": None}],
            "created_at": iso(NOON - (number - 1000) * every),
            "finished_at": iso(NOON),
        }
        for number in range(1000, 1000 + count)
    ]


@pytest.mark.parametrize("period", DAYS)
async def test_metrics_are_those_of_the_period(altered: Altered, period: str) -> None:
    rows = executions(60, timedelta(hours=13))
    sandbox = altered(lambda raw: raw["data"]["seed"]["acme"]["executions"].extend(rows))
    since = iso(NOON - timedelta(days=DAYS[period]))
    inside = [row for row in rows if row["created_at"] >= since]
    assert 0 < len(inside) < len(rows)
    metrics = await sandbox("get_agent_metrics", agent_id=AGENT(8), period=period)
    assert (metrics["period"], metrics["llm"]) == (period, expected(inside))
    used = Counter(row["tool_calls"][0]["name"] for row in inside)
    assert {row["tool"]: row["calls"] for row in metrics["tools"]["usage"]} == dict(used)
    assert metrics["tools"]["sample_truncated"] is False


@pytest.mark.parametrize("over", [0, 1])
async def test_only_tool_use_is_sampled_and_it_says_so(altered: Altered, definition: Definition, over: int) -> None:
    sample = definition.settings["metrics_tool_sample"]
    rows = executions(sample + over, timedelta(seconds=1))
    sandbox = altered(lambda raw: raw["data"]["seed"]["acme"]["executions"].extend(rows))
    metrics = await sandbox("get_agent_metrics", agent_id=AGENT(8), period="1d")
    assert metrics["llm"] == expected(rows), "all of them, however many"
    assert sum(row["calls"] for row in metrics["tools"]["usage"]) == sample
    assert metrics["tools"]["sample_truncated"] is bool(over)


async def test_failures_of_no_agent_are_counted_by_code(sandbox: Driver) -> None:
    rows = sandbox.definition.seed["acme"]["platform_errors"]
    health = await sandbox("get_tenant_health", period="30d")
    assert {row["code"]: row["count"] for row in health["errors"]} == dict(Counter(row["code"] for row in rows))
    assert health["total"] == len(rows)
    agents = (await sandbox("list_agents"))["agents"]
    errors = sum(
        [(await sandbox("get_agent_metrics", agent_id=row["id"], period="30d"))["llm"]["errors"] for row in agents]
    )
    assert errors == sum(row.get("status") == "error" for row in sandbox.definition.seed["acme"]["executions"])


async def test_the_running_turn_is_no_call_yet(sandbox: Driver) -> None:
    before = (await sandbox("get_agent_metrics", agent_id=AGENT(1), period="1d"))["llm"]["calls"]
    assert (await sandbox("get_execution_diagnostics", execution_id=EXECUTION(3)))["status"] == "running"
    await sandbox("cancel_agent_turn", session_id=SESSION(6))
    after = (await sandbox("get_agent_metrics", agent_id=AGENT(1), period="1d"))["llm"]["calls"]
    assert after == before + 1
