"""Appointments: booked, moved and called off, each time held once."""

from __future__ import annotations

import pytest

from tests.sandbox.mihu.answers import data, field
from tests.sandbox.mihu.bookings import (
    APPOINTMENTS,
    BAY,
    DRIVES,
    ELIF,
    PENDING,
    REQUESTS,
    SCHEDULES,
    SHOWROOM,
    THURSDAY,
    TYPES,
    UNKNOWN,
    VIDEO,
    book,
    starts,
)


async def test_a_booked_slot_is_gone_and_can_be_read_and_listed(acme):
    booked = data(await book(acme, "10:00", "10:30", contact_uuid=ELIF, notes="First car"), 201)
    assert booked["status"] == "approved"
    assert booked["start_time"] == "2026-03-12T07:00:00.000000Z"
    assert "10:00" not in await starts(acme)
    assert data(await acme.get(f"{APPOINTMENTS}/{booked['uuid']}")) == booked
    assert booked in data(await acme.get(APPOINTMENTS, params={"schedule_uuid": DRIVES}))


@pytest.mark.parametrize(
    ("start", "end"), [("15:00", "15:30"), ("14:45", "15:15"), ("15:10", "15:20"), ("14:30", "16:00")]
)
async def test_a_time_is_not_given_twice(acme, start, end):
    answer = await book(acme, start, end)
    assert (answer.status_code, answer.json()["error"]["code"]) == (409, "CONFLICT")
    assert len(data(await acme.get(APPOINTMENTS, params={"start_date": THURSDAY, "end_date": THURSDAY}))) == 1


async def test_times_that_follow_each_other_are_both_given(acme):
    assert (await book(acme, "14:30", "15:00")).status_code == 201
    assert (await book(acme, "15:30", "16:00")).status_code == 201


async def test_the_gap_after_an_appointment_is_kept_on_both_sides(acme):
    plate = {"custom_answers": {"Licence plate": "34 ABC 01"}}
    data(await book(acme, "09:45", "10:45", BAY, **plate), 201)
    assert (await book(acme, "10:45", "11:45", BAY, **plate)).status_code == 409
    assert (await book(acme, "08:30", "09:40", BAY, **plate)).status_code == 409
    assert (await book(acme, "11:00", "12:00", BAY, **plate)).status_code == 201


async def test_another_schedule_is_not_concerned(acme):
    answer = await book(acme, "15:00", "15:30", BAY, custom_answers={"Licence plate": "34 ABC 01"})
    assert answer.status_code == 201


@pytest.mark.parametrize(
    ("start", "end", "more", "named"),
    [
        ("08:30", "09:00", {}, "start_time"),
        ("16:45", "17:15", {}, "start_time"),
        ("10:00", "10:30", {"day": "2026-03-14"}, "start_time"),
        ("10:00", "10:30", {"day": "2026-03-20"}, "start_time"),
        ("10:00", "10:30", {"day": "2026-03-10"}, "start_time"),
        ("10:00", "10:00", {}, "end_time"),
        ("11:00", "10:00", {}, "end_time"),
        ("10:00", "10:30", {"day": "2026-02-30"}, "start_time"),
        ("10:00", "10:30", {"zone": " in the morning"}, "end_time"),
        ("10:00", "10:30", {"schedule": UNKNOWN}, "schedule_uuid"),
        ("10:00", "10:30", {"contact_uuid": UNKNOWN}, "contact_uuid"),
        ("10:00", "10:30", {"schedule": BAY}, "custom_answers.Licence plate"),
        ("10:00", "10:30", {"schedule": BAY, "custom_answers": {"Licence plate": ""}}, "custom_answers.Licence plate"),
    ],
)
async def test_what_cannot_be_booked_is_refused_by_field(acme, start, end, more, named):
    assert field(await book(acme, start, end, **more)) == named


async def test_a_time_without_offset_is_utc(acme):
    answer = await acme.post(
        APPOINTMENTS,
        json={
            "schedule_uuid": DRIVES,
            "title": "Test drive",
            "start_time": f"{THURSDAY} 08:00:00",
            "end_time": f"{THURSDAY} 08:30:00",
        },
    )
    assert data(answer, 201)["start_time"] == "2026-03-12T08:00:00.000000Z"
    assert "11:00" not in await starts(acme)


async def test_a_cancelled_slot_comes_back_and_can_only_be_taken_up_while_it_is_free(acme):
    first = data(await book(acme, "10:00", "10:30"), 201)
    status = f"{APPOINTMENTS}/{first['uuid']}/status"
    assert data(await acme.post(status, json={"status": "cancelled"}))["status"] == "cancelled"
    assert "10:00" in await starts(acme)

    second = data(await book(acme, "10:00", "10:30"), 201)
    assert (await acme.post(status, json={"status": "approved"})).status_code == 409
    data(await acme.delete(f"{APPOINTMENTS}/{second['uuid']}"))
    assert (await acme.get(f"{APPOINTMENTS}/{second['uuid']}")).status_code == 404
    assert data(await acme.post(status, json={"status": "approved"}))["status"] == "approved"
    assert "10:00" not in await starts(acme)


async def test_what_is_booked_as_cancelled_holds_nothing(acme):
    data(await book(acme, "15:00", "15:30", status="cancelled"), 201)
    data(await book(acme, "10:00", "10:30", status="cancelled"), 201)
    assert "10:00" in await starts(acme)


async def test_a_moved_appointment_frees_its_old_time_and_holds_the_new_one(acme):
    booked = data(await book(acme, "10:00", "10:30", notes="First car"), 201)
    new = {"start_time": f"{THURSDAY}T11:00:00+03:00", "end_time": f"{THURSDAY}T11:30:00+03:00"}
    moved = data(await acme.put(f"{APPOINTMENTS}/{booked['uuid']}", json=new))
    assert (moved["start_time"], moved["notes"]) == ("2026-03-12T08:00:00.000000Z", "First car")
    free_times = await starts(acme)
    assert "10:00" in free_times
    assert "11:00" not in free_times


async def test_an_appointment_may_move_within_its_own_time_but_not_into_another(acme):
    booked = data(await book(acme, "14:00", "14:30"), 201)
    path = f"{APPOINTMENTS}/{booked['uuid']}"
    assert (await acme.put(path, json={"end_time": f"{THURSDAY}T14:45:00+03:00"})).status_code == 200
    assert (await acme.put(path, json={"end_time": f"{THURSDAY}T15:15:00+03:00"})).status_code == 409
    assert field(await acme.put(path, json={"start_time": f"{THURSDAY}T15:00:00+03:00"})) == "end_time"
    assert field(await acme.put(path, json={"start_time": f"{THURSDAY}T06:00:00+03:00"})) == "start_time"
    assert data(await acme.get(path))["end_time"] == "2026-03-12T11:45:00.000000Z"


async def test_texts_of_a_past_appointment_can_still_be_changed(acme):
    past = "e1000000-0000-4000-8000-000000000003"
    assert data(await acme.put(f"{APPOINTMENTS}/{past}", json={"notes": "Came late"}))["notes"] == "Came late"


async def test_appointments_are_listed_by_day_schedule_contact_and_state(acme):
    async def listed(**filters):
        return [row["uuid"][-1] for row in data(await acme.get(APPOINTMENTS, params=filters))]

    assert await listed(start_date="2026-03-11", end_date=THURSDAY) == ["1", "2"]
    assert await listed(start_date=THURSDAY, end_date="2026-12-31") == ["2", "4"]
    assert await listed(contact_uuid=ELIF, status="approved") == ["1"]
    assert await listed(schedule_uuid=BAY, status="cancelled") == ["5"]
    assert await listed(end_date="2026-03-09") == ["3"]
    assert await listed(schedule_uuid=SHOWROOM) == []


async def test_the_day_of_an_appointment_is_that_of_its_schedule(acme):
    week = {
        "timezone": "Pacific/Auckland",
        "days": [{"day": "friday", "intervals": [{"start": "08:00", "end": "12:00"}]}],
    }
    data(await acme.put(f"{SCHEDULES}/{SHOWROOM}/working-hours", json=week))
    booked = data(await book(acme, "08:00", "08:30", SHOWROOM, day="2026-03-13", zone="+13:00"), 201)
    assert booked["start_time"].startswith(THURSDAY)
    rows = data(await acme.get(APPOINTMENTS, params={"start_date": "2026-03-13", "end_date": "2026-03-13"}))
    assert booked["uuid"] in {row["uuid"] for row in rows}


async def test_another_tenant_sees_and_reaches_nothing_of_it(acme, globex):
    for path, ours in (
        (SCHEDULES, DRIVES),
        (APPOINTMENTS, "e1000000-0000-4000-8000-000000000001"),
        (REQUESTS, PENDING),
    ):
        rows = data(await globex.get(path))
        assert rows
        assert not {row["uuid"] for row in rows} & {row["uuid"] for row in data(await acme.get(path))}
        assert (await globex.get(f"{path}/{ours}")).status_code == 404
    assert field(await book(globex, "10:00", "10:30", DRIVES)) == "schedule_uuid"
    assert (await globex.post(f"{REQUESTS}/{PENDING}/approve")).status_code == 404
    assert (await globex.delete(f"{TYPES}/{VIDEO}")).status_code == 404


async def test_a_reading_token_looks_but_does_not_book(readonly):
    assert await starts(readonly)
    answer = await book(readonly, "10:00", "10:30")
    assert (answer.status_code, answer.json()["error"]["code"]) == (403, "INSUFFICIENT_PERMISSIONS")
