"""SMS and WhatsApp messages on their way, templates until they are approved, and transcriptions until they are done."""

from __future__ import annotations

import json

import pytest

SALES, SERVICE = "a0000000-0000-4000-8000-000000000001", "a0000000-0000-4000-8000-000000000002"
ELIF, MERT, ANNA, BLACKLISTED = "+905321110001", "+905321110002", "+4915112345003", "+905321110004"
UNKNOWN = "ffffffff-ffff-4fff-8fff-ffffffffffff"
REMINDER, PENDING, REJECTED, BROCHURE = (f"90000000-0000-4000-8000-00000000000{number}" for number in (1, 2, 3, 4))
SETTING = "9a000000-0000-4000-8000-000000000001"
WHATSAPP = "b0000000-0000-4000-8000-000000000002"
WABA = "123456789012345"
DAY = 86400
FRIDAY = {"field1": "Mert", "field2": "Friday"}
PNG = b"\x89PNG\r\n\x1a\n"


async def read(client, path, **query):
    answer = await client.get(f"/api/v1/{path}", params=query)
    assert answer.status_code == 200, answer.text
    return answer.json()["data"]


async def post(client, path, **body):
    return await client.post(f"/api/v1/{path}", json=body)


async def sms(client, number=ANNA, agent=SALES, message="Your car is ready."):
    return await post(client, "sms/send", agentId=agent, phoneNumber=number, message=message)


async def free_text(client, number=MERT, agent=SALES, message="See you soon."):
    return await post(client, "whatsapp/message", agentId=agent, phoneNumber=number, message=message)


async def template(client, uuid=REMINDER, number=MERT, agent=SALES, **more):
    return await post(client, "whatsapp/template", agentId=agent, templateId=uuid, phoneNumber=number, **more)


def refused_field(answer):
    assert answer.status_code == 422, answer.text
    return answer.json()["error"]["field"]


async def test_an_sms_joins_the_conversation_of_the_two(acme):
    first, second = (await sms(acme)).json()["data"], (await sms(acme, message="Bring your card.")).json()["data"]
    assert first["conversationId"] == second["conversationId"]
    assert second["recipientPhone"] == ANNA
    newest, before, *_ = (await read(acme, "sms"))["data"]
    assert (newest["uuid"], newest["message"]) == (second["messageId"], "Bring your card.")
    assert before["uuid"] == first["messageId"]
    rows = (await read(acme, f"conversations/{first['conversationId']}/messages", sort_dir="desc", per_page=1))["data"]
    assert [(row["uuid"], row["sender"]) for row in rows] == [(second["messageId"], "AI")]


async def test_an_sms_to_a_new_number_makes_contact_and_conversation(acme):
    sent = (await sms(acme, "+905559990021")).json()["data"]
    conversation = await read(acme, f"conversations/{sent['conversationId']}")
    assert (conversation["channel"], conversation["contact"]["phone_number"]) == ("Sms", "+905559990021")
    assert (await read(acme, f"contacts/{conversation['contact']['uuid']}"))["phone_number"] == "+905559990021"


async def test_messages_travel_with_the_clock(acme, clock):
    await sms(acme)
    await sms(acme, "+905551110099")
    await free_text(acme)
    seen = []
    for seconds in (0, 3, 10, 60):
        clock.advance(seconds)
        texts = (await read(acme, "sms"))["data"]
        message = (await read(acme, "whatsapp/messages"))["data"][0]
        seen.append((texts[1]["status"], texts[0]["status"], message["status"]))
    assert seen == [
        ("queued", "queued", "sent"),
        ("sent", "sent", "delivered"),
        ("delivered", "failed", "delivered"),
        ("delivered", "failed", "read"),
    ]


async def test_a_message_that_fails_was_never_delivered(acme, clock):
    await template(acme, number="+905551110099", parameters=FRIDAY)
    seen = []
    for seconds in (0, 5, 10, 3600):
        clock.advance(seconds)
        seen.append((await read(acme, "whatsapp/messages"))["data"][0]["status"])
    assert seen == ["sent", "sent", "failed", "failed"]


async def test_message_lists_keep_what_their_filters_say(acme):
    await sms(acme)
    await free_text(acme)
    await template(acme, number=ELIF, parameters=FRIDAY)
    for path in ("sms", "whatsapp/messages"):
        everything = (await read(acme, path))["data"]
        for query in ({"direction": "inbound"}, {"status": everything[0]["status"]}, {"phone_number": MERT}):
            ((member, value),) = query.items()
            assert (await read(acme, path, **query))["data"] == [r for r in everything if r[member] == value]
        assert (await read(acme, path, agent_uuid=SERVICE))["total"] == 0
        assert (await read(acme, path, per_page=1, page=2))["data"] == everything[1:2]


@pytest.mark.parametrize("send", [sms, free_text, template])
async def test_nobody_is_written_to_without_channel_permission_or_against_the_blacklist(acme, readonly, globex, send):
    more = {"parameters": FRIDAY} if send is template else {}
    assert refused_field(await send(acme, number=BLACKLISTED, **more)) == "phoneNumber"
    assert refused_field(await send(acme, agent=SERVICE, **more)) == "agentId"
    assert refused_field(await send(acme, number="0532 111 00 02", **more)) == "phoneNumber"
    assert (await send(acme, agent=UNKNOWN, **more)).status_code == 404
    assert (await send(globex, **more)).status_code == 404
    assert (await send(readonly, **more)).status_code == 403


async def test_free_text_needs_a_message_of_the_person_within_24_hours(acme, clock):
    assert refused_field(await free_text(acme, ELIF)) == "message"
    assert (await free_text(acme)).status_code == 200
    clock.advance(DAY)
    assert refused_field(await free_text(acme)) == "message"
    assert refused_field(await post(acme, f"conversations/{WHATSAPP}/messages", message="Hello")) == "message"
    assert (await template(acme, parameters=FRIDAY)).status_code == 200


async def test_a_template_is_sent_with_its_placeholders_filled(acme):
    sent = (await template(acme, number=ELIF, parameters={"field1": "Elif", "field2": "Friday"})).json()["data"]
    assert (sent["templateName"], sent["recipientPhone"]) == ("test_drive_reminder", ELIF)
    row = (await read(acme, "whatsapp/messages", phone_number=ELIF))["data"][0]
    assert (row["message_id"], row["type"], row["template_uuid"]) == (sent["messageId"], "template", REMINDER)
    assert row["content"] == "Hello Elif, we expect you for your test drive on Friday."
    assert row["conversation_uuid"] == sent["conversationId"]


@pytest.mark.parametrize(
    ("uuid", "more", "field"),
    [
        (PENDING, {"parameters": {"field1": "Mert"}}, "templateId"),
        (REJECTED, {}, "templateId"),
        (REMINDER, {"parameters": {"field1": "Mert"}}, "parameters.field2"),
        (REMINDER, {"parameters": {**FRIDAY, "field3": "x"}}, "parameters.field3"),
        (REMINDER, {"parameters": FRIDAY, "header": {"type": "image", "url": "https://example.com/a.png"}}, "header"),
        (BROCHURE, {}, "header"),
        (BROCHURE, {"header": {"type": "video", "url": "https://example.com/a.mp4"}}, "header"),
    ],
)
async def test_a_template_that_cannot_be_sent_so_is_refused(acme, uuid, more, field):
    before = (await read(acme, "whatsapp/messages"))["total"]
    assert refused_field(await template(acme, uuid, **more)) == field
    assert (await read(acme, "whatsapp/messages"))["total"] == before


async def create(client, **changes):
    body = {
        "name": "pickup_ready",
        "language": "en_US",
        "category": "UTILITY",
        "waba_id": WABA,
        "components": [{"type": "BODY", "text": "Hello {{1}}, your car is ready."}],
    }
    return await post(client, "whatsapp/templates", **{**body, **changes})


async def test_a_template_can_be_sent_once_the_clock_has_brought_its_approval(acme, clock):
    made = await create(acme)
    assert (made.status_code, made.json()["data"]["status"]) == (201, "PENDING")
    uuid = made.json()["data"]["uuid"]
    assert refused_field(await template(acme, uuid, parameters={"field1": "Mert"})) == "templateId"
    clock.advance(DAY)
    row = await read(acme, f"whatsapp/templates/{uuid}")
    assert (row["status"], row["content"]) == ("APPROVED", "Hello {{1}}, your car is ready.")
    assert (await template(acme, uuid, parameters={"field1": "Mert"})).status_code == 200


async def test_synchronising_brings_the_decisions_at_once_and_counts_them(acme):
    refused = (await create(acme, name="win_a_car_rejected")).json()["data"]["uuid"]
    total = (await read(acme, "whatsapp/templates"))["total"]
    first = (await post(acme, "whatsapp/templates/sync", waba_id=WABA)).json()["data"]
    assert first == {"created": 0, "updated": 2, "deleted": 0, "total": total}
    assert (await read(acme, f"whatsapp/templates/{PENDING}"))["status"] == "APPROVED"
    assert (await read(acme, f"whatsapp/templates/{refused}"))["status"] == "REJECTED"
    assert (await post(acme, "whatsapp/templates/sync")).json()["data"]["updated"] == 0


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"name": "test_drive_reminder"}, "name"),
        ({"name": "Pickup Ready"}, "name"),
        ({"components": [{"type": "FOOTER", "text": "Acme"}]}, "components"),
        ({"components": [{"type": "BODY"}]}, "components"),
        ({"components": [{"type": "HEADER", "format": "IMAGE"}, {"type": "BODY", "text": "Hi"}]}, "components"),
    ],
)
async def test_a_template_that_meta_would_not_take_is_refused(acme, changes, field):
    assert refused_field(await create(acme, **changes)) == field


async def test_a_template_name_is_taken_in_its_language_only(acme, globex):
    assert (await create(acme, name="test_drive_reminder", language="de")).status_code == 201
    assert (await create(globex)).status_code == 404
    assert (await globex.get(f"/api/v1/whatsapp/templates/{REMINDER}")).status_code == 404


@pytest.mark.parametrize(
    "query", [{"status": "APPROVED"}, {"category": "MARKETING"}, {"language": "tr"}, {"waba_id": WABA}]
)
async def test_template_filters_keep_what_they_say(acme, query):
    everything = (await read(acme, "whatsapp/templates"))["data"]
    found = (await read(acme, "whatsapp/templates", **query))["data"]
    ((member, value),) = query.items()
    assert found
    assert found == [row for row in everything if row[member] == value]
    assert (await read(acme, "whatsapp/templates", search="REMIND"))["total"] == 1


async def upload(client, kind="image", name="offer.png", media_type="image/png", waba_id=WABA):
    files = {"file": (name, PNG, media_type)}
    form = {"waba_id": waba_id, "media_type": kind}
    return await client.post("/api/v1/whatsapp/templates/upload-media", data=form, files=files)


async def test_an_uploaded_handle_makes_a_media_header_for_a_day(acme, clock):
    handle = (await upload(acme)).json()["data"]["handle"]

    def components(format_):
        header = {"type": "HEADER", "format": format_, "example": {"header_handle": [handle]}}
        return [header, {"type": "BODY", "text": "Our spring offer."}]

    assert refused_field(await create(acme, components=components("VIDEO"))) == "components"
    assert (await create(acme, components=components("IMAGE"))).status_code == 201
    clock.advance(DAY)
    assert refused_field(await create(acme, name="late", components=components("IMAGE"))) == "components"


async def test_a_file_must_be_of_the_kind_that_is_said(acme, globex):
    assert refused_field(await upload(acme, kind="video")) == "media_type"
    assert refused_field(await upload(acme, media_type="image/gif")) == "media_type"
    assert (await upload(globex)).status_code == 404


async def test_a_setting_holds_the_text_that_its_params_give(acme):
    params = {"body": {"1": "{{contact.name}}", "2": "Monday"}}
    made = await post(acme, "whatsapp/template-settings", template_uuid=REMINDER, params=params)
    row = made.json()["data"]
    assert (made.status_code, row["status"], row["template"]["uuid"]) == (201, "active", REMINDER)
    assert row["content"] == "Hello {{contact.name}}, we expect you for your test drive on Monday."
    changed = {"params": {"body": {"1": "you", "2": "Tuesday"}}, "status": "inactive"}
    answer = await acme.put(f"/api/v1/whatsapp/template-settings/{row['uuid']}", json=changed)
    assert answer.json()["data"]["content"] == "Hello you, we expect you for your test drive on Tuesday."
    (listed,) = (await read(acme, "whatsapp/template-settings", status="inactive"))["data"]
    assert (listed["uuid"], listed["params"]) == (row["uuid"], changed["params"])
    assert (await read(acme, "whatsapp/template-settings", template_uuid=BROCHURE))["total"] == 0


@pytest.mark.parametrize(
    ("uuid", "params", "field"),
    [
        (PENDING, {"body": {"1": "you"}}, "template_uuid"),
        (REMINDER, {"body": {"1": "you"}}, "params.body.2"),
        (BROCHURE, {"body": {"1": "you"}}, "params.body.1"),
    ],
)
async def test_a_setting_needs_an_approved_template_and_all_its_placeholders(acme, uuid, params, field):
    answer = await post(acme, "whatsapp/template-settings", template_uuid=uuid, params=params)
    assert refused_field(answer) == field


async def test_a_template_in_use_is_kept_until_its_setting_is_switched_off(acme):
    assert (await acme.delete(f"/api/v1/whatsapp/templates/{REMINDER}")).status_code == 409
    await acme.put(f"/api/v1/whatsapp/template-settings/{SETTING}", json={"status": "inactive"})
    assert (await acme.delete(f"/api/v1/whatsapp/templates/{REMINDER}")).status_code == 200
    assert (await acme.get(f"/api/v1/whatsapp/templates/{REMINDER}")).status_code == 404
    assert (await read(acme, "whatsapp/template-settings"))["total"] == 0


async def test_accounts_are_those_of_the_tenant(acme, globex):
    ours, theirs = [[row["waba_id"] for row in await read(c, "whatsapp/wabas")] for c in (acme, globex)]
    assert ours == [WABA]
    assert theirs
    assert WABA not in theirs


WINDOW = {"from": "2026-01-01T00:00:00Z", "to": "2027-01-01T00:00:00Z"}


async def export(client, **query):
    return await client.get("/api/v1/analytics/messages", params={**WINDOW, **query})


async def test_an_export_is_complete_page_by_page_while_new_messages_arrive(acme):
    whole = (await export(acme)).json()
    assert whole["pagination"] == {"next_cursor": None, "has_more": False, "limit": 500}
    gathered, cursor = [], {}
    while cursor is not None:
        page = (await export(acme, limit=4, **cursor)).json()
        assert len(page["messages"]) <= 4
        gathered += page["messages"]
        assert page["pagination"]["has_more"] == (page["pagination"]["next_cursor"] is not None)
        cursor = {"cursor": page["pagination"]["next_cursor"]} if page["pagination"]["has_more"] else None
        if len(gathered) == 4:
            await sms(acme)
    assert gathered[:-1] == whole["messages"]
    assert gathered[-1]["channel"] == "sms"
    times = [row["created_at"] for row in gathered]
    assert times == sorted(times)


async def test_an_export_refuses_a_cursor_that_is_not_its_own(acme, globex):
    cursor = (await export(acme, limit=1)).json()["pagination"]["next_cursor"]
    assert refused_field(await export(acme, cursor="page-two")) == "cursor"
    assert refused_field(await export(globex, cursor=cursor)) == "cursor"
    assert refused_field(await export(acme, limit=1001)) == "limit"


async def test_an_export_keeps_what_its_filters_say(acme):
    everything = (await export(acme)).json()["messages"]
    for channel in ("call", "whatsapp", "sms"):
        found = (await export(acme, channel=channel)).json()["messages"]
        assert found
        assert found == [row for row in everything if row["channel"] == channel]
    assert (await export(acme, agent_uuid=SERVICE)).json()["messages"] == []


async def delivery(client, **query):
    answer = await client.get("/api/v1/analytics/delivery", params={**WINDOW, **query})
    return {row["channel"]: row for row in answer.json()["channels"]}


async def test_delivery_rates_follow_the_messages(acme, clock):
    before = await delivery(acme)
    await sms(acme)
    await sms(acme, "+905551110099")
    await free_text(acme)
    clock.advance(3600)
    after = await delivery(acme)
    grown = {name: after["sms"][name] - before["sms"][name] for name in ("sent", "delivered", "failed")}
    assert grown == {"sent": 2, "delivered": 1, "failed": 1}
    assert after["whatsapp"]["read"] == before["whatsapp"]["read"] + 1
    assert after["sms"]["delivery_rate"] == round(after["sms"]["delivered"] / after["sms"]["sent"], 4)
    assert list(await delivery(acme, channel="sms")) == ["sms"]
    assert (await delivery(acme, agent_uuid=SERVICE))["sms"]["delivery_rate"] is None


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
    assert refused_field(await post(acme, "transcriptions", reference_id="R-9")) == "voice_url"
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
