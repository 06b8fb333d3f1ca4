"""How an agent behaves in calls: groups of settings, each changed member by member."""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

from toolpress.contract import JsonObject
from toolpress_sandbox.calls import Call
from toolpress_sandbox.mihu.answers import done, refused
from toolpress_sandbox.records import Records
from toolpress_sandbox.replies import Reply

GROUPS = ("interaction", "interruption", "voice_profile", "call_behavior")
"""Those that have a tool of their own."""
_RANGES = {"stability": (0, 1), "similarity": (0, 1), "style": (0, 1), "speed": (0.5, 2)}


def get_agent_voice_settings(call: Call) -> Reply:
    agent = call.records.get("agents", call.arguments["uuid"])
    settings = {"uuid": agent["agent_uuid"], **agent["settings"]["voice"]}
    return done("Voice settings retrieved successfully", settings)


def change(call: Call) -> Reply:
    """The operation's `group`, with what was sent put over it."""
    agent = call.records.get("agents", call.arguments["uuid"])
    group = str(call.operation.behaviour["group"])
    settings: JsonObject = agent["settings"]
    voice = settings["voice"]
    joined = _joined(_shape(call.records)["voice"][group], voice[group], call.changes(), "")
    joined = _checked(call.records, group, joined, "")
    call.records.update("agents", agent["agent_uuid"], {"settings": {**settings, "voice": {**voice, group: joined}}})
    return done(str(call.operation.behaviour["said"]), joined)


def fresh(records: Records, name: str, company: str | None, language: str) -> JsonObject:
    """The settings of a new agent: it greets with its name and speaks its language."""
    settings = copy.deepcopy(_shape(records))
    greeting = f"Hello, this is {name} of {company}." if company else f"Hello, this is {name}."
    settings["voice"]["interaction"].update(inbound_first_message=greeting, outbound_first_message=greeting)
    settings["voice"]["voice_profile"]["language"] = language
    return settings


def merged(records: Records, settings: JsonObject, given: JsonObject) -> JsonObject:
    """The settings with those given put over them, member by member."""
    joined = _joined(_shape(records), settings, given, "settings.")
    voice = joined["voice"]
    checked = {group: _checked(records, group, voice[group], f"settings.voice.{group}.") for group in voice}
    return {**joined, "voice": checked}


def _shape(records: Records) -> JsonObject:
    """All settings with their defaults: they tell which members there are, and of which kind."""
    shape: JsonObject = records.collection("agents").defaults["settings"]
    return shape


def _joined(shape: JsonObject, old: JsonObject, given: JsonObject, at: str) -> JsonObject:
    joined = dict(old)
    for name, value in given.items():
        if not shape:  # a group that takes any member
            joined[name] = value
        elif name not in shape:
            raise refused(f"{at}{name}", "is not a known setting")
        elif _kind(value) is not _kind(shape[name]):
            raise refused(f"{at}{name}", "is of the wrong kind")
        elif isinstance(value, dict):
            joined[name] = _joined(shape[name], old[name], value, f"{at}{name}.")
        else:
            joined[name] = value
    return joined


def _kind(value: Any) -> type:
    return float if type(value) is int else type(value)


def _checked(records: Records, group: str, settings: JsonObject, at: str) -> JsonObject:
    return _CHECKS[group](records, settings, at) if group in _CHECKS else settings


def _interruption(_: Records, settings: JsonObject, at: str) -> JsonObject:
    advanced = settings["advanced"]
    if advanced["min_endpointing_delay"] > advanced["max_endpointing_delay"]:
        raise refused(f"{at}advanced.min_endpointing_delay", "must not be above max_endpointing_delay")
    return settings


def _voice_profile(records: Records, settings: JsonObject, at: str) -> JsonObject:
    voice = records.find("voices", settings["voice_uuid"])
    if voice is None:
        raise refused(f"{at}voice_uuid", "is not a voice of this workspace")
    return {**settings, "voice_name": voice["voice_name"]}


def _voice_advanced(_: Records, settings: JsonObject, at: str) -> JsonObject:
    for name, (least, most) in _RANGES.items():
        if not least <= settings[name] <= most:
            raise refused(f"{at}{name}", f"must be from {least} to {most}")
    return settings


_CHECKS: Mapping[str, Callable[[Records, JsonObject, str], JsonObject]] = MappingProxyType(
    {"interruption": _interruption, "voice_profile": _voice_profile, "voice_advanced": _voice_advanced}
)
