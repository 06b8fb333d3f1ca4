"""Schedules, slots, appointments and requests: what is open, what is free, and who may have it."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.sandbox.mihu.answers import data, field
from toolpress_sandbox.mihu.slots import Calendar, Span, free, is_open, opening, zone

API = "/api/v1"
TYPES, SCHEDULES, APPOINTMENTS = f"{API}/availability-types", f"{API}/schedules", f"{API}/appointments"
REQUESTS = f"{API}/appointment-requests"
VISIT, WORKSHOP, VIDEO = (f"e3000000-0000-4000-8000-00000000000{n}" for n in (1, 2, 3))
DRIVES, BAY, SHOWROOM = (f"e0000000-0000-4000-8000-00000000000{n}" for n in (1, 2, 3))
TREATMENT = "e0000000-0000-4000-8000-000000000081"
"""The schedule of globex, in Europe/Berlin."""
ELIF, ANNA = "c0000000-0000-4000-8000-000000000001", "c0000000-0000-4000-8000-000000000003"
PENDING, APPROVED, REJECTED, CANCELLED = (f"e2000000-0000-4000-8000-00000000000{n}" for n in (1, 2, 3, 4))
UNKNOWN = "ffffffff-ffff-4fff-8fff-ffffffffffff"
THURSDAY = "2026-03-12"
"""A day on which the schedule of the test drives has one appointment, pending, at 15:00 in Istanbul."""


async def starts(client, schedule=DRIVES, first=THURSDAY, **more):
    """When the free slots begin, as clock times of the answer."""
    answer = await client.get(f"{SCHEDULES}/{schedule}/available-slots", params={"start_date": first, **more})
    return [slot["start_time"][11:16] for slot in data(answer)]


async def book(client, start, end, schedule=DRIVES, day=THURSDAY, zone="+03:00", **more):
    return await client.post(
        APPOINTMENTS,
        json={
            "schedule_uuid": schedule,
            "title": "Test drive",
            "start_time": f"{day}T{start}:00{zone}",
            "end_time": f"{day}T{end}:00{zone}",
            **more,
        },
    )


async def ask(client, **more):
    return await client.post(
        REQUESTS,
        json={"schedule_uuid": DRIVES, "title": "Test drive", "start_time": f"{THURSDAY}T10:00:00+03:00", **more},
    )


# Free times


async def test_slots_fill_the_opening_hours_except_what_is_booked(acme):
    free_times = await starts(acme)
    half_hours = [f"{hour:02}:{minute}" for hour in range(9, 17) for minute in ("00", "30")]
    assert free_times == [text for text in half_hours if text != "15:00"]


async def test_the_slots_that_are_left_of_today_can_be_booked(acme, clock):
    assert await starts(acme, first="2026-03-10") == ["15:00", "15:30", "16:00", "16:30"]
    assert (await book(acme, "15:00", "15:30", day="2026-03-10")).status_code == 201
    clock.advance(1)
    assert field(await book(acme, "15:00", "15:30", day="2026-03-10")) == "start_time"
    clock.advance(1800)
    assert await starts(acme, first="2026-03-10") == ["16:00", "16:30"]


async def test_there_are_no_slots_at_the_weekend_on_days_off_and_in_the_past(acme):
    for day in ("2026-03-14", "2026-03-15", "2026-03-19", "2026-03-20", "2026-03-09"):
        assert await starts(acme, first=day) == []


async def test_slots_of_several_days_end_with_the_last_day(acme):
    answer = await acme.get(
        f"{SCHEDULES}/{DRIVES}/available-slots", params={"start_date": "2026-03-16", "end_date": "2026-03-23"}
    )
    days = {slot["start_time"][:10] for slot in data(answer)}
    assert days == {f"2026-03-{day}" for day in (16, 17, 18, 23)}


async def test_a_gap_follows_each_slot_and_lunch_is_kept_free(acme):
    assert await starts(acme, BAY) == ["08:30", "09:45", "11:00", "13:00", "14:15", "15:30"]
    assert await starts(acme, BAY, duration_minutes=120) == ["08:30", "13:00", "15:15"]


async def test_slots_are_told_on_the_clock_that_is_asked_for(acme):
    assert (await starts(acme, timezone="Europe/Berlin"))[:2] == ["07:00", "07:30"]
    answer = await acme.get(
        f"{SCHEDULES}/{DRIVES}/available-slots", params={"start_date": THURSDAY, "timezone": "Asia/Tokyo"}
    )
    assert {slot["start_time"][10:] for slot in data(answer)} >= {"T15:00:00+09:00", "T22:30:00+09:00"}


@pytest.mark.parametrize(
    ("query", "named"),
    [
        ({"start_date": THURSDAY, "end_date": "2026-03-11"}, "end_date"),
        ({"start_date": THURSDAY, "end_date": "2027-03-12"}, "end_date"),
        ({"start_date": THURSDAY, "timezone": "Mars/Olympus"}, "timezone"),
        ({"start_date": "9999-12-31"}, "start_date"),
        ({"start_date": "2026-02-30"}, "start_date"),
        ({}, "start_date"),
    ],
)
async def test_a_range_that_makes_no_sense_is_refused(acme, query, named):
    assert field(await acme.get(f"{SCHEDULES}/{DRIVES}/available-slots", params=query)) == named


async def test_the_same_clock_time_is_another_moment_after_the_clocks_change(globex):
    answer = await globex.get(
        f"{SCHEDULES}/{TREATMENT}/available-slots", params={"start_date": "2026-03-27", "end_date": "2026-03-30"}
    )
    firsts = [slot["start_time"] for slot in data(answer) if "T09:00" in slot["start_time"]]
    assert firsts == ["2026-03-27T09:00:00+01:00", "2026-03-30T09:00:00+02:00"]


BERLIN = ZoneInfo("Europe/Berlin")
NIGHT = Calendar(BERLIN, {day: ((time(1), time(4)),) for day in range(7)}, (), timedelta())


@pytest.mark.parametrize(("day", "hours"), [((2026, 3, 28), 3), ((2026, 3, 29), 2), ((2026, 10, 25), 4)])
def test_a_night_in_which_the_clocks_change_is_shorter_or_longer(day, hours):
    [span] = opening(NIGHT, date(*day))
    assert span.end - span.start == timedelta(hours=hours)
    assert len(list(free(NIGHT, span, timedelta(hours=1), ()))) == hours


def test_the_midnight_that_ends_a_day_is_not_of_it():
    calendar = Calendar(BERLIN, {day: ((time(0), time(1)),) for day in range(7)}, (), timedelta())
    begin = datetime(2026, 3, 12, tzinfo=BERLIN).astimezone(UTC)
    window = Span(begin, begin + timedelta(days=1))
    assert [slot.start for slot in free(calendar, window, timedelta(hours=1), ())] == [begin]


def test_hours_that_follow_each_other_are_one():
    calendar = Calendar(BERLIN, {3: ((time(9), time(12)), (time(12), time(17)))}, (), timedelta())
    over_noon = Span(datetime(2026, 3, 12, 10, 30, tzinfo=UTC), datetime(2026, 3, 12, 11, 30, tzinfo=UTC))
    assert is_open(calendar, over_noon)


@pytest.mark.parametrize("name", ["Europe/Nowhere", "Europe", "", "../etc/passwd", "/etc/localtime"])
def test_what_is_no_time_zone_is_none(name):
    assert zone(name) is None


@settings(deadline=None, max_examples=60)
@given(
    day=st.dates(date(2026, 1, 1), date(2027, 12, 31)),
    name=st.sampled_from(["Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu"]),
    opens=st.integers(0, 12),
    closes=st.integers(13, 23),
    length=st.integers(5, 240),
    gap=st.integers(0, 60),
    busy=st.integers(0, 20),
)
def test_all_slots_together_can_be_booked(day, name, opens, closes, length, gap, busy):
    hours = {number: ((time(opens), time(closes)),) for number in range(7)}
    calendar = Calendar(ZoneInfo(name), hours, (), timedelta(minutes=gap))
    begin = datetime.combine(day, time(), UTC)
    taken = [Span(begin + timedelta(hours=busy), begin + timedelta(hours=busy + 1))]
    found = list(free(calendar, Span(begin, begin + timedelta(days=2)), timedelta(minutes=length), taken))
    assert all(is_open(calendar, slot) for slot in found)
    assert all(slot.end - slot.start == timedelta(minutes=length) for slot in found)
    assert not any(slot.touches(taken[0], calendar.gap) for slot in found)
    assert not any(one.touches(next_one, calendar.gap) for one, next_one in pairwise(found))


# Booking


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


# Schedules


async def test_new_hours_decide_what_can_be_booked(acme):
    path = f"{SCHEDULES}/{DRIVES}/working-hours"
    days = [
        {"day": "thursday", "intervals": [{"start": "14:00", "end": "16:00"}, {"start": "09:00", "end": "10:00"}]},
        {"day": "friday", "enabled": False, "intervals": [{"start": "09:00", "end": "10:00"}]},
    ]
    week = data(await acme.put(path, json={"days": days}))
    assert data(await acme.get(path)) == week
    assert week["timezone"] == "Europe/Istanbul"
    assert [day["day"] for day in week["days"] if day["enabled"]] == ["thursday"]
    assert await starts(acme) == ["09:00", "09:30", "14:00", "14:30", "15:30"]
    assert await starts(acme, first="2026-03-13") == []
    assert field(await book(acme, "11:00", "11:30")) == "start_time"

    data(await acme.put(path, json={"timezone": "Europe/Berlin", "days": days}))
    assert (await starts(acme))[0] == "09:00"
    assert (await starts(acme, timezone="Europe/Istanbul"))[0] == "11:00"


@pytest.mark.parametrize(
    ("body", "named"),
    [
        ({"days": [{"day": "monday", "intervals": [{"start": "17:00", "end": "09:00"}]}]}, "days.0.intervals"),
        (
            {
                "days": [
                    {
                        "day": "monday",
                        "intervals": [{"start": s, "end": e} for s, e in (("09:00", "12:00"), ("11:00", "13:00"))],
                    }
                ]
            },
            "days.0.intervals",
        ),
        ({"days": [{"day": "monday"}, {"day": "monday"}]}, "days.1.day"),
        ({"days": [], "timezone": "Mars/Olympus"}, "timezone"),
        ({"days": [{"day": "funday"}]}, "days.0.day"),
    ],
)
async def test_hours_that_make_no_sense_change_nothing(acme, body, named):
    path = f"{SCHEDULES}/{DRIVES}/working-hours"
    before = data(await acme.get(path))
    assert field(await acme.put(path, json=body)) == named
    assert data(await acme.get(path)) == before


async def test_a_new_schedule_keeps_office_hours_and_asks_its_questions(acme):
    made = data(
        await acme.post(
            SCHEDULES,
            json={
                "name": "Valuation",
                "availability_type_uuid": VIDEO,
                "custom_questions": [{"name": "Mileage", "required": True}],
            },
        ),
        201,
    )
    assert made["type"] == "appointment"
    assert made["custom_questions"] == [{"name": "Mileage", "type": "text", "required": True, "description": None}]
    assert (await starts(acme, made["uuid"]))[:3] == ["09:00", "09:20", "09:40"]
    assert field(await book(acme, "09:00", "09:20", made["uuid"])) == "custom_answers.Mileage"
    assert (await book(acme, "09:00", "09:20", made["uuid"], custom_answers={"Mileage": "40000"})).status_code == 201
    assert made["uuid"] in {
        row["uuid"] for row in data(await acme.get(SCHEDULES, params={"availability_type_uuid": VIDEO}))
    }
    assert (await acme.delete(f"{TYPES}/{VIDEO}")).status_code == 409


async def test_an_update_of_a_schedule_replaces_lists_and_keeps_the_rest(acme):
    path = f"{SCHEDULES}/{DRIVES}"
    before = data(await acme.get(path))
    after = data(await acme.put(path, json={"custom_questions": [], "availability_type_uuid": WORKSHOP}))
    assert after["custom_questions"] == []
    assert after["ai_agents"] == before["ai_agents"]
    assert (await starts(acme))[:2] == ["09:00", "10:15"]


@pytest.mark.parametrize(
    ("body", "named"),
    [
        ({"availability_type_uuid": UNKNOWN}, "availability_type_uuid"),
        ({"ai_agents": [UNKNOWN]}, "ai_agents.0"),
        ({"custom_questions": [{"name": "Model"}, {"name": "Model"}]}, "custom_questions"),
    ],
)
async def test_a_schedule_refers_only_to_what_exists(acme, body, named):
    assert field(await acme.put(f"{SCHEDULES}/{DRIVES}", json=body)) == named
    assert field(await acme.post(SCHEDULES, json={"name": "New", "availability_type_uuid": VISIT, **body})) == named


async def test_a_schedule_is_deleted_when_nothing_lies_ahead(acme, clock):
    path = f"{SCHEDULES}/{DRIVES}"
    assert (await acme.delete(path)).status_code == 409
    clock.advance(timedelta(days=3).total_seconds())
    assert (await acme.delete(path)).status_code == 409
    data(await acme.post(f"{REQUESTS}/{PENDING}/reject"))
    data(await acme.delete(path))
    assert (await acme.get(path)).status_code == 404
    assert (await acme.get(f"{path}/available-slots", params={"start_date": THURSDAY})).status_code == 404
    assert [row["uuid"][-1] for row in data(await acme.get(APPOINTMENTS, params={"schedule_uuid": DRIVES}))] == [
        "3",
        "1",
        "2",
    ]


async def test_a_type_of_another_length_changes_slots_but_no_bookings(acme):
    before = data(await acme.get(APPOINTMENTS))
    data(await acme.put(f"{TYPES}/{VISIT}", json={"duration_minutes": 120}))
    assert await starts(acme) == ["09:00", "11:00", "13:00"]
    assert data(await acme.get(APPOINTMENTS)) == before


async def test_types_are_listed_by_name_and_deleted_when_unused(acme):
    made = data(await acme.post(TYPES, json={"name": "A short one", "duration_minutes": 10}), 201)
    assert made["buffer_minutes"] == 0
    rows = data(await acme.get(TYPES))
    assert [row["name"] for row in rows] == sorted(row["name"] for row in rows)
    assert made in rows
    data(await acme.delete(f"{TYPES}/{made['uuid']}"))
    assert made not in data(await acme.get(TYPES))


# Requests


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


# Tenants and tokens


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
