"""How an agent behaves in calls, and into which schedules it books."""

from __future__ import annotations

import pytest

from tests.sandbox.mihu.agent_ids import AGENTS, SALES, TEST_DRIVES, UNKNOWN, agent_of
from tests.sandbox.mihu.answers import data, field


async def test_a_group_of_voice_settings_is_changed_member_by_member(acme):
    before = data(await acme.get(f"{AGENTS}/{SALES}/voice"))
    assert before.pop("uuid") == SALES
    said = await acme.patch(f"{AGENTS}/{SALES}/interaction", json={"end_call_message": "Bye."})
    assert said.json()["message"] == "Interaction settings updated successfully"
    assert data(said) == {**before["interaction"], "end_call_message": "Bye."}
    after = data(await acme.get(f"{AGENTS}/{SALES}/voice"))
    assert {name for name in before if before[name] != after[name]} == {"interaction"}
    assert (await agent_of(acme))["settings"]["voice"]["interaction"]["end_call_message"] == "Bye."


async def test_the_longest_wait_is_never_below_the_shortest(acme):
    path = f"{AGENTS}/{SALES}/interruption"
    below = {"advanced": {"max_endpointing_delay": 0.1}}
    assert field(await acme.patch(path, json=below)) == "advanced.min_endpointing_delay"
    changed = data(await acme.patch(path, json={"advanced": {"min_endpointing_delay": 1}}))
    assert (changed["mode"], changed["advanced"]["max_endpointing_delay"]) == ("advance", 1)


async def test_a_voice_brings_its_name(acme):
    path = f"{AGENTS}/{SALES}/voice-profile"
    voice = "a9000000-0000-4000-8000-000000000002"
    assert data(await acme.patch(path, json={"voice_uuid": voice})) == {
        "language": "en",
        "voice_uuid": voice,
        "voice_name": "Warm Host",
    }
    assert field(await acme.patch(path, json={"voice_uuid": UNKNOWN})) == "voice_uuid"


async def test_settings_in_a_change_are_put_over_the_old_ones(acme):
    path = f"{AGENTS}/{SALES}"
    before = (await agent_of(acme))["settings"]["voice"]
    deep = {"voice": {"interruption": {"advanced": {"min_interruption_words": 3}}}}
    after = data(await acme.patch(path, json={"settings": deep}))["settings"]["voice"]
    assert after["interruption"]["advanced"] == {**before["interruption"]["advanced"], "min_interruption_words": 3}
    assert {name for name in before if before[name] != after[name]} == {"interruption"}


@pytest.mark.parametrize(
    ("group", "settings", "member"),
    [
        ("interaction", {"greeting": "Hello."}, "greeting"),
        ("interaction", {"max_silence_prompts": "often"}, "max_silence_prompts"),
        ("call_behavior", {"audio_recording": 1}, "audio_recording"),
        ("interruption", {"advanced": True}, "advanced"),
        ("interruption", {"advanced": {"min_interruption_words": -1}}, "advanced.min_interruption_words"),
        ("voice_profile", {"language": "english"}, "language"),
        ("call_behavior", {"background_sound_volume": 3}, "background_sound_volume"),
        ("voice_advanced", {"speed": 9}, "speed"),
        ("voice_advanced", {"speaker_boost": "yes"}, "speaker_boost"),
        ("compliance", {"eu_gdpr": True}, "eu_gdpr"),
    ],
)
async def test_settings_that_do_not_exist_or_are_of_another_kind_are_refused(acme, group, settings, member):
    body = {"settings": {"voice": {group: settings}}}
    assert field(await acme.patch(f"{AGENTS}/{SALES}", json=body)) == f"settings.voice.{group}.{member}"


async def test_free_groups_take_any_member_and_keep_those_they_have(acme):
    for name in ("outbound_numbers", "outbound_dates"):
        body = {"settings": {"voice": {"normalizers": {name: True}}, "text": {name: 1}}}
        kept = data(await acme.patch(f"{AGENTS}/{SALES}", json=body))["settings"]
    assert kept["voice"]["normalizers"] == {"outbound_numbers": True, "outbound_dates": True}
    assert kept["text"] == {"outbound_numbers": 1, "outbound_dates": 1}


async def test_booking_settings_are_replaced_as_a_whole(acme):
    path = f"{AGENTS}/{SALES}/appointments"
    body = {"enabled": True, "random_assignment": True, "schedule_assignments": [{"schedule_uuid": TEST_DRIVES}]}
    answer = await acme.put(path, json=body)
    assert set(answer.json()) == {"data"}
    agent = data(answer)
    assert agent["appointment_scheduling_enabled"] is agent["appointment_scheduling_randomly"] is True
    assert agent["appointments"]["schedule_assignments"][0]["slot_rules"] == {}
    emptied = data(await acme.put(path, json={}))
    assert emptied["appointments"] == {"enabled": False, "random_assignment": False, "schedule_assignments": []}
    assert emptied["appointment_scheduling_enabled"] is False


async def test_an_agent_books_into_schedules_that_exist_and_into_each_once(acme):
    path = f"{AGENTS}/{SALES}/appointments"
    for uuids_given, index in (([UNKNOWN], 0), ([TEST_DRIVES, TEST_DRIVES], 1)):
        body = {"enabled": True, "schedule_assignments": [{"schedule_uuid": uuid} for uuid in uuids_given]}
        assert field(await acme.put(path, json=body)) == f"schedule_assignments.{index}.schedule_uuid"


async def test_the_two_places_that_switch_booking_agree(acme):
    off = data(await acme.patch(f"{AGENTS}/{SALES}", json={"appointment_scheduling_enabled": False}))
    assert off["appointments"]["enabled"] is False
    assert off["appointments"]["schedule_assignments"]
    on = data(await acme.patch(f"{AGENTS}/{SALES}", json={"appointments": {"enabled": True}}))
    assert on["appointment_scheduling_enabled"] is True
    assert on["appointments"]["schedule_assignments"] == []
