"""Wrong authorization requests: who is told, the person on a page or the client by a redirect, and in which words."""

from __future__ import annotations

import httpx
import pytest

from tests.oauth.conftest import CALLBACK, VERIFIER, Site, challenge, response_in


@pytest.fixture
def client_id(site: Site) -> str:
    return site.register()


def test_head_and_other_methods(site: Site, client_id: str) -> None:
    page = site.authorize(client_id)
    assert site.http.head(str(page.url)).status_code == 200
    assert site.http.put("/oauth/authorize").status_code == 405


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"response_type": None}, "invalid_request"),
        ({"response_type": "token"}, "unsupported_response_type"),
        ({"response_type": "code id_token"}, "unsupported_response_type"),
        ({"response_mode": "fragment"}, "invalid_request"),
        ({"code_challenge": None}, "invalid_request"),
        ({"code_challenge": "too-short"}, "invalid_request"),
        ({"code_challenge": challenge(VERIFIER) + "="}, "invalid_request"),
        ({"code_challenge_method": None}, "invalid_request"),
        ({"code_challenge_method": "plain", "code_challenge": VERIFIER}, "invalid_request"),
        ({"code_challenge_method": "s256"}, "invalid_request"),
        ({"scope": "mcp admin"}, "invalid_scope"),
        ({"scope": "MCP"}, "invalid_scope"),
        ({"resource": "https://elsewhere.example/mcp"}, "invalid_target"),
        ({"resource": "relative"}, "invalid_target"),
    ],
)
def test_the_client_is_told(site: Site, client_id: str, change: dict[str, str | None], error: str) -> None:
    answer = site.authorize(client_id, **change)
    assert answer.status_code == 303
    assert answer.headers["location"].startswith(f"{CALLBACK}?")
    response = response_in(answer)
    assert set(response) == {"error", "error_description", "state", "iss"}
    assert (response["error"], response["state"], response["iss"]) == (error, "a state & more", site.base)


def test_a_repeated_parameter(site: Site, client_id: str) -> None:
    url = f"{site.authorize(client_id).url}&scope=mcp"
    assert response_in(site.http.get(url))["error"] == "invalid_request"


@pytest.mark.parametrize("name", ["client_id", "redirect_uri"])
def test_a_repeated_client_or_redirect_uri_is_told_to_the_person(site: Site, client_id: str, name: str) -> None:
    url = site.authorize(client_id).url
    answer = site.http.get(f"{url}&{httpx.QueryParams({name: url.params[name]})}")
    assert_page(answer)


@pytest.mark.parametrize(
    "change",
    [
        {"client_id": None},
        {"client_id": "Not A Client"},
        {"client_id": "tpd_"},
        {"client_id": "tpd_bm9uc2Vuc2U"},
        {"client_id": "https://unpublished.example/client.json"},
        {"client_id": "http://plain.example/client.json"},
        {"redirect_uri": "https://evil.example/callback"},
        {"redirect_uri": f"{CALLBACK}/more"},
        {"redirect_uri": f"{CALLBACK}?more"},
        {"redirect_uri": CALLBACK.upper()},
        {"redirect_uri": "http://127.0.0.1.evil.example:7777/callback"},
        {"state": "x" * 9000},
    ],
)
def test_the_person_is_told(site: Site, client_id: str, change: dict[str, str | None]) -> None:
    answer = site.authorize(**{"client_id": client_id, **change})
    assert_page(answer)
    assert "evil.example" not in answer.text


def test_no_redirect_uri_where_there_are_two(site: Site) -> None:
    client_id = site.register(redirect_uris=[CALLBACK, "https://app.example/callback"])
    assert_page(site.authorize(client_id, redirect_uri=None))
    assert site.authorize(client_id, redirect_uri="https://app.example/callback").status_code == 200


def test_a_query_that_cannot_be_read(site: Site) -> None:
    assert_page(site.http.get("/oauth/authorize?client_id=%ff"))


def test_a_host_that_is_not_ours(site: Site, client_id: str) -> None:
    """Without a public URL the host of a request counts only if it is loopback."""
    url = site.authorize(client_id).url
    answer = site.http.get(url, headers={"host": "rebound.example"})
    assert answer.status_code == 500
    assert "TOOLPRESS_PUBLIC_URL" in answer.text


def assert_page(answer: httpx.Response) -> None:
    assert answer.status_code == 400
    assert answer.headers["content-type"].startswith("text/html")
    assert "location" not in answer.headers
    assert 'role="alert"' in answer.text
    assert "<form" not in answer.text
