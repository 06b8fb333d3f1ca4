"""Texts on SMS and WhatsApp, and how far they have come."""

from __future__ import annotations

import pytest

from tests.sandbox.mihu.answers import field, read
from tests.sandbox.mihu.messages import (
    ANNA,
    BLACKLISTED,
    DAY,
    ELIF,
    FRIDAY,
    MERT,
    SERVICE,
    UNKNOWN,
    WHATSAPP,
    free_text,
    post,
    sms,
    template,
)


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
    assert field(await send(acme, number=BLACKLISTED, **more)) == "phoneNumber"
    assert field(await send(acme, agent=SERVICE, **more)) == "agentId"
    assert field(await send(acme, number="0532 111 00 02", **more)) == "phoneNumber"
    assert (await send(acme, agent=UNKNOWN, **more)).status_code == 404
    assert (await send(globex, **more)).status_code == 404
    assert (await send(readonly, **more)).status_code == 403


async def test_free_text_needs_a_message_of_the_person_within_24_hours(acme, clock):
    assert field(await free_text(acme, ELIF)) == "message"
    assert (await free_text(acme)).status_code == 200
    clock.advance(DAY)
    assert field(await free_text(acme)) == "message"
    assert field(await post(acme, f"conversations/{WHATSAPP}/messages", message="Hello")) == "message"
    assert (await template(acme, parameters=FRIDAY)).status_code == 200
