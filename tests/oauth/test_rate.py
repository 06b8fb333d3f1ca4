"""Limits on requests and on wrong secrets, each told with when to come back."""

from __future__ import annotations

import asyncio

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.oauth.conftest import SECRET, TENANT, Clock, Parts, Site, Stage, application, error_in, make_server
from toolpress.errors import UpstreamUnavailable
from toolpress.oauth import Rate, RateLimits
from toolpress.oauth.doorkeeper import Doorkeeper
from toolpress.oauth.rate import Limiter, caller_address
from toolpress.oauth.wire import Refused


def test_wrong_secrets_for_one_client(site: Site) -> None:
    for _ in range(10):
        assert error_in(site.credentials(TENANT, "wrong")) == (401, "invalid_client")
    answer = site.credentials()
    assert error_in(answer) == (429, "temporarily_unavailable")
    assert answer.headers["retry-after"] == "60"
    assert len(site.product.asked) == 10
    assert site.credentials("other", "key-of-other").status_code == 200, "another client is not held up"
    site.clock.now += 60
    assert site.credentials().status_code == 200


def test_right_secrets_do_not_count(site: Site) -> None:
    assert {site.credentials().status_code for _ in range(30)} == {200}


def test_secrets_that_could_not_be_verified_do_not_count(site: Site) -> None:
    site.product.failure = UpstreamUnavailable("down")
    assert {site.credentials().status_code for _ in range(15)} == {503}
    site.product.failure = None
    assert site.credentials().status_code == 200


def test_wrong_secrets_of_one_address(parts: Parts, stage: Stage, site: Site) -> None:
    limits = RateLimits(failures_of_address=Rate(burst=3, per_s=0.5))
    stage.app = application(make_server(parts, limits=limits))
    for number in range(3):
        assert site.credentials(f"guess-{number}", "wrong").status_code == 401
    answer = site.credentials()
    assert (answer.status_code, answer.headers["retry-after"]) == (429, "2")


def test_requests_of_one_address_to_any_endpoint(parts: Parts, stage: Stage, site: Site) -> None:
    client_id = site.register()
    stage.app = application(make_server(parts, limits=RateLimits(requests=Rate(burst=2, per_s=0.25))))
    assert site.credentials().status_code == 200
    assert site.authorize(client_id).status_code == 200
    page = site.authorize(client_id)
    assert (page.status_code, page.headers["retry-after"]) == (429, "4")
    assert page.headers["content-type"].startswith("text/html")
    for path in ("/oauth/token", "/oauth/revoke", "/oauth/register"):
        answer = site.http.post(path, data={})
        assert error_in(answer) == (429, "temporarily_unavailable")
        assert answer.headers["retry-after"] == "4"
    assert site.http.get("/.well-known/oauth-authorization-server").status_code == 200
    site.clock.now += 4
    assert site.credentials().status_code == 200


async def test_many_attempts_at_once_get_no_further_than_one_by_one() -> None:
    asked = 0
    door_open = asyncio.Event()

    async def verify(tenant: str, secret: str) -> bool:
        nonlocal asked
        asked += 1
        await door_open.wait()
        return False

    door = Doorkeeper(verify, RateLimits(failures=Rate(burst=5, per_s=1)), Clock())
    attempts = [asyncio.create_task(door.admits(TENANT, SECRET, "192.0.2.1")) for _ in range(50)]
    door_open.set()
    outcomes = await asyncio.gather(*attempts, return_exceptions=True)
    assert asked == 5
    assert sum(isinstance(outcome, Refused) for outcome in outcomes) == 45


@settings(deadline=None, max_examples=100)
@given(
    st.integers(1, 5),
    st.floats(0.01, 10),
    st.lists(st.floats(0, 30), max_size=60),
)
def test_a_bucket_never_gives_more_than_its_rate(burst: int, per_s: float, pauses: list[float]) -> None:
    clock = Clock()
    limiter = Limiter(Rate(burst, per_s), clock)
    start, granted = clock.now, 0
    for pause in pauses:
        clock.now += pause
        wait = limiter.take("key")
        granted += wait == 0
        assert granted <= burst + (clock.now - start) * per_s + 1e-6
        if wait:
            clock.now += wait + 1e-6
            assert limiter.take("key") == 0
            granted += 1


def test_a_clock_that_steps_back_locks_nobody_out() -> None:
    clock = Clock()
    limiter = Limiter(Rate(1, 1), clock)
    assert limiter.take("key") == 0
    clock.now -= 1000
    assert limiter.take("key") == 1
    clock.now += 1
    assert limiter.take("key") == 0


def test_only_so_many_keys_are_remembered() -> None:
    limiter = Limiter(Rate(1, 0.001), Clock(), max_keys=2)
    assert [limiter.take(key) for key in ("a", "b", "c", "a")] == [0, 0, 0, 0]
    assert limiter.take("a") > 0


@pytest.mark.parametrize(
    ("host", "name"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8:1:2::1", "2001:db8:1:2::/64"),
        ("testclient", "testclient"),
    ],
)
def test_addresses(host: str, name: str) -> None:
    assert caller_address((host, 1)) == name


def test_no_address() -> None:
    assert caller_address(None) == ""
