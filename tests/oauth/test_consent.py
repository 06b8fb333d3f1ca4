"""The consent page: what it says, what guards it, and what becomes of a decision."""

from __future__ import annotations

import base64
import hashlib
import re
from html.parser import HTMLParser

import httpx
import pytest

from tests.oauth.conftest import (
    CALLBACK,
    SECRET,
    TENANT,
    Parts,
    Site,
    Stage,
    application,
    form_of,
    make_server,
    response_in,
)
from toolpress.errors import UpstreamUnavailable

MISCHIEF = "\"><script>alert(1)</script><b a='"


@pytest.fixture
def client_id(site: Site) -> str:
    return site.register()


@pytest.fixture
def page(site: Site, client_id: str) -> httpx.Response:
    return site.authorize(client_id)


class Tags(HTMLParser):
    """Every tag with its attributes, and the text that is shown."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.shown = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.shown += data


def test_it_says_who_asks_for_what(site: Site) -> None:
    client_id = site.register(client_name="Notes", redirect_uris=["https://notes.example/cb"])
    shown = Tags(site.authorize(client_id, redirect_uri="https://notes.example/cb").text).shown
    assert "Notes, by its own account" in shown
    assert "notes.example" in shown
    assert "Product <One>" in shown


@pytest.mark.parametrize(
    ("uri", "words"),
    [
        (CALLBACK, "an application on your device (127.0.0.1:7777)"),
        ("cursor://host/callback", "an application on your device (cursor:)"),
    ],
)
def test_it_says_where_the_person_will_return_to(site: Site, uri: str, words: str) -> None:
    assert words in Tags(site.authorize(site.register(redirect_uris=[uri]), redirect_uri=uri).text).shown


def test_a_published_client_is_vouched_for_by_its_host(site: Site) -> None:
    client_id = site.documents.publish("https://app.example/client.json", client_name="App")
    assert "App, as published by app.example" in Tags(site.authorize(client_id).text).shown


def test_nothing_of_a_client_becomes_markup(site: Site) -> None:
    client_id = site.register(client_name=MISCHIEF)
    page = site.authorize(client_id, state=MISCHIEF)
    again = site.decide(page, tenant=MISCHIEF, secret=MISCHIEF)
    for answer in (page, again):
        tags = Tags(answer.text)
        assert {tag for tag, _ in tags.tags}.isdisjoint({"script", "b", "img", "a"})
        assert MISCHIEF in tags.shown
    assert response_in(site.decide(again, tenant=TENANT, secret=SECRET))["state"] == MISCHIEF


def test_names_are_one_line_without_tricks_of_direction(site: Site) -> None:
    client_id = site.register(client_name="A\n\u202eeman\x00 \tB" + "x" * 200)
    shown = Tags(site.authorize(client_id).text).shown
    assert "A eman Bxxx" in shown
    assert "x" * 100 not in shown


def test_its_headers(page: httpx.Response) -> None:
    policy = dict(part.split(" ", 1) for part in page.headers["content-security-policy"].split("; "))
    style = re.search(r"<style>(.*)</style>", page.text)
    assert style
    digest = base64.b64encode(hashlib.sha256(style[1].encode()).digest()).decode()
    assert policy == {
        "default-src": "'none'",
        "style-src": f"'sha256-{digest}'",
        "form-action": "'self' http://127.0.0.1:7777",
        "base-uri": "'none'",
        "frame-ancestors": "'none'",
    }
    assert page.headers["referrer-policy"] == "no-referrer"
    assert page.headers["cache-control"] == "no-store"
    assert page.headers["x-content-type-options"] == "nosniff"
    assert page.headers["x-frame-options"] == "DENY"
    assert "access-control-allow-origin" not in page.headers


def test_it_works_without_scripts_and_loads_nothing(page: httpx.Response) -> None:
    tags = Tags(page.text).tags
    assert {tag for tag, _ in tags} <= {
        "html", "head", "meta", "title", "style", "body", "main", "h1", "p", "strong", "dl", "dt", "dd", "form",
        "input", "label", "button",
    }  # fmt: skip
    assert all({"src", "href", "onclick", "style"}.isdisjoint(attributes) for _, attributes in tags)
    labels = {attributes["for"] for tag, attributes in tags if tag == "label"}
    assert labels == {attributes["id"] for tag, attributes in tags if tag == "input" and "id" in attributes}


def test_secrets_are_posted_and_never_in_a_url(site: Site, page: httpx.Response) -> None:
    form = form_of(page)
    assert (form.action, "secret" in form.fields) == ("authorize", False)
    back = site.decide(page, tenant=TENANT, secret=SECRET)
    assert SECRET not in back.headers["location"]


def test_the_cookie(page: httpx.Response) -> None:
    (cookie,) = page.headers.get_list("set-cookie")
    name, *attributes = cookie.lower().split("; ")
    assert name.startswith("consent-")
    assert {"httponly", "samesite=strict", "path=/"} <= set(attributes)
    assert "secure" not in attributes


@pytest.fixture
def behind_https(site: Site, stage: Stage, parts: Parts) -> Site:
    """The same server as clients see it through a proxy that speaks TLS."""
    stage.app = application(make_server(parts, public_url="https://tools.example"))
    return site


def test_the_cookie_over_https(behind_https: Site, client_id: str) -> None:
    (cookie,) = behind_https.authorize(client_id, resource=None).headers.get_list("set-cookie")
    assert cookie.startswith("__Host-consent-")
    assert "; secure" in cookie.lower()
    assert "domain" not in cookie.lower()


def test_over_https_a_cookie_that_a_neighbour_could_set_does_not_do(behind_https: Site, client_id: str) -> None:
    page = behind_https.authorize(client_id, resource=None)
    name, _, value = page.headers["set-cookie"].partition(";")[0].partition("=")
    data = {**form_of(page).fields, "decision": "deny"}
    for cookie, status in ((f"{name}={value}", 303), (f"{name.removeprefix('__Host-')}={value}", 400)):
        headers = {"cookie": cookie}
        assert behind_https.http.post("/oauth/authorize", data=data, headers=headers).status_code == status


def test_without_its_cookie_a_form_is_refused(site: Site, page: httpx.Response) -> None:
    site.http.cookies.clear()
    assert site.decide(page, tenant=TENANT, secret=SECRET).status_code == 400
    assert site.product.asked == []


def test_the_cookie_of_another_page_does_not_do(site: Site, client_id: str) -> None:
    """A form that somebody prepared in his own browser, posted by the browser of another."""
    prepared = site.authorize(client_id)
    site.http.cookies.clear()
    site.authorize(client_id)
    assert site.decide(prepared, tenant=TENANT, secret=SECRET).status_code == 400


@pytest.mark.parametrize("field", ["request", "began", "transaction", "proof"])
def test_a_form_that_was_changed_is_refused(site: Site, page: httpx.Response, field: str) -> None:
    fields = form_of(page).fields
    for value in (fields[field] + "0", "", "é", "-1"):
        changed = {**fields, field: value, "decision": "allow", "tenant": TENANT, "secret": SECRET}
        assert site.http.post("/oauth/authorize", data=changed).status_code == 400
    assert site.product.asked == []


@pytest.mark.parametrize(("relation", "good"), [("same-origin", True), ("none", True), ("cross-site", False),
                                                ("same-site", False)])  # fmt: skip
def test_a_form_that_another_site_posts_is_refused(site: Site, page: httpx.Response, relation: str, good: bool) -> None:
    data = {**form_of(page).fields, "decision": "deny"}
    headers = {"sec-fetch-site": relation, "origin": "null"}
    assert site.http.post("/oauth/authorize", data=data, headers=headers).status_code == (303 if good else 400)


def test_a_page_is_good_for_half_an_hour_and_one_decision(site: Site, client_id: str) -> None:
    late, answered = site.authorize(client_id), site.authorize(client_id)
    assert site.decide(answered, "deny").status_code == 303
    assert site.decide(answered, tenant=TENANT, secret=SECRET).status_code == 400
    site.clock.now += 1800
    assert site.decide(late, tenant=TENANT, secret=SECRET).status_code == 400
    assert site.product.asked == []


def test_two_pages_side_by_side(site: Site, client_id: str) -> None:
    pages = [site.authorize(client_id, state=str(number)) for number in range(2)]
    states = [response_in(site.decide(page, tenant=TENANT, secret=SECRET))["state"] for page in pages]
    assert states == ["0", "1"]


def test_refusing(site: Site, page: httpx.Response) -> None:
    answer = site.decide(page, "deny")
    response = response_in(answer)
    assert (answer.status_code, response["error"], response["iss"]) == (303, "access_denied", site.base)
    assert response["state"] == "a state & more"
    assert site.product.asked == []


@pytest.mark.parametrize("decision", ["", "maybe"])
def test_anything_but_yes_is_no(site: Site, page: httpx.Response, decision: str) -> None:
    assert response_in(site.decide(page, decision, tenant=TENANT, secret=SECRET))["error"] == "access_denied"


def test_a_wrong_pair_is_asked_for_again_in_one_word(site: Site, page: httpx.Response) -> None:
    answers = [
        site.decide(page, tenant=tenant, secret=secret)
        for tenant, secret in ((TENANT, "wrong"), ("nobody", SECRET), ("No Tenant", SECRET), ("", ""))
    ]
    alerts = {re.findall(r'role="alert">([^<]*)<', answer.text)[0] for answer in answers}
    assert len(alerts) == 1
    assert {answer.status_code for answer in answers} == {400}
    assert not any("location" in answer.headers or "wrong" in answer.text for answer in answers)
    assert f'value="{TENANT}"' in answers[0].text, "the tenant need not be typed again"
    assert site.decide(answers[-1], tenant=TENANT, secret=SECRET).status_code == 303


def test_an_upstream_that_is_down_is_no_refusal(site: Site, page: httpx.Response) -> None:
    site.product.failure = UpstreamUnavailable("down", retry_after_s=3)
    answer = site.decide(page, tenant=TENANT, secret=SECRET)
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "3")
    site.product.failure = None
    assert site.decide(answer, tenant=TENANT, secret=SECRET).status_code == 303


def test_guessing_is_slowed_down(site: Site, page: httpx.Response) -> None:
    for _ in range(10):
        page = site.decide(page, tenant=TENANT, secret="guess")
    answer = site.decide(page, tenant=TENANT, secret=SECRET)
    assert answer.status_code == 429
    assert len(site.product.asked) == 10
    site.clock.now += int(answer.headers["retry-after"])
    assert site.decide(answer, tenant=TENANT, secret=SECRET).status_code == 303


def test_a_browser_is_sent_on_by_a_page(site: Site, page: httpx.Response) -> None:
    """Chromium would stop a redirect of the form that goes on to an address that the policy does not name."""
    data = {**form_of(page).fields, "decision": "allow", "tenant": TENANT, "secret": SECRET}
    answer = site.http.post("/oauth/authorize", data=data, headers={"sec-fetch-dest": "document"})
    assert answer.status_code == 200
    tags = Tags(answer.text).tags
    (link,) = (attributes["href"] for tag, attributes in tags if tag == "a")
    (refresh,) = (attributes["content"] for _, attributes in tags if attributes.get("http-equiv") == "refresh")
    assert refresh == f"0;url={link}"
    assert str(link).startswith(f"{CALLBACK}?code=tpc_")
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["referrer-policy"] == "no-referrer"


def test_forms_of_another_kind(site: Site) -> None:
    answer = site.http.post("/oauth/authorize", json={})
    assert answer.status_code == 400
    assert answer.headers["content-type"].startswith("text/html")
