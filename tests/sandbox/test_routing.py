from __future__ import annotations

from toolpress_sandbox.definition import Address, OperationDef
from toolpress_sandbox.routing import Match, Miss, Router


def operation(name: str, method: str, path: str) -> OperationDef:
    return OperationDef(name, "any", "read", (Address(method, path),))


ROUTER = Router(
    [
        operation("one", "GET", "/things/{thing_id}"),
        operation("best", "GET", "/things/best"),
        operation("cut", "DELETE", "/things/{thing_id}"),
        operation("part", "GET", "/things/{thing_id}/parts/{part_id}"),
    ]
)


def name_of(method: str, path: str) -> str | None:
    match = ROUTER.match(method, path)
    return match.operation.name if isinstance(match, Match) else None


def test_literal_segments_win_over_names() -> None:
    assert name_of("GET", "/things/best") == "best"
    assert name_of("GET", "/things/worst") == "one"
    assert name_of("DELETE", "/things/best") == "cut"


def test_an_encoded_slash_stays_inside_its_value() -> None:
    match = ROUTER.match("GET", "/things/a%2Fb/parts/%C3%A9%20+")
    assert isinstance(match, Match)
    assert match.values == {"thing_id": "a/b", "part_id": "é +"}


def test_a_switch_gives_the_value_of_its_route() -> None:
    addresses = (Address("POST", "/x/{i}/on", "state", True), Address("POST", "/x/{i}/off", "state", False))
    match = Router([OperationDef("set", "any", "update", addresses)]).match("POST", "/x/1/off")
    assert isinstance(match, Match)
    assert match.address.value is False


def test_misses_tell_404_from_405() -> None:
    assert ROUTER.match("GET", "/nothing") == Miss()
    assert ROUTER.match("GET", "/things/") == Miss()
    assert ROUTER.match("GET", "/things/a/") == Miss()
    assert ROUTER.match("PUT", "/things/a") == Miss(("DELETE", "GET"))
