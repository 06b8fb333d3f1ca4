"""Options and fixtures that all tests share."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.processes import Server, serve


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--update-expected", action="store_true", help="write golden trees, lint texts and figures anew")
    parser.addoption("--run-foreign", action="store_true", help="run the tests that need node and npm packages")
    parser.addoption("--isolation-calls", default=600, help="how many calls the isolation test makes")
    parser.addoption("--dialogues", default=48, help="how many dialogues the test of replicas leads")


@pytest.fixture(scope="session")
def zihin_server() -> Iterator[Server]:
    """One `toolpress serve zihin --sandbox` for the whole run; tests reset the sandbox where they need it fresh."""
    with serve("zihin") as server:
        yield server


@pytest.fixture(scope="session", params=[("mihu",), ("mihu", "zihin")], ids=" ".join)
def mihu_server(request: pytest.FixtureRequest) -> Iterator[Server]:
    """Mihu at the root of its server, and below a path beside another catalogue."""
    with serve(*request.param) as server:
        yield server


@pytest.fixture(scope="session")
def foreign(request: pytest.FixtureRequest) -> None:
    """Programs of other makers may run: node and what npm installed."""
    if not request.config.getoption("--run-foreign"):
        pytest.skip("needs node and npm packages: nox -s foreign")
