"""What a QA agent makes of a conversation, and a coaching agent of that: read from the words by a few fixed rules.

An item of a skill counts as heard when a longer word of its name stands in what the agent said. A skill without
positive items has full points to begin with, one with them has a little over half.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from toolpress.contract import JsonObject

_BEGINS_WITH = 0.6
_LONG_WORD = re.compile(r"[^\W\d_]{4,}")
_SURE, _UNSURE = 90, 50


def evaluate(qa_agent: JsonObject, spoken: Iterable[str]) -> JsonObject:
    """The report of a QA agent on what the human or AI agent said.

    `score` is a percentage by weight. It passes when it reaches the strictness level and grave mistakes are fewer than
    the auto-fail threshold; it is applied when the confidence reaches its threshold.
    """
    heard = " ".join(spoken).casefold()
    skills = [_scored(skill, heard) for skill in qa_agent["skills"]]
    score = round(sum(skill["weight"] * skill["score"] / skill["max_score"] for skill in skills), 1)
    grave = sum(skill.pop("grave") for skill in skills)
    failed = grave >= max(1, qa_agent["auto_fail_threshold"])
    confidence = _SURE if heard else _UNSURE
    return {
        "qa_agent_uuid": qa_agent["uuid"],
        "score": score,
        "passed": not failed and score >= qa_agent["strictness_level"],
        "auto_failed": failed,
        "confidence": confidence,
        "is_applied": confidence >= qa_agent["confidence_threshold"],
        "skills": skills,
    }


def coach(coaching_agent: JsonObject, report: JsonObject) -> JsonObject | None:
    """Feedback on the weakest skill, with material on it; None when the score needs none."""
    if report["score"] >= coaching_agent["auto_trigger_threshold"]:
        return None
    weakest = min(report["skills"], key=lambda skill: skill["score"] / skill["max_score"])
    templates = coaching_agent["coaching_templates"]
    text = templates[0].get("template", "") if templates else "{score} percent; look at {skill} first."
    topic = weakest["name"].casefold()
    resources = [item for item in coaching_agent["resource_library"] if topic in item.get("topics", "").casefold()]
    return {
        "coaching_agent_uuid": coaching_agent["uuid"],
        "tone": coaching_agent["coaching_tone"],
        "skill": weakest["name"],
        "message": text.replace("{score}", f"{report['score']:g}").replace("{skill}", weakest["name"]),
        "resources": resources if coaching_agent["include_resources"] else [],
    }


def _scored(skill: JsonObject, heard: str) -> JsonObject:
    most, praised = skill["max_score"], skill["positive_items"]
    good = [item for item in praised if _is_heard(item, heard)]
    bad = [item for item in skill["penalty_items"] if _is_heard(item, heard)]
    points = (_BEGINS_WITH * most if praised else most) + sum(item.get("points", 0) for item in good)
    points += sum(item.get("penalty_points", 0) for item in bad)
    return {
        "uuid": skill["uuid"],
        "name": skill["name"],
        "weight": skill["weight"],
        "score": round(min(max(points, 0), most), 1),
        "max_score": most,
        "found": [item["name"] for item in (*good, *bad)],
        "grave": sum(bool(item.get("is_auto_fail")) for item in bad),
    }


def _is_heard(item: JsonObject, heard: str) -> bool:
    return any(word in heard for word in _LONG_WORD.findall(item.get("name", "").casefold()))
