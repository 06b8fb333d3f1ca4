"""Which regular expressions every engine reads alike."""

from __future__ import annotations

import pytest

from toolpress_codegen.rules.patterns import unportable

PORTABLE = (
    *("", "é漢", "^a+$", "^(?:a|b)*?$", "[a-z]{2,3}", r"\d\s\w\.", r"^\\A$", r"\\1", r"\+\+", r"a\+{2}", r"\(?!x"),
    *("[(?=]", r"[\]+*]+", r"[^\]]", r"[a\[\-&~]", r"\[]", r"\[^]"),
)
REFUSED = {
    "(?=a)": "uses lookaround",
    "(?!a)": "uses lookaround",
    "(?<=a)b": "uses lookaround",
    "(?<!a)b": "uses lookaround",
    "[a](?=b)": "uses lookaround",
    r"\\(?=b)": "uses lookaround",
    "(?P<x>a)": "uses a named group",
    "(?i)a": "uses a flag or special group",
    "(?s:a)": "uses a flag or special group",
    "(?>a)": "uses a flag or special group",
    "(?#a)": "uses a flag or special group",
    r"(a)\1": "uses a backreference",
    r"\Aa": "uses an anchor that engines read differently",
    r"a\Z": "uses an anchor that engines read differently",
    r"\ba": "uses an anchor that engines read differently",
    "a++": "uses a possessive quantifier",
    "a{2}+": "uses a possessive quantifier",
    **dict.fromkeys(
        ("[]a]", r"\\[^]]", "[a[]", "[[a]]", "[[:alpha:]]", "[a&&b]", "[+--]", "[a~~b]"),
        "has a class that engines read differently: ",
    ),
    "(a": "does not compile: ",
    "[a": "does not compile: ",
    "*": "does not compile: ",
    "a{1,99999999999}": "does not compile: ",
    "(" * 5000 + ")" * 5000: "does not compile: ",
    r"^[\uD800]$": "is refused by generated models: ",
    "((a{999}){999}){999}": "is refused by generated models: ",
}


@pytest.mark.parametrize("pattern", PORTABLE)
def test_plain_pattern_is_portable(pattern: str) -> None:
    assert unportable(pattern) is None


@pytest.mark.parametrize("pattern", REFUSED, ids=lambda pattern: pattern[:20])
def test_pattern_of_one_engine_is_refused(pattern: str) -> None:
    assert (unportable(pattern) or "").startswith(REFUSED[pattern])
