"""The authorization code grant of a public client: PKCE, single use, rotation and reuse of refresh tokens."""

from __future__ import annotations

import asyncio

import pytest

from tests.oauth.conftest import CALLBACK, SECRET, TENANT, VERIFIER, Site, challenge, error_in, response_in
from toolpress.errors import UpstreamUnavailable


@pytest.fixture
def client_id(site: Site) -> str:
    return site.register()


def tokens(site: Site, client_id: str) -> dict[str, str]:
    answer = site.redeem(client_id, site.code(client_id))
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


def test_from_consent_to_a_call(site: Site, client_id: str) -> None:
    page = site.authorize(client_id)
    back = site.decide(page, tenant=TENANT, secret=SECRET)
    assert back.headers["location"].startswith(f"{CALLBACK}?")
    response = response_in(back)
    assert set(response) == {"code", "state", "iss"}
    assert response["state"] == "a state & more"
    assert response["iss"] == site.base
    body = site.redeem(client_id, response["code"]).json()
    assert set(body) == {"access_token", "token_type", "expires_in", "scope", "refresh_token"}
    assert site.call(body["access_token"]).json() == {"tenant": TENANT, "secret": SECRET}
    assert site.product.asked == [(TENANT, SECRET)]


def test_a_request_without_state_is_answered_without(site: Site, client_id: str) -> None:
    page = site.authorize(client_id, state=None, scope=None, resource=None)
    assert set(response_in(site.decide(page, tenant=TENANT, secret=SECRET))) == {"code", "iss"}


def test_the_query_of_a_redirect_uri_is_kept(site: Site) -> None:
    uri = "https://app.example/callback?flag&to=%2Fhome"
    client_id = site.register(redirect_uris=[uri])
    page = site.authorize(client_id, redirect_uri=uri)
    location = site.decide(page, tenant=TENANT, secret=SECRET).headers["location"]
    assert location.startswith(f"{uri}&code=")


def test_a_loopback_client_may_listen_on_another_port(site: Site, client_id: str) -> None:
    other = CALLBACK.replace("7777", "51234")
    code = site.code(client_id, redirect_uri=other)
    assert error_in(site.redeem(client_id, code)) == (400, "invalid_grant")
    assert site.redeem(client_id, code, redirect_uri=other).status_code == 200


def test_a_client_of_oauth_2_1_does_not_repeat_the_redirect_uri(site: Site, client_id: str) -> None:
    code = site.code(client_id, redirect_uri=None)
    assert site.redeem(client_id, code, redirect_uri="").status_code == 200


def test_a_code_works_once_and_its_reuse_ends_its_tokens(site: Site, client_id: str) -> None:
    code = site.code(client_id)
    body = site.redeem(client_id, code).json()
    assert site.call(body["access_token"]).status_code == 200
    assert error_in(site.redeem(client_id, code)) == (400, "invalid_grant")
    assert site.call(body["access_token"]).json()["code"] == "TOKEN_EXPIRED"
    assert error_in(site.refresh(client_id, body["refresh_token"])) == (400, "invalid_grant")


def test_a_code_that_a_stranger_cannot_redeem_still_serves_its_client(site: Site, client_id: str) -> None:
    code = site.code(client_id)
    other = site.register(client_name="Another")
    for attempt in (
        site.redeem(other, code),
        site.redeem(client_id, code, code_verifier=VERIFIER[:-1] + "X"),
        site.redeem(client_id, code, redirect_uri="https://evil.example/"),
    ):
        assert error_in(attempt) == (400, "invalid_grant")
    assert site.redeem(client_id, code).status_code == 200


def test_a_code_is_no_refresh_token_and_no_bearer(site: Site, client_id: str) -> None:
    code = site.code(client_id)
    assert error_in(site.refresh(client_id, code)) == (400, "invalid_grant")
    answer = site.call(code)
    assert (answer.status_code, answer.json()["code"]) == (401, "INVALID_API_KEY")
    assert site.redeem(client_id, code).status_code == 200


def test_a_code_expires_soon(site: Site, client_id: str) -> None:
    code = site.code(client_id)
    site.clock.now += 301
    assert error_in(site.redeem(client_id, code)) == (400, "invalid_grant")


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"code": ""}, (400, "invalid_request")),
        ({"code_verifier": ""}, (400, "invalid_request")),
        ({"code": "tpc_unknown"}, (400, "invalid_grant")),
        ({"code": "12345"}, (400, "invalid_grant")),
        ({"client_id": ""}, (401, "invalid_client")),
        ({"client_id": "tpd_bm9uc2Vuc2U"}, (400, "invalid_grant")),
        ({"scope": "admin"}, (400, "invalid_scope")),
        ({"resource": "https://elsewhere.example/mcp"}, (400, "invalid_target")),
    ],
)
def test_wrong_redemptions(site: Site, client_id: str, changes: dict[str, str], error: tuple[int, str]) -> None:
    code = site.code(client_id)
    form = {"client_id": client_id, "code": code, **changes}
    assert error_in(site.redeem(**form)) == error
    assert site.redeem(client_id, code).status_code == 200


def test_a_short_verifier_is_none_even_if_it_fits(site: Site, client_id: str) -> None:
    code = site.code(client_id, code_challenge=challenge("short"))
    assert error_in(site.redeem(client_id, code, code_verifier="short")) == (400, "invalid_grant")


def test_refreshing_gives_new_tokens_and_keeps_the_old_access_token(site: Site, client_id: str) -> None:
    old = tokens(site, client_id)
    new = site.refresh(client_id, old["refresh_token"], scope="mcp").json()
    assert new["refresh_token"] != old["refresh_token"]
    assert new["access_token"] != old["access_token"]
    for access in (old["access_token"], new["access_token"]):
        assert site.call(access).json() == {"tenant": TENANT, "secret": SECRET}


def test_a_reused_refresh_token_ends_the_family_and_no_other(site: Site, client_id: str) -> None:
    bystander = tokens(site, client_id)
    first = tokens(site, client_id)
    second = site.refresh(client_id, first["refresh_token"]).json()
    assert error_in(site.refresh(client_id, first["refresh_token"])) == (400, "invalid_grant")
    assert error_in(site.refresh(client_id, second["refresh_token"])) == (400, "invalid_grant")
    for access in (first["access_token"], second["access_token"]):
        assert site.call(access).json()["code"] == "TOKEN_EXPIRED"
    assert site.call(bystander["access_token"]).status_code == 200
    assert site.refresh(client_id, bystander["refresh_token"]).status_code == 200


def test_reuse_is_logged_without_the_token(site: Site, client_id: str, caplog: pytest.LogCaptureFixture) -> None:
    token = tokens(site, client_id)["refresh_token"]
    site.refresh(client_id, token)
    assert not caplog.records
    site.refresh(client_id, token)
    (record,) = caplog.records
    assert (record.name, record.levelname) == ("toolpress.oauth.ledger", "WARNING")
    assert token not in str(vars(record))


async def test_of_many_refreshes_at_once_one_succeeds(site: Site, client_id: str) -> None:
    token = tokens(site, client_id)["refresh_token"]
    answers = await asyncio.gather(*(asyncio.to_thread(site.refresh, client_id, token) for _ in range(8)))
    assert sorted(answer.status_code for answer in answers) == [200] + [400] * 7
    (winner,) = (answer.json() for answer in answers if answer.status_code == 200)
    assert site.call(winner["access_token"]).status_code == 401


async def test_of_many_redemptions_at_once_one_succeeds(site: Site, client_id: str) -> None:
    code = site.code(client_id)
    answers = await asyncio.gather(*(asyncio.to_thread(site.redeem, client_id, code) for _ in range(8)))
    assert [answer.status_code for answer in answers].count(200) <= 1
    for answer in answers:
        if answer.status_code == 200:
            assert site.call(answer.json()["access_token"]).status_code == 401


def test_rotation_does_not_prolong_a_consent(site: Site, client_id: str) -> None:
    token = tokens(site, client_id)["refresh_token"]
    for _ in range(29):
        site.clock.now += 24 * 3600
        token = site.refresh(client_id, token).json()["refresh_token"]
    site.clock.now += 24 * 3600 - 1
    last = site.refresh(client_id, token).json()
    site.clock.now += 2
    assert error_in(site.refresh(client_id, last["refresh_token"])) == (400, "invalid_grant")
    assert site.call(last["access_token"]).status_code == 200


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"token": ""}, (400, "invalid_request")),
        ({"token": "tpr_unknown"}, (400, "invalid_grant")),
        ({"client_id": "https://other.example/client.json"}, (400, "invalid_grant")),
        ({"scope": "admin"}, (400, "invalid_scope")),
        ({"resource": "https://elsewhere.example/mcp"}, (400, "invalid_target")),
    ],
)
def test_wrong_refreshes_use_nothing_up(
    site: Site, client_id: str, changes: dict[str, str], error: tuple[int, str]
) -> None:
    token = tokens(site, client_id)["refresh_token"]
    assert error_in(site.refresh(**{"client_id": client_id, "token": token, **changes})) == error
    assert site.refresh(client_id, token).status_code == 200


def test_an_access_token_does_not_refresh(site: Site, client_id: str) -> None:
    access = tokens(site, client_id)["access_token"]
    assert error_in(site.refresh(client_id, access)) == (400, "invalid_grant")


def test_a_refresh_asks_the_upstream_again(site: Site, client_id: str) -> None:
    body = tokens(site, client_id)
    site.product.failure = UpstreamUnavailable("down")
    assert error_in(site.refresh(client_id, body["refresh_token"])) == (503, "temporarily_unavailable")
    site.product.failure = None
    body = site.refresh(client_id, body["refresh_token"]).json()
    site.product.pairs.discard((TENANT, SECRET))
    assert error_in(site.refresh(client_id, body["refresh_token"])) == (400, "invalid_grant")
    site.product.pairs.add((TENANT, SECRET))
    assert site.call(body["access_token"]).status_code == 401, "what the upstream revoked is over"


def test_a_client_that_did_not_register_for_refresh_tokens_gets_none(site: Site) -> None:
    client_id = site.register(grant_types=["authorization_code"])
    assert "refresh_token" not in tokens(site, client_id)
