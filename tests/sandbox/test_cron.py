from __future__ import annotations

from datetime import UTC, datetime

import pytest

from toolpress_sandbox.zihin.cron import next_run, parse_cron

NOON = datetime(2026, 3, 10, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "zone", "expected"),
    [
        ("* * * * *", "UTC", datetime(2026, 3, 10, 12, 1, tzinfo=UTC)),
        ("0 12 * * *", "UTC", datetime(2026, 3, 11, 12, 0, tzinfo=UTC)),
        ("*/20 13 * * *", "UTC", datetime(2026, 3, 10, 13, 0, tzinfo=UTC)),
        ("30 8 * * 1", "UTC", datetime(2026, 3, 16, 8, 30, tzinfo=UTC)),
        ("0 0 * * 7", "UTC", datetime(2026, 3, 15, tzinfo=UTC)),
        ("0 0 29 2 *", "UTC", datetime(2028, 2, 29, tzinfo=UTC)),
        ("0 0 1 * 1", "UTC", datetime(2026, 3, 16, tzinfo=UTC)),
        ("0 9 * * 1-5", "America/Sao_Paulo", datetime(2026, 3, 11, 12, tzinfo=UTC)),
    ],
)
def test_next_run(text: str, zone: str, expected: datetime) -> None:
    assert next_run(text, zone, NOON) == expected


def test_a_day_that_never_comes_has_no_next_run() -> None:
    assert next_run("0 0 31 2 *", "UTC", NOON) is None


@pytest.mark.parametrize(
    "text", ["", "* * * *", "60 * * * *", "x * * * *", "5-1 * * * *", "*/0 * * * *", "1-x * * * *"]
)
def test_unreadable_expressions(text: str) -> None:
    with pytest.raises(ValueError, match="field"):
        parse_cron(text)
