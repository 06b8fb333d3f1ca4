"""Redirect URIs: which are usable and which match."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from toolpress.oauth.redirects import matches, policy_source, usable, usable_unregistered, with_response

USABLE = [
    "https://app.example/callback",
    "https://app.example",
    "https://app.example:8443/callback?tenant=1&flag",
    "http://localhost:3000/callback",
    "http://localhost/callback",
    "http://127.0.0.1:1/",
    "http://127.8.8.8/cb",
    "http://[::1]:3000/cb",
    "http://app.localhost:3000/cb",
    "cursor://anysphere.cursor-retrieval/oauth/callback",
    "com.example.app:/callback",
    "vscode://vendor.extension/cb?x=1",
]
UNUSABLE = [
    "",
    "callback",
    "/callback",
    "//app.example/callback",
    "http://app.example/callback",
    "http://localhost.evil.example/cb",
    "http://127.0.0.1.evil.example/cb",
    "http://127.0.0.1@evil.example/cb",
    "http://127.0.0.1:80@evil.example/cb",
    "https://user:pass@app.example/cb",
    "https://app.example\\@evil.example/cb",
    "https://app.example/cb#fragment",
    "https://app.example/cb#",
    "https:///evil.example/cb",
    "https:/evil.example/cb",
    "https:evil.example/cb",
    "https://*.example/cb",
    "https://app.example;script-src/cb",
    "https://app.example,evil.example/cb",
    "https://app.example:port/cb",
    "https://app.example:99999/cb",
    "https://[::1/cb",
    "https://app.example/a b",
    "https://app.example/a\nb",
    'https://app.example/"onload=',
    "https://app.example/<b>",
    "https://bücher.example/cb",
    "https://app.example/cb?code=mine",
    "https://app.example/cb?iss=https://evil.example",
    "https://app.example/cb?state",
    "cursor://user@host/callback",
    "javascript:alert(1)",
    "JavaScript:alert(1)",
    "data:text/html,hello",
    "vbscript:x",
    "file:///etc/passwd",
    "https://app.example/" + "x" * 600,
]


@pytest.mark.parametrize("uri", USABLE)
def test_usable(uri: str) -> None:
    assert usable(uri)
    assert matches(uri, uri)


@pytest.mark.parametrize("uri", UNUSABLE)
def test_unusable(uri: str) -> None:
    assert not usable(uri)
    assert not usable_unregistered(uri)


@pytest.mark.parametrize("uri", USABLE)
def test_without_registration_no_scheme_of_an_application(uri: str) -> None:
    assert usable_unregistered(uri) == uri.startswith("http")


@pytest.mark.parametrize("uri", USABLE)
def test_web_applications_are_on_the_web(uri: str) -> None:
    assert usable(uri, "web") == uri.startswith("https://app.example")


@pytest.mark.parametrize(
    ("uri", "registered", "same"),
    [
        ("http://localhost:4000/cb", "http://localhost:3000/cb", True),
        ("http://localhost/cb", "http://localhost:3000/cb", True),
        ("http://localhost:4000/cb", "http://localhost/cb", True),
        ("http://127.0.0.1:4000/cb?x=1", "http://127.0.0.1/cb?x=1", True),
        ("http://[::1]:4000/cb", "http://[::1]:3000/cb", True),
        ("http://localhost:4000/cb", "http://127.0.0.1:4000/cb", False),
        ("http://127.0.0.1:4000/cb", "http://[::1]:4000/cb", False),
        ("http://localhost:4000/other", "http://localhost:3000/cb", False),
        ("http://localhost:4000/cb/", "http://localhost:3000/cb", False),
        ("http://localhost:4000/cb?x=1", "http://localhost:3000/cb", False),
        ("http://LOCALHOST:4000/cb", "http://localhost:3000/cb", False),
        ("http://localhost:4000@evil.example/cb", "http://localhost:3000/cb", False),
        ("https://localhost:4000/cb", "http://localhost:3000/cb", False),
        ("https://localhost:4000/cb", "https://localhost:3000/cb", False),
        ("http://localhost.evil.example:4000/cb", "http://localhost:3000/cb", False),
        ("https://app.example:444/cb", "https://app.example/cb", False),
        ("https://app.example:443/cb", "https://app.example/cb", False),
        ("https://app.example/cb/", "https://app.example/cb", False),
        ("https://App.example/cb", "https://app.example/cb", False),
        ("https://app.example/cb/../x", "https://app.example/cb", False),
        ("https://app.example/%63b", "https://app.example/cb", False),
        ("cursor://host/cb2", "cursor://host/cb", False),
        ("http://localhost:x/cb", "http://localhost:3000/cb", False),
        ("http://localhost:4000/cb", "http://localhost:*/cb", False),
        ("https://a.app.example/cb", "https://*.app.example/cb", False),
    ],
)
def test_matching(uri: str, registered: str, *, same: bool) -> None:
    assert matches(uri, registered) is same


@settings(deadline=None, max_examples=100)
@given(st.integers(1, 65535), st.sampled_from(["/cb", "/", ""]))
def test_any_port_of_a_loopback_host(port: int, path: str) -> None:
    assert matches(f"http://127.0.0.1:{port}{path}", f"http://127.0.0.1{path}")


@settings(deadline=None, max_examples=300)
@given(st.text(max_size=60))
def test_no_text_is_too_odd(text: str) -> None:
    for uri in (text, f"https://{text}", f"https://app.example/{text}", f"http://localhost{text}"):
        assert usable(uri) in (True, False)
        assert matches(uri, "https://app.example/") == (uri == "https://app.example/")


@pytest.mark.parametrize(
    ("uri", "source"),
    [
        ("https://app.example:8443/cb?x", "https://app.example:8443"),
        ("http://localhost:3000/cb", "http://localhost:3000"),
        ("http://[::1]:3000/cb", "http:"),
        ("cursor://host/cb", "cursor:"),
        ("com.example.app:/cb", "com.example.app:"),
    ],
)
def test_the_source_of_a_policy(uri: str, source: str) -> None:
    assert policy_source(uri) == source


def test_the_parameters_of_a_response() -> None:
    assert with_response("app:///cb", {"code": "a&b", "state": None}) == "app:///cb?code=a%26b"
    assert with_response("https://a.example/?x", {"code": "c"}) == "https://a.example/?x&code=c"
