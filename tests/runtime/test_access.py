"""Keys are read strictly; one decision serves listing and calling."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.runtime.fixture_catalog.catalog import CATALOG
from toolpress.authorize import ALLOWED, BLOCKED, UNKNOWN, Decision, decide
from toolpress.contract import CredentialHeader
from toolpress.credentials import checked, from_environment, from_headers, sending
from toolpress.errors import Unauthenticated
from toolpress.principal import Credential, Principal

RULES = CATALOG.authentication
KEY = "nb_test_a_owner"


@pytest.mark.parametrize(
    ("role", "tool", "decision"),
    [
        ("owner", "list_notes", ALLOWED),
        ("owner", "create_note", ALLOWED),
        ("editor", "list_notes", ALLOWED),
        ("editor", "create_note", BLOCKED),
        ("member", "create_note", BLOCKED),
        ("member", "list_notes", UNKNOWN),
        ("member", "ask_note", ALLOWED),
        ("member", "whoami", ALLOWED),
        ("", "whoami", UNKNOWN),
        ("superuser", "ask_note", BLOCKED),
    ],
)
def test_decisions(role: str, tool: str, decision: Decision) -> None:
    info = next(info for info in CATALOG.tools if info.name == tool)
    assert decide(Principal(role, "t", "f"), info, CATALOG) == decision


def test_a_tool_of_an_undeclared_category_is_nobodys() -> None:
    info = replace(CATALOG.tools[0], category="forgotten")
    assert decide(Principal("owner", "t", "f"), info, CATALOG) == UNKNOWN


@pytest.mark.parametrize(
    "headers",
    [
        [(b"x-api-key", KEY.encode())],
        [(b"X-API-Key", b"  " + KEY.encode() + b" ")],
        [(b"authorization", b"Bearer " + KEY.encode())],
        [(b"authorization", b"bearer   " + KEY.encode())],
        [(b"x-api-key", KEY.encode()), (b"authorization", b"Bearer " + KEY.encode())],
        [(b"x-api-key", KEY.encode()), (b"authorization", b"Basic abc")],
    ],
)
def test_ways_to_send_a_key(headers: list[tuple[bytes, bytes]]) -> None:
    assert from_headers(headers, CATALOG) == Credential(KEY)


@pytest.mark.parametrize(
    ("headers", "code"),
    [
        ([], "MISSING_API_KEY"),
        ([(b"x-api-key", b" ")], "MISSING_API_KEY"),
        ([(b"authorization", b"Basic abc")], "MISSING_API_KEY"),
        ([(b"authorization", b"Bearer ")], "MISSING_API_KEY"),
        ([(b"x-api-key", KEY.encode()), (b"x-api-key", b"nb_test_other")], "INVALID_API_KEY"),
        ([(b"x-api-key", KEY.encode()), (b"authorization", b"Bearer nb_test_other")], "INVALID_API_KEY"),
        ([(b"x-api-key", b"sk_live_1")], "INVALID_API_KEY"),
        ([(b"x-api-key", b"nb_test_\xff")], "INVALID_API_KEY"),
        ([(b"x-api-key", b"nb_test_a b")], "INVALID_API_KEY"),
        ([(b"x-api-key", b"nb_test_" + b"a" * 600)], "INVALID_API_KEY"),
    ],
)
def test_requests_without_a_usable_key(headers: list[tuple[bytes, bytes]], code: str) -> None:
    with pytest.raises(Unauthenticated) as caught:
        from_headers(headers, CATALOG)
    assert caught.value.code == code
    assert "nb_test_other" not in str(caught.value.to_payload())


def test_the_environment() -> None:
    assert from_environment({"NOTEBOOK_API_KEY": f" {KEY}\n"}, CATALOG) == Credential(KEY)
    with pytest.raises(Unauthenticated, match="No API key") as caught:
        from_environment({}, CATALOG)
    assert caught.value.code == "MISSING_API_KEY"
    assert "NOTEBOOK_API_KEY" in str(caught.value.fix)


def test_a_product_without_prefixes_takes_any_printable_key() -> None:
    free = replace(RULES, prefixes=())
    assert checked("anything", free) == "anything"
    with pytest.raises(Unauthenticated, match="malformed"):
        checked("any thing", free)


def test_the_header_sent_upstream() -> None:
    assert sending(KEY, RULES) == ("X-Api-Key", KEY)
    assert sending(KEY, replace(RULES, send=CredentialHeader("Authorization", "Bearer"))) == (
        "Authorization",
        f"Bearer {KEY}",
    )


def test_fingerprints_name_keys_without_telling_them() -> None:
    assert Credential(KEY).fingerprint == Credential(KEY).fingerprint != Credential(f"{KEY}x").fingerprint
    assert len(Credential(KEY).fingerprint) == 16
    assert len({Credential(KEY, tenant).fingerprint for tenant in (None, "a", "b")}) == 3
    assert KEY not in repr(Credential(KEY))
