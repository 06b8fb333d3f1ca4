"""WhatsApp templates: submitted, decided on, configured and sent."""

from __future__ import annotations

import pytest

from tests.sandbox.mihu.answers import field, read
from tests.sandbox.mihu.messages import (
    BROCHURE,
    DAY,
    ELIF,
    FRIDAY,
    PENDING,
    PNG,
    REJECTED,
    REMINDER,
    SETTING,
    WABA,
    post,
    template,
)


async def test_a_template_is_sent_with_its_placeholders_filled(acme):
    sent = (await template(acme, number=ELIF, parameters={"field1": "Elif", "field2": "Friday"})).json()["data"]
    assert (sent["templateName"], sent["recipientPhone"]) == ("test_drive_reminder", ELIF)
    row = (await read(acme, "whatsapp/messages", phone_number=ELIF))["data"][0]
    assert (row["message_id"], row["type"], row["template_uuid"]) == (sent["messageId"], "template", REMINDER)
    assert row["content"] == "Hello Elif, we expect you for your test drive on Friday."
    assert row["conversation_uuid"] == sent["conversationId"]


@pytest.mark.parametrize(
    ("uuid", "more", "named"),
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
async def test_a_template_that_cannot_be_sent_so_is_refused(acme, uuid, more, named):
    before = (await read(acme, "whatsapp/messages"))["total"]
    assert field(await template(acme, uuid, **more)) == named
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
    assert field(await template(acme, uuid, parameters={"field1": "Mert"})) == "templateId"
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
    ("changes", "named"),
    [
        ({"name": "test_drive_reminder"}, "name"),
        ({"name": "Pickup Ready"}, "name"),
        ({"components": [{"type": "FOOTER", "text": "Acme"}]}, "components"),
        ({"components": [{"type": "BODY"}]}, "components"),
        ({"components": [{"type": "HEADER", "format": "IMAGE"}, {"type": "BODY", "text": "Hi"}]}, "components"),
    ],
)
async def test_a_template_that_meta_would_not_take_is_refused(acme, changes, named):
    assert field(await create(acme, **changes)) == named


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

    assert field(await create(acme, components=components("VIDEO"))) == "components"
    assert (await create(acme, components=components("IMAGE"))).status_code == 201
    clock.advance(DAY)
    assert field(await create(acme, name="late", components=components("IMAGE"))) == "components"


async def test_a_file_must_be_of_the_kind_that_is_said(acme, globex):
    assert field(await upload(acme, kind="video")) == "media_type"
    assert field(await upload(acme, media_type="image/gif")) == "media_type"
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
    ("uuid", "params", "named"),
    [
        (PENDING, {"body": {"1": "you"}}, "template_uuid"),
        (REMINDER, {"body": {"1": "you"}}, "params.body.2"),
        (BROCHURE, {"body": {"1": "you"}}, "params.body.1"),
    ],
)
async def test_a_setting_needs_an_approved_template_and_all_its_placeholders(acme, uuid, params, named):
    answer = await post(acme, "whatsapp/template-settings", template_uuid=uuid, params=params)
    assert field(answer) == named


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
