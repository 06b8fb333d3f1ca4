"""Regular expressions that Python, JavaScript and the engine of generated models read alike."""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterator

from pydantic_core import SchemaError, SchemaValidator, core_schema

from toolpress_codegen.rules.rule import Finding, Site

_REFUSED = (
    (re.compile(r"\(\?<?[=!]"), "lookaround"),
    (re.compile(r"\(\?P?[<']"), "a named group"),
    (re.compile(r"\(\?(?!:)"), "a flag or special group"),
    (re.compile(r"\\[1-9]"), "a backreference"),
    (re.compile(r"\\[AZzGbB]"), "an anchor that engines read differently"),
    (re.compile(r"[*+?}]\+"), "a possessive quantifier"),
)
_CLASS = re.compile(r"(?<!\\)((?:\\\\)*)\[\^?\]?(?:\\.|[^\]\\])*\]")
_ODD_CLASS = re.compile(r"^\[\^?\]|.\[|&&|--|~~")
_LITERAL = re.compile(r"\\[^A-Za-z0-9]")


def unportable(pattern: str) -> str | None:
    """What is wrong with `pattern`, or None."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            re.compile(pattern)
        except (re.error, OverflowError, RecursionError) as error:
            return f"does not compile: {error}"
    if any(_ODD_CLASS.search(_LITERAL.sub("_", found[0][len(found[1]) :])) for found in _CLASS.finditer(pattern)):
        return "has a class that engines read differently: escape [, ], - and & in it"
    bare = _LITERAL.sub("_", _CLASS.sub(r"\1_", pattern))
    for refused, name in _REFUSED:
        if refused.search(bare):
            return f"uses {name}"
    try:
        SchemaValidator(core_schema.str_schema(pattern=pattern))
    except SchemaError as error:
        return f"is refused by generated models: {error}"
    return None


def pattern_portable(site: Site) -> Iterator[Finding]:
    for part in site.parts:
        pattern = part.schema.get("pattern")
        if not isinstance(pattern, str):
            continue
        problem = unportable(pattern)
        if problem:
            hint = "use plain groups, classes and quantifiers between ^ and $"
            yield site.finding((*part.path, "pattern"), f"the pattern of {part.title} {problem}", hint)
