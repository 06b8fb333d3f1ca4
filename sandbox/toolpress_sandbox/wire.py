"""How a product says what the engine knows: its error bodies, codes, statuses and sentences.

`sandbox.yaml` writes them as templates. A member `$name` takes the value of that name and is left out when there is
none; nothing else is replaced.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from toolpress.contract import JsonObject
from toolpress_sandbox.replies import Refusal

_ERROR: JsonObject = {"success": False, "error": "$message", "code": "$code", "details": "$details"}


@dataclass(frozen=True, slots=True)
class Wire:
    """The words of `wire:` in `sandbox.yaml`.

    `error` may hold $message, $code, $details (an object), $text (details as a sentence) and $field. `codes` renames
    the engine's codes and gives them another status. `messages` are sentences for the engine's verbs, with {label}
    and {labels}. `deleted` is what a delete answers.
    """

    error: JsonObject = field(default_factory=lambda: dict(_ERROR))
    codes: Mapping[str, JsonObject] = field(default_factory=dict)
    messages: Mapping[str, str] = field(default_factory=dict)
    deleted: JsonObject | None = None

    def refusal(self, refusal: Refusal) -> tuple[int, JsonObject]:
        """Status and body of an error answer."""
        said = self.codes.get(refusal.code, {})
        details = refusal.details or {}
        values = {
            "message": str(said.get("message") or refusal.message),
            "code": said.get("code", refusal.code),
            "details": refusal.details or None,
            "text": str(details.get("message") or said.get("text") or refusal.message),
            "field": details.get("field"),
        }
        return int(said.get("status", refusal.status)), _filled(self.error, values)

    def message(self, verb: str, label: str, labels: str) -> JsonObject:
        """The sentence that goes with a verb's answer, as the member of an answer."""
        sentence = self.messages.get(verb)
        return {"message": sentence.format(label=label, labels=labels)} if sentence else {}


def _filled(template: Any, values: Mapping[str, Any]) -> Any:
    if isinstance(template, dict):
        filled = {name: _filled(item, values) for name, item in template.items()}
        return {name: item for name, item in filled.items() if item is not None or template[name] is None}
    if isinstance(template, str) and template.startswith("$"):
        return values.get(template[1:])
    return template
