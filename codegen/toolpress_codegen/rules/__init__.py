"""All lint rules, as one list."""

from __future__ import annotations

from toolpress_codegen.rules import beside_tools, callers, examples, hints, names, reading, requests, schemas, text
from toolpress_codegen.rules.rule import Rule

RULES: tuple[Rule, ...] = (
    *reading.RULES,
    *names.RULES,
    *hints.RULES,
    *schemas.RULES,
    *examples.RULES,
    *requests.RULES,
    *callers.RULES,
    *text.RULES,
    *beside_tools.RULES,
)
