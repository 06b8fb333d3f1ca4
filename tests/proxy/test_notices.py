"""Lines on stderr: whole, at once, and without secrets; and the words with which a run ends."""

from __future__ import annotations

import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from toolpress.proxy.failures import Failure, Kind
from toolpress.proxy.notices import Notices, masked
from toolpress.proxy.settings import Words, anywhere
from toolpress.proxy.verdicts import ended, not_started

KEY = "zhn_live_0123456789abcdef"


def printed(*texts: str, secrets: tuple[str, ...] = (KEY,)) -> str:
    stream = io.StringIO()
    say = Notices(secrets, stream)
    for text in texts:
        say(text)
    return stream.getvalue()


def test_each_line_says_who_speaks() -> None:
    assert printed("one\ntwo\n\n", "three") == "".join(f"toolpress proxy: {word}\n" for word in ("one", "two", "three"))


def test_a_secret_is_three_dots_and_its_last_six_characters() -> None:
    assert printed(f"refused: {KEY}!") == "toolpress proxy: refused: ...abcdef!\n"
    assert masked(KEY) == "...abcdef"


@pytest.mark.parametrize("short", ["a", "secret!", "123456789012345"])
def test_little_of_a_short_secret_is_no_use_to_anybody(short: str) -> None:
    assert masked(short) == "..."


def test_longer_secrets_go_first() -> None:
    assert printed(f"Bearer {KEY}", secrets=(KEY, f"Bearer {KEY}")) == "toolpress proxy: ...abcdef\n"


def test_a_server_cannot_draw_on_the_terminal() -> None:
    assert printed("red \x1b[31mhello\x07\r") == "toolpress proxy: red  [31mhello \n"


@given(st.text(), st.text())
def test_no_line_ever_holds_the_secret(before: str, after: str) -> None:
    assert KEY not in printed(f"{before}{KEY}{after}")


def test_a_closed_stderr_is_no_reason_to_end() -> None:
    stream = io.StringIO()
    say = Notices((), stream)
    stream.close()
    say("nobody reads this")


SETTINGS = anywhere(Words(url="https://me:pw@tools.example.com/mcp?k=v"), {})


@pytest.mark.parametrize(
    ("failure", "advice"),
    [
        (Failure(Kind.AUTH, "no", status=401), "the header that carries the key"),
        (Failure(Kind.PROTOCOL, "no"), "upgrade toolpress"),
        (Failure(Kind.CONNECTION, "no"), "Check the network and the address (--url)"),
        (Failure(Kind.TIMEOUT, "no"), "there is no MCP server there"),
        (Failure(Kind.CONNECTION, "no", status=404), "there is no MCP server there"),
        (Failure(Kind.OTHER, "no", status=405), "most end in /mcp"),
    ],
)
def test_a_failed_start_says_what_to_check(failure: Failure, advice: str) -> None:
    text = not_started(failure, SETTINGS)
    assert text.startswith("cannot connect to https://tools.example.com/mcp: no. ")
    assert advice in text


@pytest.mark.parametrize(
    ("kind", "advice"), [(Kind.AUTH, "update"), (Kind.PROTOCOL, "upgrade"), (Kind.CONNECTION, "attempts to reconnect")]
)
def test_an_end_says_what_to_do(kind: Kind, advice: str) -> None:
    assert advice in ended(Failure(kind, "it is over."), SETTINGS)
    assert "over. " in ended(Failure(kind, "it is over."), SETTINGS)
