"""`docs/lint-rules.md`: every rule with its paragraph, printed from the rules themselves."""

from __future__ import annotations

from toolpress_codegen.rules import RULES
from toolpress_codegen.rules.rule import Rule

_HEAD = """\
# Lint rules

`toolpress lint` reads every manifest, reports all faults at once, sorted by place, and ends with code 1 when there is
one. A line is `file:line:column [rule] message -> hint`; `--format github` and `--format json` say the same to
machines. An example of each rule, kept and broken, is in `tests/codegen/rules/<rule>/`.
"""


def rules_page() -> str:
    """Markdown; one heading for each rule id."""
    return "\n".join((_HEAD, *(_section(rule) for rule in RULES)))


def _section(rule: Rule) -> str:
    return f"## {rule.id}\n\n{rule.title}. {rule.docs}\n"
