"""Conversations, their sessions and evaluations, as lists show them and as time changes them."""

from __future__ import annotations

import pytest

SALES = "a0000000-0000-4000-8000-000000000001"
ELIF, MERT = "c0000000-0000-4000-8000-000000000001", "c0000000-0000-4000-8000-000000000002"
ENDED, WHATSAPP, LIVE = (f"b0000000-0000-4000-8000-00000000000{number}" for number in (1, 2, 4))
CALL_SESSION, OPEN_SESSION = "b1000000-0000-4000-8000-000000000001", "b1000000-0000-4000-8000-000000000003"
COMPLAINT = "b1000000-0000-4000-8000-000000000005"
CAMPAIGN = "f1000000-0000-4000-8000-000000000001"
EVALUATION = "b2000000-0000-4000-8000-000000000001"


async def read(client, path, **query):
    answer = await client.get(f"/api/v1/{path}", params=query)
    assert answer.status_code == 200, answer.text
    return answer.json()["data"]


async def write(client, conversation, text="Hello"):
    return await client.post(f"/api/v1/conversations/{conversation}/messages", json={"message": text})


@pytest.mark.parametrize(
    ("query", "kept"),
    [
        ({"phone": "905321110002"}, lambda row: row["contact"]["uuid"] == MERT),
        ({"contact_uuid": ELIF}, lambda row: row["contact"]["uuid"] == ELIF),
        ({"agent_uuid": SALES}, lambda row: row["agent_uuid"] == SALES),
        ({"campaign_uuid": CAMPAIGN}, lambda row: row["campaign_uuid"] == CAMPAIGN),
        ({"channel": "Whatsapp"}, lambda row: row["channel"] == "Whatsapp"),
        ({"status": "Closed"}, lambda row: row["status"] == "Closed"),
        ({"responded_by": "Human"}, lambda row: row["responded_by"] == "Human"),
        ({"is_simulation": "true"}, lambda row: row["is_simulation"]),
        ({"from": "2026-03-09T12:00:00Z"}, lambda row: row["created_at"] >= "2026-03-09T12:00:00.000Z"),
        ({"to": "2026-03-09T14:00:00+02:00"}, lambda row: row["created_at"] < "2026-03-09T12:00:00.000Z"),
    ],
)
async def test_every_filter_keeps_what_it_says(acme, query, kept):
    everything = (await read(acme, "conversations", per_page=100))["data"]
    found = (await read(acme, "conversations", per_page=100, **query))["data"]
    assert found == [row for row in everything if kept(row)]
    assert 0 < len(found) < len(everything)


async def test_conversations_are_sorted_as_asked(acme):
    for member in ("created_at", "updated_at"):
        newest = [row[member] for row in (await read(acme, "conversations", sort_by=member))["data"]]
        oldest = [row[member] for row in (await read(acme, "conversations", sort_by=member, sort_dir="asc"))["data"]]
        assert newest == sorted(newest, reverse=True)
        assert oldest == newest[::-1]


async def test_conversations_of_another_tenant_are_not_found(acme, globex):
    ours, theirs = [{row["uuid"] for row in (await read(c, "conversations"))["data"]} for c in (acme, globex)]
    assert theirs
    assert not ours & theirs
    for path in ("", "/messages", "/sessions"):
        assert (await globex.get(f"/api/v1/conversations/{ENDED}{path}")).status_code == 404
    assert (await write(globex, WHATSAPP)).status_code == 404


async def test_messages_come_oldest_first_in_pages_of_25(acme):
    for number in range(30):
        assert (await write(acme, WHATSAPP, f"Text {number}")).status_code == 200
    first = await read(acme, f"conversations/{WHATSAPP}/messages")
    second = await read(acme, f"conversations/{WHATSAPP}/messages", page=2)
    assert (len(first["data"]), first["per_page"], first["last_page"]) == (25, 25, 2)
    rows = [*first["data"], *second["data"]]
    assert len(rows) == first["total"]
    assert [row["created_at"] for row in rows] == sorted(row["created_at"] for row in rows)
    backwards = await read(acme, f"conversations/{WHATSAPP}/messages", sort_dir="desc", per_page=100)
    assert backwards["data"] == rows[::-1]
    humans = await read(acme, f"conversations/{WHATSAPP}/messages", sender="Human", per_page=100)
    assert humans["data"] == [row for row in rows if row["sender"] == "Human"]


async def test_a_message_of_an_operator_joins_the_running_session(acme):
    sent = (await write(acme, WHATSAPP, "Anything else?")).json()["data"]
    assert (sent["sender"], sent["direction"], sent["session_uuid"]) == ("Human", "outbound", OPEN_SESSION)
    (last,) = (await read(acme, f"sessions/{OPEN_SESSION}/messages", sort_dir="desc", per_page=1))["data"]
    assert last == sent


async def test_a_session_ends_by_itself_when_nobody_writes_and_the_next_message_opens_another(acme, clock):
    clock.advance(20 * 60)
    assert (await read(acme, f"sessions/{OPEN_SESSION}"))["ended_at"] is None
    assert (await acme.get(f"/api/v1/sessions/{OPEN_SESSION}/evaluation")).status_code == 404
    clock.advance(10 * 60)
    session = await read(acme, f"sessions/{OPEN_SESSION}")
    assert session["ended_at"] > session["last_activity_at"]
    assert session["summary"]
    assert (await read(acme, f"sessions/{OPEN_SESSION}/evaluation"))["session_uuid"] == OPEN_SESSION
    assert (await write(acme, WHATSAPP)).json()["data"]["session_uuid"] != OPEN_SESSION
    assert (await read(acme, f"conversations/{WHATSAPP}"))["status"] == "Active"


async def test_closed_conversations_and_calls_take_no_text(acme):
    assert (await write(acme, ENDED)).status_code == 409
    assert (await write(acme, LIVE)).status_code == 422


async def test_a_person_takes_a_conversation_over_and_gives_it_back(acme, readonly):
    for action, answering in (("takeover", "Human"), ("takeover", "Human"), ("release", "AI")):
        answer = await acme.post(f"/api/v1/conversations/{WHATSAPP}/{action}")
        assert answer.json()["data"]["responded_by"] == answering
        assert (await read(acme, f"conversations/{WHATSAPP}"))["responded_by"] == answering
        assert (await acme.post(f"/api/v1/conversations/{ENDED}/{action}")).status_code == 409
        assert (await readonly.post(f"/api/v1/conversations/{WHATSAPP}/{action}")).status_code == 403


async def test_a_conversation_outlives_its_contact(acme):
    await acme.delete(f"/api/v1/contacts/{ELIF}")
    contact = (await read(acme, f"conversations/{ENDED}"))["contact"]
    assert (contact["uuid"], contact["phone_number"]) == (ELIF, "+905321110001")


async def test_sessions_are_active_until_they_end(acme):
    everything = (await read(acme, "sessions", per_page=100))["data"]
    active, ended = [(await read(acme, "sessions", per_page=100, status=s))["data"] for s in ("active", "ended")]
    assert active
    assert ended
    assert all(row["ended_at"] is None for row in active)
    assert len(active) + len(ended) == len(everything)
    of_one = (await read(acme, f"conversations/{WHATSAPP}/sessions"))["data"]
    assert of_one == [row for row in everything if row["conversation_uuid"] == WHATSAPP]
    assert [
        row["uuid"] for row in (await read(acme, f"conversations/{WHATSAPP}/sessions", status="active"))["data"]
    ] == [OPEN_SESSION]


@pytest.mark.parametrize(
    ("query", "kept"),
    [
        ({"agent_uuid": SALES}, lambda row: row["agent_uuid"] == SALES),
        ({"contact_uuid": ELIF}, lambda row: row["contact"]["uuid"] == ELIF),
        ({"campaign_uuid": CAMPAIGN}, lambda row: row["campaign_uuid"] == CAMPAIGN),
        ({"from": "2026-03-10T00:00:00Z"}, lambda row: row["started_at"] >= "2026-03-10"),
        ({"to": "2026-03-10T00:00:00Z"}, lambda row: row["started_at"] < "2026-03-10"),
    ],
)
async def test_session_filters_keep_what_they_say(acme, query, kept):
    everything = (await read(acme, "sessions", per_page=100))["data"]
    found = (await read(acme, "sessions", per_page=100, **query))["data"]
    assert found == [row for row in everything if kept(row)]
    assert 0 < len(found) < len(everything)


async def test_an_evaluation_is_found_from_both_sides(acme, globex):
    row = await read(acme, f"evaluations/{EVALUATION}")
    assert row == await read(acme, f"sessions/{CALL_SESSION}/evaluation")
    for query in ({"session_uuid": CALL_SESSION}, {"conversation_uuid": ENDED}):
        assert (await read(acme, "evaluations", **query))["data"] == [row]
    page = await read(acme, "evaluations", contact_uuid=MERT, agent_uuid=SALES)
    assert {item["contact_uuid"] for item in page["data"]} == {MERT}
    assert (await globex.get(f"/api/v1/evaluations/{EVALUATION}")).status_code == 404
    assert (await globex.get(f"/api/v1/sessions/{CALL_SESSION}/evaluation")).status_code == 404


async def test_evaluations_of_a_stretch_of_time(acme):
    everything = (await read(acme, "evaluations"))["data"]
    limit = everything[0]["created_at"]
    assert (await read(acme, "evaluations", **{"from": limit}))["data"] == everything[:1]
    assert (await read(acme, "evaluations", to=limit))["data"] == everything[1:]


async def test_an_angry_contact_is_no_success(acme):
    row = await read(acme, f"sessions/{COMPLAINT}/evaluation")
    assert (row["sentiment"]["value"], row["success"]["value"]) == ("Negative", "No")


async def test_evaluating_again_replaces_the_result_and_needs_an_ended_session(acme, globex):
    answer = await acme.post(f"/api/v1/sessions/{CALL_SESSION}/evaluate")
    assert answer.json()["data"]["uuid"] == EVALUATION
    assert (await read(acme, f"sessions/{CALL_SESSION}"))["evaluated_at"] == "2026-03-10T12:00:00.000Z"
    assert (await read(acme, "evaluations", session_uuid=CALL_SESSION))["total"] == 1
    assert (await acme.post(f"/api/v1/sessions/{OPEN_SESSION}/evaluate")).status_code == 409
    assert (await globex.post(f"/api/v1/sessions/{CALL_SESSION}/evaluate")).status_code == 404


async def test_sessions_follow_the_evaluate_settings_of_their_agent(acme, clock):
    settings = f"/api/v1/agents/{SALES}/evaluate"
    changes = {"sessionization": {"timeout_minutes": 60}, "text": {"emotion_detection": {"enabled": False}}}
    assert (await acme.put(settings, json=changes)).status_code == 200
    clock.advance(45 * 60)
    assert (await read(acme, f"sessions/{OPEN_SESSION}"))["ended_at"] is None
    clock.advance(15 * 60)
    row = await read(acme, f"sessions/{OPEN_SESSION}/evaluation")
    assert row["emotion"] is None
    assert row["sentiment"]["value"]
    await acme.put(settings, json={"is_active": False})
    answer = await acme.post(f"/api/v1/sessions/{OPEN_SESSION}/evaluate")
    assert answer.status_code == 422


async def test_session_figures_agree_with_the_sessions(acme):
    window = {"from": "2026-01-01T00:00:00Z", "to": "2027-01-01T00:00:00Z"}
    totals = (await acme.get("/api/v1/analytics/sessions", params=window)).json()["totals"]
    for name, query in (("sessions", {}), ("active", {"status": "active"}), ("ended", {"status": "ended"})):
        assert totals[name] == (await read(acme, "sessions", **query))["total"]
    assert totals["evaluated"] == (await read(acme, "evaluations"))["total"]
    texts = (await acme.get("/api/v1/analytics/sessions", params={**window, "channel": "whatsapp,sms"})).json()
    assert texts["totals"]["sessions"] < totals["sessions"]
    assert texts["latency_ms"] == {"p50": None, "p95": None}
