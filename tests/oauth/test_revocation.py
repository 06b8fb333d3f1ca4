"""POST /oauth/revoke (RFC 7009)."""

from __future__ import annotations

from urllib.parse import quote

import pytest

from tests.oauth.conftest import SECRET, TENANT, Site, basic, error_in
from toolpress.errors import UpstreamUnavailable


@pytest.fixture
def client_id(site: Site) -> str:
    return site.register()


@pytest.fixture
def body(site: Site, client_id: str) -> dict[str, str]:
    return dict(site.redeem(client_id, site.code(client_id)).json())


@pytest.mark.parametrize("which", ["access_token", "refresh_token"])
@pytest.mark.parametrize("hint", ["", "access_token", "refresh_token", "something_else"])
def test_revoking_either_token_ends_both(
    site: Site, client_id: str, body: dict[str, str], which: str, hint: str
) -> None:
    form = {"token": body[which], "client_id": client_id, "token_type_hint": hint}
    answer = site.http.post("/oauth/revoke", data=form)
    assert (answer.status_code, answer.content) == (200, b"")
    assert answer.headers["cache-control"] == "no-store"
    assert site.call(body["access_token"]).json()["code"] == "TOKEN_EXPIRED"
    assert error_in(site.refresh(client_id, body["refresh_token"])) == (400, "invalid_grant")
    assert site.http.post("/oauth/revoke", data=form).status_code == 200, "once more is no error"


def test_a_tenant_revokes_with_its_secret(site: Site) -> None:
    token = site.credentials().json()["access_token"]
    form = {"token": token}
    assert error_in(site.http.post("/oauth/revoke", data={**form, "client_id": TENANT})) == (401, "invalid_client")
    assert error_in(site.http.post("/oauth/revoke", data=form, headers=basic(TENANT, "no"))) == (401, "invalid_client")
    assert site.call(token).status_code == 200
    assert site.http.post("/oauth/revoke", data=form, headers=basic(TENANT, quote(SECRET))).status_code == 200
    assert site.call(token).status_code == 401


@pytest.mark.parametrize("token", ["tpa_unknown", "tpr_unknown", "an API token of the product"])
def test_what_is_unknown_needs_no_revoking(site: Site, client_id: str, token: str) -> None:
    assert site.http.post("/oauth/revoke", data={"token": token, "client_id": client_id}).status_code == 200


def test_the_token_of_another_client(site: Site, body: dict[str, str]) -> None:
    form = {"token": body["access_token"], "client_id": site.register()}
    assert error_in(site.http.post("/oauth/revoke", data=form)) == (400, "unauthorized_client")
    assert site.call(body["access_token"]).status_code == 200


@pytest.mark.parametrize(
    ("form", "error"),
    [
        ({}, (400, "invalid_request")),
        ({"client_id": TENANT, "client_secret": SECRET}, (400, "invalid_request")),
        ({"token": "tpa_x"}, (401, "invalid_client")),
        ({"token": "tpa_x", "client_id": "No Client"}, (401, "invalid_client")),
        ({"token": "tpc_x", "client_id": TENANT, "client_secret": SECRET}, (400, "unsupported_token_type")),
    ],
)
def test_wrong_requests(site: Site, form: dict[str, str], error: tuple[int, str]) -> None:
    assert error_in(site.http.post("/oauth/revoke", data=form)) == error


def test_an_upstream_that_cannot_be_asked(site: Site) -> None:
    token = site.credentials().json()["access_token"]
    site.product.failure = UpstreamUnavailable("down")
    form = {"token": token, "client_id": TENANT, "client_secret": SECRET}
    answer = site.http.post("/oauth/revoke", data=form)
    assert error_in(answer) == (503, "temporarily_unavailable")
    assert site.call(token).status_code == 200


def test_other_methods(site: Site) -> None:
    assert site.http.get("/oauth/revoke").status_code == 405
