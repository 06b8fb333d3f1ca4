"""Recordings made elsewhere, and what becomes of them."""

from __future__ import annotations

import json

from tests.sandbox.mihu.answers import field, read
from tests.sandbox.mihu.messages import ELIF, UNKNOWN, post


async def test_a_transcription_is_done_when_its_time_has_come(acme, clock):
    recording = {"voice_url": "https://example.com/a/call.wav", "reference_id": "R-7", "customer_phone": ELIF}
    made = await post(acme, "transcriptions", **recording)
    row = made.json()["data"]
    assert (made.status_code, row["status"], row["reference_id"]) == (201, "pending", "R-7")
    assert row["s3_file_path"].endswith(".wav")
    early = await read(acme, f"transcriptions/{row['uuid']}/transcript")
    assert (early["conversation"]["messages"], early["session"], early["evaluations"]) == ([], None, {})
    states = []
    for seconds in (6, 20):
        clock.advance(seconds)
        states.append(await read(acme, f"transcriptions/{row['uuid']}"))
    assert [state["status"] for state in states] == ["processing", "completed"]
    assert states[0]["transcription_result"] is None
    late = await read(acme, f"transcriptions/{row['uuid']}/transcript")
    assert late["conversation"]["plain"] == states[1]["transcription_result"]
    assert {turn["role"] for turn in late["conversation"]["messages"]} == {"Agent", "Customer"}
    session = await read(acme, f"sessions/{late['session']['id']}")
    assert session["contact"]["phone_number"] == ELIF
    evaluation = await read(acme, f"sessions/{session['uuid']}/evaluation")
    assert late["evaluations"]["success"] == evaluation["success"]


async def test_a_recording_that_cannot_be_fetched_fails(acme, clock):
    made = await post(acme, "transcriptions", voice_url="https://example.com/missing.mp3")
    clock.advance(30)
    row = await read(acme, f"transcriptions/{made.json()['data']['uuid']}")
    assert (row["status"], row["transcription_result"]) == ("failed", None)
    assert row["error_message"]


async def test_a_recording_may_come_as_a_file_and_tokens_are_not_shown(acme):
    files = {"voice_file": ("call.ogg", b"OggS", "audio/ogg")}
    form = {"reference_id": "R-8", "webhook_header_token": "hush-hush"}
    made = await acme.post("/api/v1/transcriptions", data=form, files=files)
    assert made.status_code == 201
    uuid = made.json()["data"]["uuid"]
    (listed,) = (await read(acme, "transcriptions", reference_id="R-8"))["data"]
    assert listed["uuid"] == uuid
    for shown in (made.json(), listed, await read(acme, f"transcriptions/{uuid}")):
        assert "hush-hush" not in json.dumps(shown)


async def test_a_transcription_needs_audio_and_agents_that_exist(acme, globex):
    assert field(await post(acme, "transcriptions", reference_id="R-9")) == "voice_url"
    voice = "https://example.com/a.mp3"
    for name in ("qa_agent_uuid", "coaching_agent_uuid"):
        assert (await post(acme, "transcriptions", voice_url=voice, **{name: UNKNOWN})).status_code == 404
    uuid = (await post(acme, "transcriptions", voice_url=voice)).json()["data"]["uuid"]
    for path in ("", "/transcript"):
        assert (await globex.get(f"/api/v1/transcriptions/{uuid}{path}")).status_code == 404


async def test_transcriptions_are_listed_by_state_newest_first(acme):
    await post(acme, "transcriptions", voice_url="https://example.com/a.mp3")
    everything = (await read(acme, "transcriptions"))["data"]
    assert everything[0]["status"] == "pending"
    for status in ("pending", "completed", "failed"):
        found = (await read(acme, "transcriptions", status=status))["data"]
        assert found
        assert found == [row for row in everything if row["status"] == status]
