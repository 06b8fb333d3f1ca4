"""What is open and what is free, on clocks that change."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.sandbox.mihu.answers import data, field
from tests.sandbox.mihu.bookings import BAY, DRIVES, SCHEDULES, THURSDAY, TREATMENT, book, starts
from toolpress_sandbox.mihu.moments import zone
from toolpress_sandbox.mihu.slots import Calendar, Span, free, is_open, opening


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
