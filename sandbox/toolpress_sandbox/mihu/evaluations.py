"""What the automatic evaluation finds in a session, read from the contact's words by a few rules."""

from __future__ import annotations

from toolpress.contract import JsonObject
from toolpress_sandbox.mihu.evaluate import in_force
from toolpress_sandbox.mihu.filters import oldest_first
from toolpress_sandbox.mihu.parties import VOICE
from toolpress_sandbox.records import Records

METRICS = {
    "sentiment": "sentiment_analyzer",
    "emotion": "emotion_detection",
    "sentiment_strength": "intensity_strength_levels",
    "intent": "intent_action_sentiment",
    "intent_labels": "intent_labels",
    "knowledge_gap": "knowledge_gap",
    "human_escalation": "human_escalation_detection",
    "contextual_sentiment": "contextual_sentiment",
    "satisfaction": "customer_satisfaction_score",
    "success": "success_evaluation_prompt",
}
"""Each result with the setting that makes it; a setting that is off gives null."""

_MOODS = {
    "Negative": ("angry", "complain", "refund", "disappointed", "stop calling"),
    "Positive": ("thank", "great", "good", "perfect", "gladly"),
}
_BOOKING = ("appointment", "book", "test drive", "morning", "afternoon", "tomorrow")
_EMOTIONS = {"Positive": "content", "Neutral": "calm", "Negative": "annoyed"}
_STARS = {"Positive": "5", "Neutral": "3", "Negative": "1"}


def judge(records: Records, session: JsonObject, at: str) -> JsonObject:
    """Evaluate a session, in place of an evaluation that it had."""
    wanted = in_force(records, session["agent_uuid"])["voice" if session["channel"] in VOICE else "text"]
    found = _found(records, session)
    results = {name: found[name] if wanted[setting]["enabled"] else None for name, setting in METRICS.items()}
    records.update("sessions", session["uuid"], {"evaluated_at": at, "updated_at": at})
    before = of_session(records, session["uuid"])
    if before:
        return records.update("evaluations", before["uuid"], {**results, "updated_at": at})
    links = {name: session[name] for name in ("conversation_uuid", "contact_uuid", "agent_uuid")}
    return records.insert("evaluations", {"session_uuid": session["uuid"], **links, **results, "created_at": at})


def of_session(records: Records, session_uuid: str) -> JsonObject | None:
    rows = records.all("evaluations", session_uuid=session_uuid)
    return rows[0] if rows else None


def _found(records: Records, session: JsonObject) -> JsonObject:
    rows = oldest_first(records.all("messages", session_uuid=session["uuid"]))
    heard = " ".join(row["content"] for row in rows if row["sender"] == "Contact").casefold()
    mood = next((mood for mood, words in _MOODS.items() if any(word in heard for word in words)), "Neutral")
    books = any(word in heard for word in _BOOKING)
    conversation = records.get("conversations", session["conversation_uuid"])
    by_hand = conversation["responded_by"] == "Human" or any(row["sender"] == "Human" for row in rows)
    escalated = bool(session["agent_uuid"]) and by_hand
    values = {
        "sentiment": mood,
        "emotion": _EMOTIONS[mood],
        "sentiment_strength": "Low" if mood == "Neutral" else "Medium",
        "intent": "Book an appointment" if books else "Ask a question",
        "intent_labels": "appointment" if books else "question",
        "knowledge_gap": "No",
        "human_escalation": "Yes" if escalated else "No",
        "contextual_sentiment": mood,
        "satisfaction": _STARS[mood],
        "success": "Yes" if heard and mood != "Negative" else "No",
    }
    confidence = 90 if heard else 50
    reason = "Judged by what the contact said." if heard else "The contact said nothing in this session."
    return {name: {"value": value, "confidence": confidence, "reason": reason} for name, value in values.items()}
