"""A tenant as the client of the code grant: the person confirms, the token endpoint asks for the API token."""

from __future__ import annotations

import pytest

from tests.oauth.conftest import SECRET, TENANT, Site, basic, error_in, form_of, response_in

CONNECTOR = "https://connector.example/api/callback"


@pytest.fixture
def code(site: Site) -> str:
    return site.code(TENANT, redirect_uri=CONNECTOR)


def redeem(site: Site, code: str, **changes: str) -> dict[str, str]:
    form = {"redirect_uri": CONNECTOR, "client_secret": SECRET, **changes}
    answer = site.redeem(TENANT, code, **form)
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


def test_the_page_asks_for_a_word_and_not_for_the_token(site: Site) -> None:
    page = site.authorize(TENANT, redirect_uri=CONNECTOR)
    assert page.status_code == 200
    assert "connector.example" in page.text
    assert f"<dd>{TENANT}</dd>" in page.text
    assert 'type="password"' not in page.text
    assert {"tenant", "secret"}.isdisjoint(form_of(page).fields)


def test_the_secret_is_proved_at_the_token_endpoint(site: Site, code: str) -> None:
    assert site.product.asked == [], "nothing was proved at the page"
    body = redeem(site, code)
    assert site.product.asked == [(TENANT, SECRET)]
    assert site.call(body["access_token"]).json() == {"tenant": TENANT, "secret": SECRET}


def test_a_token_typed_into_the_page_all_the_same_gives_nothing(site: Site) -> None:
    page = site.authorize(TENANT, redirect_uri="https://evil.example/catch")
    code = response_in(site.decide(page, tenant=TENANT, secret=SECRET))["code"]
    answer = site.redeem(TENANT, code, redirect_uri="https://evil.example/catch")
    assert error_in(answer) == (401, "invalid_client")


@pytest.mark.parametrize("secret", ["", "wrong", "key-of-other"])
def test_without_the_secret_the_code_is_worth_nothing(site: Site, code: str, secret: str) -> None:
    answer = site.redeem(TENANT, code, redirect_uri=CONNECTOR, client_secret=secret)
    assert error_in(answer) == (401, "invalid_client")


def test_another_tenant_cannot_use_the_code(site: Site, code: str) -> None:
    answer = site.redeem("other", code, redirect_uri=CONNECTOR, client_secret="key-of-other")
    assert error_in(answer) == (400, "invalid_grant")
    redeem(site, code)


def test_a_refresh_needs_the_secret_and_takes_a_new_one(site: Site, code: str) -> None:
    token = redeem(site, code)["refresh_token"]
    assert error_in(site.refresh(TENANT, token)) == (401, "invalid_client")
    assert error_in(site.refresh("other", token, client_secret="key-of-other")) == (400, "invalid_grant")
    site.product.pairs = {(TENANT, "rotated")}
    form = {"grant_type": "refresh_token", "refresh_token": token}
    body = site.http.post("/oauth/token", data=form, headers=basic(TENANT, "rotated")).json()
    assert site.call(body["access_token"]).json() == {"tenant": TENANT, "secret": "rotated"}


@pytest.mark.parametrize(
    ("uri", "good"),
    [
        (CONNECTOR, True),
        ("http://localhost:3000/callback", True),
        ("http://[::1]:3000/callback", True),
        ("http://connector.example/callback", False),
        ("cursor://connector/callback", False),
        ("javascript:alert(1)", False),
        ("https://user@connector.example/", False),
        (None, False),
    ],
)
def test_where_it_may_return_to(site: Site, uri: str | None, *, good: bool) -> None:
    answer = site.authorize(TENANT, redirect_uri=uri)
    assert answer.status_code == (200 if good else 400)
    assert "location" not in answer.headers


@pytest.mark.parametrize(
    "change",
    [{"scope": "admin"}, {"response_type": "token"}, {"code_challenge": None}, {"resource": "https://x.example"}],
)
def test_its_mistakes_send_nobody_anywhere(site: Site, change: dict[str, str | None]) -> None:
    """Its redirect URI is whatever a link says: this must not be a way to send browsers there."""
    answer = site.authorize(TENANT, redirect_uri="https://evil.example/", **change)
    assert answer.status_code == 400
    assert "location" not in answer.headers
    assert "evil.example" not in answer.text


def test_an_unknown_tenant_is_met_like_a_known_one(site: Site) -> None:
    known, unknown = (site.authorize(tenant, redirect_uri=CONNECTOR) for tenant in (TENANT, "nobody"))
    assert known.status_code == unknown.status_code == 200
    assert site.product.asked == []


def test_refusing_is_told_to_the_connector(site: Site) -> None:
    answer = site.decide(site.authorize(TENANT, redirect_uri=CONNECTOR), "deny")
    assert answer.headers["location"].startswith(CONNECTOR)
    assert response_in(answer)["error"] == "access_denied"
