"""Dynamic client registration (RFC 7591) that is written into the client id."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from key_value.aio.stores.memory import MemoryStore
from mcp.shared.auth import OAuthClientInformationFull

from tests.oauth.conftest import (
    CALLBACK,
    Clock,
    Documents,
    Parts,
    Product,
    Site,
    Stage,
    application,
    error_in,
    make_server,
)
from toolpress.oauth.registration import Registration, decoded, encoded


def test_what_a_client_is_told(site: Site) -> None:
    asked = {
        "redirect_uris": ["HTTP://LocalHost:3000", "cursor://app/cb"], "client_name": "Editor", "scope": "other",
        "token_endpoint_auth_method": "client_secret_post", "client_uri": "https://editor.example/",
        "application_type": "native", "software_id": "x",
    }  # fmt: skip
    answer = site.http.post("/oauth/register", json=asked)
    body = answer.json()
    assert answer.status_code == 201
    assert answer.headers["cache-control"] == "no-store"
    assert OAuthClientInformationFull.model_validate(body).client_id == body["client_id"]
    assert body["redirect_uris"] == asked["redirect_uris"], "to the letter, as they have to match later"
    assert body["token_endpoint_auth_method"] == "none"
    assert "client_secret" not in body
    assert body["scope"] == "mcp"
    assert body["grant_types"] == ["authorization_code", "refresh_token"]
    assert (body["client_name"], body["client_uri"], body["software_id"]) == ("Editor", "https://editor.example/", "x")
    assert body["client_id_issued_at"] == int(site.clock.now)


def test_each_registration_has_an_id_of_its_own(site: Site) -> None:
    assert site.register() != site.register()


def test_a_restart_strands_nobody(site: Site, stage: Stage) -> None:
    client_id = site.register()
    stage.app = application(make_server(Parts(Product(), Clock(), Documents(), MemoryStore())))
    assert site.authorize(client_id).status_code == 200


@pytest.mark.parametrize(
    ("metadata", "error"),
    [
        ({}, "invalid_redirect_uri"),
        ({"redirect_uris": []}, "invalid_redirect_uri"),
        ({"redirect_uris": ["no uri"]}, "invalid_redirect_uri"),
        ({"redirect_uris": [CALLBACK, "http://plain.example/cb"]}, "invalid_redirect_uri"),
        ({"redirect_uris": ["javascript:alert(1)"]}, "invalid_redirect_uri"),
        ({"redirect_uris": ["https://app.example/cb#part"]}, "invalid_redirect_uri"),
        ({"redirect_uris": [CALLBACK], "application_type": "web"}, "invalid_redirect_uri"),
        ({"redirect_uris": ["app.example:/cb"], "application_type": "web"}, "invalid_redirect_uri"),
        ({"redirect_uris": [CALLBACK], "application_type": "toaster"}, "invalid_client_metadata"),
        ({"redirect_uris": [CALLBACK], "grant_types": ["client_credentials"]}, "invalid_client_metadata"),
        ({"redirect_uris": [CALLBACK], "response_types": ["token"]}, "invalid_client_metadata"),
        ({"redirect_uris": [CALLBACK], "token_endpoint_auth_method": "private_key_jwt"}, "invalid_client_metadata"),
        ({"redirect_uris": [CALLBACK], "token_endpoint_auth_method": "tls"}, "invalid_client_metadata"),
        ({"redirect_uris": [f"{CALLBACK}/{number:0400}" for number in range(9)]}, "invalid_client_metadata"),
        ([], "invalid_client_metadata"),
    ],
)
def test_what_cannot_be_registered(site: Site, metadata: Any, error: str) -> None:
    assert error_in(site.http.post("/oauth/register", json=metadata)) == (400, error)


@pytest.mark.parametrize("body", [b"", b"{", b"\xff", b"[" * 5000])
def test_bodies_that_are_no_json(site: Site, body: bytes) -> None:
    assert error_in(site.http.post("/oauth/register", content=body)) == (400, "invalid_client_metadata")


def test_large_bodies_and_other_methods(site: Site) -> None:
    assert site.http.post("/oauth/register", content=b" " * 70_000).status_code == 413
    assert site.http.get("/oauth/register").status_code == 405


@settings(deadline=None, max_examples=50)
@given(st.text(max_size=40), st.booleans())
def test_an_id_reads_back(name: str, refreshable: bool) -> None:
    name = " ".join("".join(char for char in name if char.isprintable()).split())
    registration = Registration(name, (CALLBACK, "cursor://app/cb"), refreshable)
    assert decoded(encoded(registration)) == registration


@settings(deadline=None, max_examples=200)
@given(st.text(max_size=60) | st.recursive(st.none() | st.booleans() | st.integers() | st.text(max_size=5),
                                           lambda inner: st.lists(inner, max_size=5)).map(json.dumps))  # fmt: skip
def test_no_made_up_id_does_harm(text: str) -> None:
    assert decoded(text) is None
    body = base64.urlsafe_b64encode(text.encode("utf-8", "surrogatepass")).decode()
    assert decoded(f"tpd_{body}") is None
    assert decoded(f"tpd_{text}") is None


def test_a_made_up_id_is_held_to_the_rules_of_registration() -> None:
    for uris in ((), ("http://plain.example/cb",), ("javascript:alert(1)",), ("https://a.example/cb#x",)):
        assert decoded(encoded(Registration("x", uris, refreshable=True))) is None
    assert decoded(encoded(Registration("x", (f"{CALLBACK}/{'x' * 450}",) * 9, refreshable=True))) is None
