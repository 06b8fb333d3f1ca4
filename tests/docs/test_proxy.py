"""The page of the proxy says what the code does: variables, limits, numbers and exit codes."""

from __future__ import annotations

import inspect
import re

from tests.docs.pages import ROOT, table
from toolpress.cli.parser import parse
from toolpress.proxy import settings
from toolpress.proxy.failures import Kind
from toolpress.proxy.main import FAILED, STOPPED
from toolpress.proxy.upstream import Backoff
from toolpress_catalogs.mihu.catalog import CATALOG as MIHU
from toolpress_catalogs.zihin.catalog import CATALOG as ZIHIN

PAGE = "docs/proxy.md"


def code(cell: str) -> list[str]:
    return cell.split("`")[1::2]


def test_variables_options_and_defaults() -> None:
    rows = {tuple(code(row[0]) + code(row[1])): row for row in table(PAGE, "Settings")}
    names = settings.variables(ZIHIN)
    assert list(rows) == [
        (ZIHIN.authentication.environment,),
        (names.url, "--url"),
        (names.timeout_ms, "--timeout"),
        ("--keepalive",),
        ("--header",),
    ]
    defaults = [code(row[2]) for row in rows.values()]
    timeout_ms, keepalive_s = settings.DEFAULT_TIMEOUT_S * 1000, settings.KEEPALIVE_S
    assert defaults == [[], [ZIHIN.mcp_url], [f"{timeout_ms:.0f}"], [f"{keepalive_s:.0f}"], []]
    limits = f"{settings.MIN_TIMEOUT_S * 1000:.0f} to {settings.MAX_TIMEOUT_S * 1000:.0f}"
    assert limits in rows[names.timeout_ms, "--timeout"][3]


def test_every_option_is_in_the_table() -> None:
    words = vars(parse(["proxy", "zihin"])).keys() - {"command", "module", "debug", "catalog"}
    documented = {option.strip("-") for row in table(PAGE, "Settings") for option in code(row[1])}
    assert words == documented


def test_the_variables_of_a_product_with_tenants() -> None:
    assert MIHU.tenancy is not None
    text = (ROOT / PAGE).read_text(encoding="utf-8")
    for name in (MIHU.tenancy.environment, MIHU.authentication.environment, settings.variables(MIHU).url):
        assert f"`{name}`" in text


def test_numbers() -> None:
    text = (ROOT / PAGE).read_text(encoding="utf-8").split("| Number | Value |")[1]
    shown = [float(number) for number in re.findall(r"^\| [^|]+ \| (\d+)", text, re.MULTILINE)[:6]]
    backoff = Backoff()
    assert shown == [
        backoff.first_s,
        backoff.factor,
        backoff.longest_s,
        backoff.attempts,
        settings.KEEPALIVE_S,
        settings.DEFAULT_TIMEOUT_S,
    ]


def test_every_kind_of_failure_has_its_row() -> None:
    rows = table(PAGE, "When the server goes away")
    assert len(rows) == len(Kind)
    source = inspect.getdoc(inspect.getmodule(Kind)) or ""
    for row in rows:
        assert set(re.findall(r"-?\d{3,}", row[1])) <= set(re.findall(r"-?\d{3,}", source))


def test_exit_codes() -> None:
    codes = [int(row[0]) for row in table(PAGE, "Exit codes")]
    assert codes[:2] == [STOPPED, FAILED]
