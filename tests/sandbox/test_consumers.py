"""Consumers, sessions and the operators' hands on them."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.sandbox.ids import AGENT, EXECUTION, SESSION, TRIGGER
from tests.sandbox.wire import Driver
from toolpress.contract import JsonObject

Altered = Callable[[Callable[[JsonObject], object]], Driver]


async def test_consumers_are_found_and_counted(sandbox: Driver) -> None:
    everyone = await sandbox("list_consumers")
    keys = [row["consumer_key"] for row in everyone["consumers"]]
    assert keys[0] == "+5511990000001", "the latest seen comes first"
    assert (everyone["total"], everyone["limit"], everyone["offset"]) == (5, 20, 0)
    assert [r["consumer_key"] for r in (await sandbox("list_consumers", search="PRADO"))["consumers"]] == [keys[0]]
    assert (await sandbox("list_consumers", search="+55"))["total"] == 3
    assert (await sandbox("list_consumers", blocked=True))["total"] == 1
    assert (await sandbox("list_consumers", blocked=False))["total"] == 4
    page = await sandbox("list_consumers", limit=2, offset=4)
    assert page["count"] == 1
    profile = (await sandbox("get_consumer_profile", consumer_key=keys[0]))["consumer"]
    assert (profile["display_name"], profile["total_sessions"], profile["total_turns"]) == ("Ana Prado", 2, 3)
    assert profile["agents"] == [{"id": AGENT(1), "name": "Support desk"}]
    sessions = await sandbox("list_consumer_sessions", consumer_key=keys[0])
    assert [row["id"] for row in sessions["sessions"]] == [SESSION(1), SESSION(10)]


async def test_the_denylist_silences_a_person_everywhere(sandbox: Driver) -> None:
    await sandbox("set_consumer_denylist", consumer_key="user-42", do_not_contact=True, reason="Asked")
    profile = (await sandbox("get_consumer_profile", consumer_key="user-42"))["consumer"]
    assert profile["flags"] == {"do_not_contact": True, "reason": "Asked"}
    spent = (await sandbox("get_agent_budget", agent_id=AGENT(2)))["spent_usd"]
    answer = await sandbox("chat_with_agent", agent_id=AGENT(2), message="Hello", consumer_key="user-42")
    assert (answer["gated"], answer["gate"], answer["response"], answer["tokens"]["total"]) == (True, "denylist", "", 0)
    assert (await sandbox("get_agent_budget", agent_id=AGENT(2)))["spent_usd"] == spent
    await sandbox("set_consumer_denylist", consumer_key="user-42", do_not_contact=False)
    again = await sandbox("chat_with_agent", agent_id=AGENT(2), message="Hello", consumer_key="user-42")
    assert again["gated"] is False


@pytest.mark.parametrize("mode", ["suspended", "manual_handoff"])
async def test_control_stops_the_next_turn_and_gives_it_back(sandbox: Driver, mode: str) -> None:
    changed = await sandbox("set_session_control", session_id=SESSION(1), control_mode=mode, reason="Check")
    assert changed["control_metadata"]["reason"] == "Check"
    talk = {"agent_id": AGENT(1), "session_id": SESSION(1), "message": "Still there?"}
    gated = await sandbox("chat_with_agent", **talk)
    assert (gated["gated"], gated["gate"], gated["execution_id"]) == (True, mode, None)
    messages = (await sandbox("get_session_history", session_id=SESSION(1)))["messages"]
    assert messages[-1]["content"] == "Still there?", "the operator must see it"
    await sandbox("set_session_control", session_id=SESSION(1), control_mode="engaged")
    assert (await sandbox("chat_with_agent", **talk))["gated"] is False


async def test_control_ends_by_itself(sandbox: Driver) -> None:
    far = await sandbox(
        "set_session_control", session_id=SESSION(1), control_mode="suspended", expires_at="2026-05-01T00:00:00Z"
    )
    assert far.body["details"]["field"] == "expires_at"
    until = "2026-03-10T10:00:00-03:00"
    await sandbox("set_session_control", session_id=SESSION(1), control_mode="suspended", expires_at=until)
    held = await sandbox("list_agent_sessions", agent_id=AGENT(1), control_mode="suspended")
    assert {row["id"] for row in held["sessions"]} == {SESSION(1), SESSION(3)}
    await sandbox.control("clock", advance=3600)
    held = await sandbox("list_agent_sessions", agent_id=AGENT(1), control_mode="suspended")
    assert {row["id"] for row in held["sessions"]} == {SESSION(3)}


async def test_a_manual_message_goes_out_once(sandbox: Driver) -> None:
    send = {"session_id": SESSION(2), "message": "A person here."}
    first = await sandbox("send_manual_message", **send)
    assert (first["delivered"], first["channel"], first["idempotent_replay"]) == (True, "webhook", False)
    assert (await sandbox("send_manual_message", **send))["idempotent_replay"] is True
    keyed = await sandbox("send_manual_message", **send, idempotency_key="k1")
    assert keyed["idempotent_replay"] is False
    assert (await sandbox("send_manual_message", **send, idempotency_key="k1"))["message_id"] == keyed["message_id"]
    await sandbox.control("clock", advance=61)
    assert (await sandbox("send_manual_message", **send))["idempotent_replay"] is False
    messages = (await sandbox("get_session_history", session_id=SESSION(2)))["messages"]
    human = [row for row in messages if row.get("metadata", {}).get("author") == "human"]
    assert (len(human), human[0]["role"]) == (3, "assistant")


async def test_a_manual_message_needs_a_way_out(sandbox: Driver) -> None:
    async def code(number: int) -> tuple[int, str | None]:
        answer = await sandbox("send_manual_message", session_id=SESSION(number), message="Hi")
        return answer.status, answer.code

    assert await code(1) == (409, "INVALID_SESSION_STATE")
    assert await code(7) == (422, "NO_TRIGGER_HISTORY")
    assert await code(8) == (422, "NO_CALLBACK_CONFIG")
    trigger = (await sandbox("get_trigger", trigger_id=TRIGGER(1)))["trigger"]
    config = {**trigger["trigger_config"], "execution": {"callback": {"url": "https://gone.invalid/out"}}}
    await sandbox("update_trigger", trigger_id=TRIGGER(1), trigger_config=config)
    assert await code(2) == (502, "DELIVERY_FAILED")


async def test_a_turn_in_flight_is_cancelled(sandbox: Driver) -> None:
    cancelled = await sandbox("cancel_agent_turn", session_id=SESSION(6))
    assert (cancelled["cancelled"], cancelled["execution_id"]) == (True, EXECUTION(3))
    diagnostics = await sandbox("get_execution_diagnostics", execution_id=EXECUTION(3))
    assert (diagnostics["status"], diagnostics["outcome"]) == ("cancelled", "cancelled")
    again = await sandbox("cancel_agent_turn", session_id=SESSION(6))
    assert (again["cancelled"], again["execution_id"]) == (False, None)


@pytest.mark.parametrize("by_root", [False, True])
async def test_cancelling_reaches_the_sub_agents(altered: Altered, by_root: bool) -> None:
    def in_flight(raw: JsonObject) -> None:
        for row in raw["data"]["seed"]["acme"]["executions"][:2]:
            row["status"] = "running"

    sandbox = altered(in_flight)
    root = {"root_execution_id": EXECUTION(1)} if by_root else {}
    cancelled = await sandbox("cancel_agent_turn", session_id=SESSION(4), **root)
    assert set(cancelled["cancelled_executions"]) == {EXECUTION(1), EXECUTION(2)}
    trace = await sandbox("get_execution_trace", root_execution_id=EXECUTION(1))
    assert trace["tree"]["children"][0]["status"] == "cancelled"


async def test_sessions_are_listed_with_their_filters(sandbox: Driver) -> None:
    async def ids(**filters: object) -> set[str]:
        return {r["id"] for r in (await sandbox("list_agent_sessions", agent_id=AGENT(1), **filters))["sessions"]}

    live = {SESSION(n) for n in (1, 2, 3, 5, 6, 7)}
    assert await ids() == live
    assert await ids(roots_only=True) == live - {SESSION(5)}
    assert await ids(include_expired=True) == live | {SESSION(10)}
    assert await ids(consumer_key="user-42") == {SESSION(2)}
    assert await ids(control_mode="manual_handoff") == {SESSION(2), SESSION(7)}
    assert len(await ids(limit=2, offset=1)) == 2


async def test_consumers_come_by_the_time_they_were_last_seen(sandbox: Driver) -> None:
    seen = [row["last_seen_at"] for row in (await sandbox("list_consumers"))["consumers"]]
    assert len(set(seen)) > 1
    assert seen == sorted(seen, reverse=True)
