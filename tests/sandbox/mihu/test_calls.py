"""Calls from dialling to the evaluation of what was said, and what can be done while they run."""

from __future__ import annotations

import pytest

from tests.sandbox.mihu.answers import read
from tests.sandbox.mihu.telephony import (
    ACTIONS,
    BLACKLISTED,
    ELIF,
    ELIFS_NUMBER,
    ENDED_CALL,
    LIVE,
    LIVE_CALL,
    SALES,
    SERVICE,
    UNKNOWN,
    WHATSAPP,
    act,
    dial,
    placed,
    said,
    timed,
)


async def test_a_call_is_led_through_its_states_by_the_clock(acme, clock):
    call = await placed(acme)
    states = []
    for seconds in (0, 3, 6, 60):
        clock.advance(seconds)
        states.append((await read(acme, f"calls/{call['id']}"))["status"])
    assert states == ["queued", "ringing", "in-progress", "completed"]


async def test_a_finished_call_leaves_a_closed_conversation_with_an_evaluated_session(acme, clock):
    call = await placed(acme, message={"start": "Hello Elif, it is about your test drive."})
    clock.advance(3600)
    conversation = await read(acme, f"conversations/{call['conversation_uuid']}")
    assert (conversation["status"], conversation["channel"]) == ("Closed", "Call")
    assert conversation["call"]["uuid"] == call["id"]
    assert conversation["call"]["duration"] == 60
    spoken = await said(acme, call["conversation_uuid"])
    assert spoken[0] == "Hello Elif, it is about your test drive."
    assert spoken[-1] == "Thank you for calling. Goodbye.", "the agent's own closing words"
    (session,) = conversation["session_uuids"]
    row = await read(acme, f"sessions/{session}")
    assert row["ended_at"] == row["evaluated_at"]
    assert row["call_uuid"] == call["id"]
    assert row["summary"] == (await read(acme, f"calls/{call['id']}"))["analysis"]
    assert (await read(acme, f"sessions/{session}/evaluation"))["success"]["value"] == "Yes"


async def test_what_happens_does_not_depend_on_how_often_somebody_looks(acme, clock):
    watched = await placed(acme)
    for _ in range(70):
        clock.advance(1)
        await read(acme, f"calls/{watched['id']}")
    left_alone = await placed(acme)
    clock.advance(70)
    talks = [await timed(acme, call["conversation_uuid"]) for call in (watched, left_alone)]
    assert talks[0] == talks[1]
    plain = (await read(acme, f"calls/{watched['id']}/transcript"))["conversation"]["plain"]
    assert [line.partition(": ")[2] for line in plain.splitlines()] == [text for text, _ in talks[0]]


async def test_a_call_that_nobody_answers_fails_without_a_word(acme, clock):
    call = await placed(acme, "+905551110099")
    clock.advance(20)
    assert (await read(acme, f"calls/{call['id']}"))["status"] == "ringing"
    clock.advance(20)
    assert (await read(acme, f"calls/{call['id']}"))["status"] == "failed"
    assert (await read(acme, f"conversations/{call['conversation_uuid']}"))["session_uuids"] == []
    assert (await read(acme, f"calls/{call['id']}/recording"))["recording_url"] is None


async def test_a_new_number_becomes_a_contact_and_a_known_one_does_not(acme):
    before = (await read(acme, "contacts"))["total"]
    known = await placed(acme)
    assert known["contact_uuid"] == ELIF
    fresh = await placed(acme, "+905559990011")
    assert (await read(acme, "contacts"))["total"] == before + 1
    assert (await read(acme, f"contacts/{fresh['contact_uuid']}"))["phone_number"] == "+905559990011"


@pytest.mark.parametrize(
    ("number", "agent", "status", "field"),
    [
        (BLACKLISTED, SALES, 422, "participant.number"),
        (ELIFS_NUMBER, SERVICE, 422, "agentId"),
        ("05321110001", SALES, 422, "participant.number"),
        (ELIFS_NUMBER, UNKNOWN, 404, None),
    ],
)
async def test_a_refused_call_leaves_nothing_behind(acme, number, agent, status, field):
    before = (await read(acme, "calls"))["total"], (await read(acme, "conversations"))["total"]
    answer = await dial(acme, number, agent)
    assert answer.status_code == status
    assert answer.json()["error"].get("field") == field
    assert ((await read(acme, "calls"))["total"], (await read(acme, "conversations"))["total"]) == before


async def test_an_agent_without_a_channel_does_not_make_a_contact_either(acme):
    before = (await read(acme, "contacts"))["total"]
    assert (await dial(acme, "+905559990012", SERVICE)).status_code == 422
    assert (await read(acme, "contacts"))["total"] == before


async def test_a_contact_whose_email_alone_is_blocked_can_be_called(acme):
    await acme.post(f"/api/v1/contacts/{ELIF}/blacklist", json={"reason": "No newsletters", "type": "Email"})
    assert (await dial(acme)).status_code == 200


async def test_a_block_that_has_run_out_no_longer_holds(acme, clock):
    block = {"reason": "On holiday", "is_permanent": False, "expires_at": "2026-03-12"}
    await acme.post(f"/api/v1/contacts/{ELIF}/blacklist", json=block)
    assert (await dial(acme)).status_code == 422
    clock.advance(3 * 86400)
    assert (await dial(acme)).status_code == 200


@pytest.mark.parametrize("action", ACTIONS)
async def test_after_the_hangup_every_action_is_refused(acme, action):
    assert (await act(acme, LIVE, "hangup")).status_code == 200
    answer = await act(acme, LIVE, action)
    assert answer.status_code == 409
    assert answer.json()["error"]["code"] == "CONFLICT"


@pytest.mark.parametrize("action", ACTIONS)
async def test_actions_need_a_conversation_that_is_a_call_of_the_tenant(acme, globex, readonly, action):
    assert (await act(acme, WHATSAPP, action)).status_code == 409
    assert (await act(acme, LIVE_CALL, action)).status_code == 404
    assert (await act(globex, LIVE, action)).status_code == 404
    assert (await act(readonly, LIVE, action)).status_code == 403


async def test_hanging_up_ends_the_call_now_with_the_closing_words(acme):
    answer = await act(acme, LIVE, "hangup", message="Thank you, goodbye.")
    assert answer.json()["message"] == "Hangup dispatched"
    call = await read(acme, f"calls/{LIVE_CALL}")
    assert (call["status"], call["duration"]) == ("completed", 12)
    assert (await said(acme, LIVE))[-1] == "Thank you, goodbye."
    assert (await read(acme, f"conversations/{LIVE}"))["status"] == "Closed"


async def test_hanging_up_while_it_rings_leaves_a_call_without_talk(acme, clock):
    call = await placed(acme)
    clock.advance(5)
    await act(acme, call["conversation_uuid"], "hangup")
    clock.advance(300)
    row = await read(acme, f"calls/{call['id']}")
    assert (row["status"], row["duration"]) == ("completed", 0)
    assert await said(acme, call["conversation_uuid"]) == []


async def test_a_text_is_said_at_once_in_a_running_call(acme):
    answer = await act(acme, LIVE, "say", message="Your car is in row four.")
    assert (answer.status_code, answer.json()["message"], answer.json()["data"]) == (200, "Say dispatched", {})
    assert (await said(acme, LIVE))[-1] == "Your car is in row four."


async def test_a_text_for_a_ringing_call_is_said_when_it_is_answered(acme, clock):
    call = await placed(acme)
    await act(acme, call["conversation_uuid"], "say", message="This call is recorded.")
    assert await said(acme, call["conversation_uuid"]) == []
    clock.advance(9)
    assert "This call is recorded." in await said(acme, call["conversation_uuid"])


async def test_a_last_text_ends_the_call_once_it_is_spoken(acme, clock):
    await act(acme, LIVE, "say", message="We will write to you.", end_call_after_spoken=True)
    assert (await read(acme, f"calls/{LIVE_CALL}"))["status"] == "in-progress"
    clock.advance(5)
    assert (await read(acme, f"calls/{LIVE_CALL}"))["status"] == "completed"
    assert (await said(acme, LIVE))[-1] == "We will write to you."


async def test_a_muted_agent_is_silent_until_it_is_unmuted(acme, clock):
    before = await said(acme, LIVE)
    assert (await act(acme, LIVE, "mute")).status_code == 200
    assert (await act(acme, LIVE, "mute")).status_code == 200
    assert (await read(acme, f"calls/{LIVE_CALL}"))["muted"] is True
    assert (await act(acme, LIVE, "say")).status_code == 409
    clock.advance(20)
    assert await said(acme, LIVE) == before
    assert len(await said(acme, LIVE, "Contact")) > 1
    assert (await act(acme, LIVE, "unmute")).status_code == 200
    assert (await act(acme, LIVE, "say")).status_code == 200
    assert (await said(acme, LIVE))[-1] == ACTIONS["say"]["message"]


async def test_a_forwarded_call_is_announced_and_goes_on_with_a_person(acme, clock):
    before = await said(acme, LIVE)
    assert (await act(acme, LIVE, "forward")).json()["message"] == "Forward dispatched"
    assert (await act(acme, LIVE, "forward")).status_code == 409
    clock.advance(100)
    call = await read(acme, f"calls/{LIVE_CALL}")
    assert (call["forwarded_to"], call["handled_by"], call["status"]) == ("+902125550100", "Human", "completed")
    assert len(await said(acme, LIVE)) == len(before) + 1
    session = (await read(acme, f"conversations/{LIVE}"))["session_uuids"][0]
    assert (await read(acme, f"sessions/{session}/evaluation"))["human_escalation"]["value"] == "Yes"


async def test_the_call_log_is_filtered_and_newest_first(acme):
    everything = (await read(acme, "calls"))["data"]
    times = [row["created_at"] for row in everything]
    assert times == sorted(times, reverse=True)
    for query in ({"direction": "inbound"}, {"status": "failed"}, {"status": "completed"}):
        ((member, value),) = query.items()
        kept = (await read(acme, "calls", **query))["data"]
        assert kept
        assert kept == [row for row in everything if row[member] == value]
    assert (await read(acme, "calls", agent_id=SERVICE))["total"] == 0
    assert (await read(acme, "calls", agent_id=SALES))["total"] == len(everything)
    second = await read(acme, "calls", page=2, per_page=1)
    assert (second["data"], second["last_page"]) == (everything[1:2], len(everything))


async def test_a_recording_exists_once_the_call_is_over(acme, clock):
    assert (await read(acme, f"calls/{LIVE_CALL}/recording"))["recording_url"] is None
    clock.advance(100)
    assert LIVE_CALL in (await read(acme, f"calls/{LIVE_CALL}/recording"))["recording_url"]


@pytest.mark.parametrize("path", ["", "/transcript", "/recording"])
async def test_calls_of_another_tenant_are_not_found(acme, globex, path):
    assert (await acme.get(f"/api/v1/calls/{ENDED_CALL}{path}")).status_code == 200
    assert (await globex.get(f"/api/v1/calls/{ENDED_CALL}{path}")).status_code == 404


async def test_tenants_see_their_own_calls_only(acme, globex):
    ours, theirs = [{row["uuid"] for row in (await read(client, "calls"))["data"]} for client in (acme, globex)]
    assert ours
    assert theirs
    assert not ours & theirs


async def test_a_whatsapp_call_is_a_conversation_of_its_own_channel(acme, clock):
    call = await placed(acme, path="whatsapp/call")
    clock.advance(100)
    assert (await read(acme, f"calls/{call['id']}"))["communication"] == "whatsapp_call"
    conversation = await read(acme, f"conversations/{call['conversation_uuid']}")
    assert (conversation["channel"], conversation["status"]) == ("WhatsappCall", "Closed")
    assert (await dial(acme, agent=SERVICE, path="whatsapp/call")).status_code == 422
