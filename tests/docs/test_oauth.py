"""The figures and paths of docs/mihu/oauth.md are those of the OAuth server."""

from __future__ import annotations

from tests.docs.pages import ROOT, table
from tests.docs.test_tables import code
from tests.oauth.conftest import Parts, make_server
from tests.oauth.conftest import parts as parts
from toolpress.oauth import Rate, RateLimits, tokens, transaction
from toolpress.oauth.store import MAX_ENTRIES
from toolpress.oauth.token_endpoint import GRANT_TYPES

PAGE = "docs/mihu/oauth.md"
UNITS = {"second": 1, "minute": 60, "hour": 3600, "days": 86400, "minutes": 60}


def test_endpoints(parts: Parts) -> None:
    documented = {path for row in table(PAGE, "Endpoints") for path in code(row[0])}
    server = make_server(parts, prefix="/mihu")
    documents = {route.path for route in server.routes() if route.path.startswith("/.well-known/")}
    below = {f"/mihu{route.path}" for route in server.routes()} - {f"/mihu{path}" for path in documents}
    assert documented == below | {route.path for route in server.root_routes()}


def test_grants() -> None:
    (token,) = (row[1] for row in table(PAGE, "Endpoints") if row[0] == "`/mihu/oauth/token`")
    assert tuple(code(token)) == GRANT_TYPES


def test_lifetimes() -> None:
    documented = {}
    for what, life in table(PAGE, "Lifetimes"):
        number, unit = life.split()
        documented[what] = int(number) * UNITS[unit]
    assert documented == {
        "access token": tokens.ACCESS_LIFE_S,
        "refresh token": tokens.REFRESH_LIFE_S,
        "authorization code": tokens.CODE_LIFE_S,
        "consent page": transaction.LIFE_S,
    }


def test_room_in_memory() -> None:
    assert f"at most {MAX_ENTRIES:,} of each kind" in (ROOT / PAGE).read_text(encoding="utf-8")


def test_limits() -> None:
    documented = []
    for _, burst, then in table(PAGE, "Limits"):
        number, _, unit = then.split()
        documented.append(Rate(int(burst), int(number) / UNITS[unit]))
    limits = RateLimits()
    assert documented == [limits.requests, limits.failures, limits.failures_of_address]
