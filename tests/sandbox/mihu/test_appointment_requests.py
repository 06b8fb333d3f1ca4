"""Requests for appointments, and who decides on them."""

from __future__ import annotations

import pytest

from tests.sandbox.mihu.answers import data, field
from tests.sandbox.mihu.bookings import (
    ANNA,
    API,
    APPOINTMENTS,
    APPROVED,
    BAY,
    CANCELLED,
    DRIVES,
    ELIF,
    PENDING,
    REJECTED,
    REQUESTS,
    THURSDAY,
    UNKNOWN,
    ask,
    book,
    starts,
)


async def test_a_request_holds_no_time_and_becomes_an_appointment_when_it_is_approved(acme):
    asked = data(await ask(acme, contact_uuid=ELIF, description="Compares two models"), 201)
    assert set(asked) == {"id", "uuid", "title", "status", "start_time", "end_time"}
    assert (asked["status"], asked["end_time"]) == ("pending", "2026-03-12T07:30:00.000000Z")
    assert "10:00" in await starts(acme)

    approved = data(await acme.post(f"{REQUESTS}/{asked['uuid']}/approve", json={"approval_note": "Bring a licence"}))
    assert (approved["status"], approved["approval_note"]) == ("approved", "Bring a licence")
    assert approved["approved_at"]
    appointment = data(await acme.get(f"{APPOINTMENTS}/{approved['appointment']['uuid']}"))
    assert appointment == approved["appointment"]
    assert (appointment["contact_uuid"], appointment["schedule_uuid"]) == (ELIF, DRIVES)
    assert (appointment["status"], appointment["description"]) == ("approved", "Compares two models")
    assert "10:00" not in await starts(acme)
    assert data(await acme.get(f"{REQUESTS}/{asked['uuid']}")) == approved


async def test_a_request_whose_time_has_gone_stays_pending(acme):
    asked = data(await ask(acme, contact_uuid=ELIF), 201)
    data(await book(acme, "10:15", "10:45"), 201)
    assert (await acme.post(f"{REQUESTS}/{asked['uuid']}/approve")).status_code == 409
    shown = data(await acme.get(f"{REQUESTS}/{asked['uuid']}"))
    assert (shown["status"], shown["appointment"]) == ("pending", None)


@pytest.mark.parametrize("action", ["approve", "reject", "cancel"])
@pytest.mark.parametrize("request_uuid", [APPROVED, REJECTED, CANCELLED])
async def test_a_request_is_decided_once(acme, action, request_uuid):
    before = data(await acme.get(f"{REQUESTS}/{request_uuid}"))
    assert (await acme.post(f"{REQUESTS}/{request_uuid}/{action}")).status_code == 409
    assert data(await acme.get(f"{REQUESTS}/{request_uuid}")) == before


async def test_rejecting_and_withdrawing_book_nothing(acme):
    bookings = data(await acme.get(APPOINTMENTS))
    rejected = data(await acme.post(f"{REQUESTS}/{PENDING}/reject", json={"rejection_reason": "No car left"}))
    assert (rejected["status"], rejected["rejection_reason"]) == ("rejected", "No car left")
    assert rejected["rejected_at"]
    asked = data(await ask(acme, contact_uuid=ELIF), 201)
    withdrawn = data(await acme.post(f"{REQUESTS}/{asked['uuid']}/cancel"))
    assert (withdrawn["status"], withdrawn["approved_at"], withdrawn["rejected_at"]) == ("cancelled", None, None)
    assert data(await acme.get(APPOINTMENTS)) == bookings


async def test_a_request_finds_the_person_by_email_or_makes_a_contact(acme):
    async def contacts(search):
        return data(await acme.get(f"{API}/contacts", params={"search": search}))["data"]

    data(await ask(acme, contact_name="Anna", contact_email="Anna.Weber@example.com"), 201)
    assert len(await contacts("anna.weber@")) == 1
    person = {"contact_name": "Deniz", "contact_email": "deniz@example.com", "contact_phone": "+90 555-111 22 33"}
    data(await ask(acme, **person), 201)
    [made] = await contacts("deniz@example.com")
    assert (made["name"], made["phone_number"]) == ("Deniz", "+905551112233")
    rows = data(await acme.get(REQUESTS, params={"start_date": THURSDAY, "end_date": THURSDAY}))
    assert {row["contact"]["uuid"] for row in rows} == {ANNA, made["uuid"]}


@pytest.mark.parametrize(
    ("more", "named"),
    [
        ({}, "contact_name"),
        ({"contact_name": "Deniz"}, "contact_email"),
        ({"contact_uuid": UNKNOWN}, "contact_uuid"),
        ({"contact_uuid": ELIF, "schedule_uuid": UNKNOWN}, "schedule_uuid"),
        ({"contact_uuid": ELIF, "start_time": "2026-03-10T11:59:00Z"}, "start_time"),
        ({"contact_uuid": ELIF, "end_time": "2026-03-12T06:00:00Z"}, "end_time"),
    ],
)
async def test_a_request_that_nobody_could_decide_is_refused(acme, more, named):
    assert field(await ask(acme, **more)) == named


async def test_requests_are_listed_by_state_schedule_and_day_without_their_decision(acme):
    answer = await acme.get(REQUESTS, params={"status": "pending"})
    assert answer.json()["message"] == ""
    [row] = data(answer)
    assert (row["uuid"], row["schedule"]) == (PENDING, {"id": 1, "name": "Test drives"})
    assert "approved_at" not in row
    assert len(data(await acme.get(REQUESTS))) == 4
    bay = data(await acme.get(REQUESTS, params={"schedule_uuid": BAY, "end_date": "2026-03-14"}))
    assert [row["uuid"] for row in bay] == [REJECTED]
