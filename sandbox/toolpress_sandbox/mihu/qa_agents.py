"""QA agents: scorecards of skills whose weights add up to 100."""

from __future__ import annotations

import copy
from typing import Any

from toolpress.contract import JsonObject
from toolpress_sandbox.calls import Call
from toolpress_sandbox.mihu import judges
from toolpress_sandbox.mihu.answers import done, refused
from toolpress_sandbox.replies import Reply

QA_AGENTS = "qa_agents"
_WHOLE = 100
_SKILL: JsonObject = {
    "description": "",
    "max_score": 10,
    "ai_evaluation_prompt": "",
    "positive_items": [],
    "penalty_items": [],
    "is_custom": True,
}


def list_qa_agents(call: Call) -> Reply:
    return judges.listing(call, QA_AGENTS, _shown)


def get_qa_agent(call: Call) -> Reply:
    row = call.records.get(QA_AGENTS, call.arguments["uuid"])
    return done("QA agent retrieved successfully", _shown(row))


def create_qa_agent(call: Call) -> Reply:
    """Without skills with the standard ones."""
    standard = [{**skill, "is_custom": False} for skill in call.settings["standard_skills"]]
    skills = _scorecard(call, call.arguments.get("skills", standard), [])
    row = judges.insert(call.records, QA_AGENTS, {**call.arguments, "skills": skills})
    return done("QA agent created successfully", _shown(row))


def update_qa_agent(call: Call) -> Reply:
    return _changed(call, "QA agent updated successfully")


def replace_qa_agent_skills(call: Call) -> Reply:
    return _changed(call, "Skills replaced successfully")


def delete_qa_agent(call: Call) -> Reply:
    return judges.delete(call, QA_AGENTS)


def _changed(call: Call, said: str) -> Reply:
    row = call.records.get(QA_AGENTS, call.arguments["uuid"])
    changes = call.changes()
    if "skills" in changes:
        changes["skills"] = _scorecard(call, changes["skills"], row["skills"])
    return done(said, _shown(judges.update(call.records, QA_AGENTS, row["uuid"], changes)))


def _scorecard(call: Call, given: list[JsonObject], known: list[JsonObject]) -> list[JsonObject]:
    """The skills given, in order: those with a uuid go on from the known one, the others are new."""
    if not _is_whole(given):
        raise refused("skills", f"must have weights that add up to {_WHOLE}")
    left: dict[Any, JsonObject] = {skill["uuid"]: skill for skill in known}
    skills = []
    for order, skill in enumerate(given):
        base = left.pop(skill["uuid"], None) if "uuid" in skill else {"uuid": call.records.new_id(), **_SKILL}
        if base is None:
            raise refused(f"skills.{order}.uuid", "is not a skill of this QA agent, or is given twice")
        skills.append({**copy.deepcopy(base), **skill, "order": order})
    return skills


def _weight(skills: list[JsonObject]) -> float:
    return round(sum(float(skill["weight"]) for skill in skills), 2)


def _is_whole(skills: list[JsonObject]) -> bool:
    return _weight(skills) == _WHOLE


def _shown(row: JsonObject) -> JsonObject:
    skills = row["skills"]
    return {**judges.timed(row), "total_weight": _weight(skills), "weights_balanced": _is_whole(skills)}
