"""POST /oauth/token for a client that acts for itself, and all that can be wrong with a token request."""

from __future__ import annotations

import shutil
import subprocess
from urllib.parse import quote

import pytest

from tests.oauth.conftest import SECRET, TENANT, Site, basic, error_in
from toolpress.errors import RateLimited, UpstreamUnavailable


@pytest.mark.skipif(not shutil.which("curl"), reason="curl is not installed")
def test_the_curl_line_of_the_documentation(site: Site) -> None:
    line = ["curl", "-s", "-X", "POST", f"{site.base}/oauth/token", "-d", "grant_type=client_credentials"]
    line += ["-d", f"client_id={TENANT}", "-d", f"client_secret={quote(SECRET)}"]
    found = subprocess.run(line, capture_output=True, text=True, check=True, timeout=20).stdout
    assert '"token_type":"Bearer"' in found
    assert '"expires_in":3600' in found


def test_a_pair_in_the_form_gets_a_token(site: Site) -> None:
    answer = site.credentials()
    body = answer.json()
    assert answer.status_code == 200
    assert answer.headers["cache-control"] == "no-store"
    assert set(body) == {"access_token", "token_type", "expires_in", "scope"}
    assert (body["token_type"], body["expires_in"], body["scope"]) == ("Bearer", 3600, "mcp")
    assert site.call(body["access_token"]).json() == {"tenant": TENANT, "secret": SECRET}
    assert site.product.asked == [(TENANT, SECRET)]


@pytest.mark.parametrize("secret", [quote(SECRET, safe=""), SECRET.replace("%", "%25")], ids=["encoded", "bare"])
def test_a_pair_by_http_basic_gets_a_token(site: Site, secret: str) -> None:
    answer = site.http.post("/oauth/token", data={"grant_type": "client_credentials"}, headers=basic(TENANT, secret))
    assert answer.status_code == 200, answer.text
    assert site.product.asked == [(TENANT, SECRET)]


def test_http_basic_beside_the_same_client_id_in_the_form(site: Site) -> None:
    form = {"grant_type": "client_credentials", "client_id": "other"}
    assert site.http.post("/oauth/token", data=form, headers=basic("other", "key-of-other")).status_code == 200


def test_tokens_differ_and_are_256_bits(site: Site) -> None:
    tokens = {site.credentials().json()["access_token"] for _ in range(3)}
    assert len(tokens) == 3
    assert all(token.startswith("tpa_") and len(token) == 4 + 43 for token in tokens)


def test_a_token_expires_after_an_hour(site: Site) -> None:
    token = site.credentials().json()["access_token"]
    site.clock.now += 3599
    assert site.call(token).status_code == 200
    site.clock.now += 2
    answer = site.call(token)
    assert answer.status_code == 401
    assert answer.json()["code"] == "TOKEN_EXPIRED"
    assert "/oauth/token" in answer.json()["fix"]
    assert 'error="invalid_token"' in answer.headers["www-authenticate"]
    assert "/oauth/token" in answer.headers["www-authenticate"]


def test_unknown_tenant_and_wrong_secret_cannot_be_told_apart(site: Site) -> None:
    answers = [site.credentials("nobody"), site.credentials(TENANT, "wrong")]
    assert len(site.product.asked) == 2
    for answer in answers:
        assert error_in(answer) == (401, "invalid_client")
    one, other = (
        (answer.content, {name: value for name, value in answer.headers.items() if name != "date"})
        for answer in answers
    )
    assert one == other


def test_a_refusal_by_http_basic_names_the_scheme(site: Site) -> None:
    answer = site.http.post("/oauth/token", data={"grant_type": "client_credentials"}, headers=basic(TENANT, "wrong"))
    assert error_in(answer) == (401, "invalid_client")
    assert answer.headers["www-authenticate"].startswith("Basic ")
    assert "www-authenticate" not in site.credentials(TENANT, "wrong").headers


@pytest.mark.parametrize(
    "tenant", ["Minders", "min ders", "minders.evil.example", "minders/", "a@b", "-a", "a-", "ı", "x" * 64, "x" * 9999]
)
def test_what_is_no_tenant_is_refused_unasked(site: Site, tenant: str) -> None:
    assert error_in(site.credentials(tenant)) == (401, "invalid_client")
    assert site.product.asked == []


@pytest.mark.parametrize("secret", ["two words", "line\nfeed", "schlüssel", "x" * 513])
def test_what_is_no_api_token_is_refused_unasked(site: Site, secret: str) -> None:
    assert error_in(site.credentials(TENANT, secret)) == (401, "invalid_client")
    assert site.product.asked == []


@pytest.mark.parametrize(
    "form",
    [{}, {"client_id": TENANT}, {"client_secret": SECRET}, {"client_id": TENANT, "client_secret": ""}],
)
def test_a_client_that_does_not_authenticate(site: Site, form: dict[str, str]) -> None:
    assert error_in(site.token(grant_type="client_credentials", **form)) == (401, "invalid_client")
    assert site.product.asked == []


@pytest.mark.parametrize("header", ["Basic ???", "Basic bm9jb2xvbg==", "basic /w==", "Basic"])
def test_http_basic_that_cannot_be_read(site: Site, header: str) -> None:
    form = {"grant_type": "client_credentials"}
    answer = site.http.post("/oauth/token", data=form, headers={"authorization": header})
    assert error_in(answer) == (401, "invalid_client")


@pytest.mark.parametrize("form", [{"client_secret": SECRET}, {"client_id": "other"}])
def test_credentials_in_two_ways(site: Site, form: dict[str, str]) -> None:
    sent = {"grant_type": "client_credentials", **form}
    answer = site.http.post("/oauth/token", data=sent, headers=basic(TENANT, SECRET))
    assert error_in(answer) == (400, "invalid_request")


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        ("grant_type=client_credentials&client_id=a&client_id=b&client_secret=c", "application/x-www-form-urlencoded"),
        ("grant_type=%ff", "application/x-www-form-urlencoded"),
        ("&".join(f"a{number}=1" for number in range(100)), "application/x-www-form-urlencoded"),
        ("", "application/x-www-form-urlencoded"),
        ("client_id=a&client_secret=b", "application/x-www-form-urlencoded"),
        ('{"grant_type": "client_credentials"}', "application/json"),
        ("grant_type=client_credentials", "text/plain"),
        ("--x--", "multipart/form-data; boundary=x"),
    ],
)
def test_requests_that_are_no_form(site: Site, content: str, kind: str) -> None:
    answer = site.http.post("/oauth/token", content=content, headers={"content-type": kind})
    assert error_in(answer) == (400, "invalid_request")


@pytest.mark.parametrize("grant_type", ["password", "implicit", "urn:ietf:params:oauth:grant-type:jwt-bearer"])
def test_other_grant_types(site: Site, grant_type: str) -> None:
    answer = site.token(grant_type=grant_type, client_id=TENANT, client_secret=SECRET)
    assert error_in(answer) == (400, "unsupported_grant_type")
    assert site.product.asked == []


@pytest.mark.parametrize(
    ("scope", "good"), [("mcp", True), ("", True), ("mcp mcp", True), ("admin", False), ("mcp admin", False)]
)
def test_scopes(site: Site, scope: str, *, good: bool) -> None:
    answer = site.credentials(scope=scope)
    if good:
        assert answer.json()["scope"] == "mcp"
    else:
        assert error_in(answer) == (400, "invalid_scope")
        assert site.product.asked == []


@pytest.mark.parametrize(
    ("resource", "good"),
    [
        ("{base}/mcp", True),
        ("{base}/mcp/", True),
        ("{base}", False),
        ("{base}/mcp#part", False),
        ("{base}/mcp?x=1", False),
        ("https://elsewhere.example/mcp", False),
        ("not a url", False),
        ("http://[", False),
    ],
)
def test_resources(site: Site, resource: str, *, good: bool) -> None:
    answer = site.credentials(resource=resource.replace("{base}", site.base))
    if good:
        assert answer.status_code == 200
    else:
        assert error_in(answer) == (400, "invalid_target")


def test_one_resource_of_several_that_is_not_ours(site: Site) -> None:
    form = {"grant_type": "client_credentials", "client_id": TENANT, "client_secret": SECRET}
    both = {**form, "resource": [f"{site.base}/mcp", "https://elsewhere.example/mcp"]}
    assert error_in(site.http.post("/oauth/token", data=both)) == (400, "invalid_target")
    twice = {**form, "resource": [f"{site.base}/mcp"] * 2}
    assert site.http.post("/oauth/token", data=twice).status_code == 200


def test_a_public_client_has_no_credentials_of_its_own(site: Site) -> None:
    client_id = site.register()
    answer = site.token(grant_type="client_credentials", client_id=client_id)
    assert error_in(answer) == (400, "unauthorized_client")
    answer = site.token(grant_type="client_credentials", client_id=client_id, client_secret="made up")
    assert error_in(answer) == (401, "invalid_client")


@pytest.mark.parametrize(
    ("failure", "wait"), [(UpstreamUnavailable("down"), "1"), (RateLimited("slow", retry_after_s=6.2), "7")]
)
def test_an_upstream_that_cannot_be_asked(site: Site, failure: UpstreamUnavailable, wait: str) -> None:
    site.product.failure = failure
    answer = site.credentials()
    assert error_in(answer) == (503, "temporarily_unavailable")
    assert answer.headers["retry-after"] == wait


def test_other_methods_and_large_bodies(site: Site) -> None:
    assert site.http.get("/oauth/token").status_code == 405
    assert site.http.post("/oauth/token", data={"grant_type": "x" * 70_000}).status_code == 413


def test_browsers_of_any_origin_may_ask(site: Site) -> None:
    asked = {
        "origin": "https://inspector.example",
        "access-control-request-method": "POST",
        "access-control-request-headers": "authorization, mcp-protocol-version",
    }
    preflight = site.http.options("/oauth/token", headers=asked)
    assert preflight.status_code == 200
    assert preflight.headers["access-control-allow-origin"] == "*"
    assert "access-control-allow-credentials" not in preflight.headers
    answer = site.http.post("/oauth/token", data={}, headers={"origin": "https://inspector.example"})
    assert answer.headers["access-control-allow-origin"] == "*"
