"""What the proxy is to do: words before variables before the catalogue, and one line for what is wrong."""

from __future__ import annotations

import pytest

from tests.proxy.presets import KEY, TENANTED, ZIHIN
from toolpress.errors import ConfigurationError, InvalidArguments, Unauthenticated
from toolpress.proxy.settings import (
    DEFAULT_TIMEOUT_S,
    KEEPALIVE_S,
    MAX_TIMEOUT_S,
    MIN_TIMEOUT_S,
    ProxySettings,
    Words,
    anywhere,
    preset,
    variables,
)

URL, TIMEOUT = variables(ZIHIN).url, variables(ZIHIN).timeout_ms
ENVIRONMENT = {ZIHIN.authentication.environment: KEY}


def zihin(words: Words | None = None, **environment: str) -> ProxySettings:
    return preset(ZIHIN, words or Words(), {**ENVIRONMENT, **environment})


def test_the_variables_are_those_of_the_product() -> None:
    assert (ZIHIN.authentication.environment, URL, TIMEOUT) == (
        "ZIHIN_API_KEY",
        "ZIHIN_MCP_URL",
        "ZIHIN_MCP_CALL_TIMEOUT_MS",
    )


def test_a_key_is_enough() -> None:
    settings = zihin()
    assert settings.url == ZIHIN.mcp_url
    assert settings.headers == {"X-Api-Key": KEY}
    assert (settings.call_timeout_s, settings.keepalive_s, settings.warnings) == (DEFAULT_TIMEOUT_S, KEEPALIVE_S, ())
    assert settings.identity == ZIHIN.authentication.identity


@pytest.mark.parametrize(
    ("words", "variable", "expected", "source"),
    [
        (None, "http://there.example/mcp", "http://there.example/mcp", URL),
        ("http://here.example/mcp", "http://there.example/mcp", "http://here.example/mcp", "--url"),
        ("http://[::1]:8000/mcp", "", "http://[::1]:8000/mcp", "--url"),
    ],
)
def test_an_option_wins_over_a_variable(words: str | None, variable: str, expected: str, source: str) -> None:
    settings = zihin(Words(url=words), **{URL: variable})
    assert (settings.url, settings.url_words) == (expected, source)


@pytest.mark.parametrize(
    ("text", "seconds", "warned"),
    [
        ("", DEFAULT_TIMEOUT_S, None),
        ("60000", 60.0, None),
        ("1500.5", 1.5005, None),
        (f"{MIN_TIMEOUT_S * 1000:.0f}", MIN_TIMEOUT_S, None),
        (f"{MAX_TIMEOUT_S * 1000:.0f}", MAX_TIMEOUT_S, None),
        ("300", MIN_TIMEOUT_S, "milliseconds"),
        (f"{MAX_TIMEOUT_S * 1000 + 1:.0f}", MAX_TIMEOUT_S, "milliseconds"),
        ("0", DEFAULT_TIMEOUT_S, "no positive number"),
        ("-5", DEFAULT_TIMEOUT_S, "no positive number"),
        ("five", DEFAULT_TIMEOUT_S, "no positive number"),
        ("nan", DEFAULT_TIMEOUT_S, "no positive number"),
        ("inf", DEFAULT_TIMEOUT_S, "no positive number"),
    ],
)
def test_the_limit_of_a_call_in_milliseconds(text: str, seconds: float, warned: str | None) -> None:
    settings = zihin(**{TIMEOUT: text})
    assert settings.call_timeout_s == pytest.approx(seconds)
    assert [TIMEOUT in warning and str(warned) in warning for warning in settings.warnings] == [True] * bool(warned)


@pytest.mark.parametrize(
    ("given", "seconds", "warned"), [(2.5, 2.5, 0), (0.5, MIN_TIMEOUT_S, 1), (9e9, MAX_TIMEOUT_S, 1)]
)
def test_the_limit_of_a_call_in_seconds(given: float, seconds: float, warned: int) -> None:
    settings = zihin(Words(timeout_s=given), **{TIMEOUT: "60000"})
    assert (settings.call_timeout_s, len(settings.warnings)) == (seconds, warned)


@pytest.mark.parametrize("key", ["", "   "])
def test_a_missing_key_names_its_variable(key: str) -> None:
    with pytest.raises(Unauthenticated) as refused:
        preset(ZIHIN, Words(), {"ZIHIN_API_KEY": key})
    assert "ZIHIN_API_KEY" in str(refused.value.fix)


def test_a_key_of_another_product_names_the_prefixes() -> None:
    with pytest.raises(Unauthenticated) as refused:
        preset(ZIHIN, Words(), {"ZIHIN_API_KEY": "sk-somebody-elses"})
    assert all(prefix in str(refused.value.fix) for prefix in ZIHIN.authentication.prefixes)
    assert "somebody" not in f"{refused.value.message} {refused.value.fix}"


def test_a_product_with_tenants_gets_its_header() -> None:
    assert TENANTED.tenancy is not None
    environment = {TENANTED.authentication.environment: KEY, TENANTED.tenancy.environment: "minders"}
    settings = preset(TENANTED, Words(), environment)
    assert settings.headers == {"Authorization": f"Bearer {KEY}", TENANTED.tenancy.header: "minders"}
    assert settings.url == TENANTED.mcp_url
    assert settings.identity is None, "its identity tool says nothing about whose the key is"
    del environment[TENANTED.tenancy.environment]
    with pytest.raises(Unauthenticated, match="tenant"):
        preset(TENANTED, Words(), environment)


@pytest.mark.parametrize(
    "url",
    ["llm.zihin.ai/mcp", "ftp://llm.zihin.ai/mcp", "https://", "https://a b/mcp", "https://h:port/mcp", "https://h:0/"],
)
def test_what_is_no_address_is_refused_with_the_place_it_came_from(url: str) -> None:
    with pytest.raises(ConfigurationError, match=f"{URL} is not the address"):
        zihin(**{URL: url})
    with pytest.raises(ConfigurationError, match="--url is not the address"):
        anywhere(Words(url=url), {})


def test_a_refused_address_is_not_repeated() -> None:
    with pytest.raises(ConfigurationError) as refused:
        zihin(**{URL: "ftp://me:secret@host/mcp?key=secret"})
    assert "secret" not in f"{refused.value.message} {refused.value.fix}"


def test_what_is_shown_of_an_address_is_no_secret() -> None:
    settings = anywhere(Words(url="https://me:pass@tools.example.com:8443/mcp?key=pass#pass"), {})
    assert settings.shown_url == "https://tools.example.com:8443/mcp"


def test_any_server_with_headers_from_the_environment() -> None:
    words = Words(url="https://tools.example.com/mcp", headers=("X-Api-Key: $MINE", "Authorization:Bearer ${MINE}$$"))
    settings = anywhere(words, {"MINE": "abc:def"})
    assert settings.headers == {"X-Api-Key": "abc:def", "Authorization": "Bearer abc:def$"}
    assert settings.title == "tools.example.com"
    assert set(settings.secrets) == {"abc:def", "Bearer abc:def$", "abc:def$"}


def test_headers_come_on_top_of_those_of_a_product() -> None:
    settings = zihin(Words(headers=("X-Gateway: open",)))
    assert settings.headers == {"X-Api-Key": KEY, "X-Gateway": "open"}


@pytest.mark.parametrize("header", ["X-Api-Key", "no name: x", ": x", "X-Api-Key: ", "X: a\nb", "X: $", "X: a$-"])
def test_a_header_that_cannot_be_read(header: str) -> None:
    with pytest.raises(InvalidArguments):
        anywhere(Words(url="https://h/mcp", headers=(header,)), {})


def test_a_header_whose_variable_is_not_set() -> None:
    with pytest.raises(Unauthenticated, match="X-Api-Key needs the environment variable MINE"):
        anywhere(Words(url="https://h/mcp", headers=("X-Api-Key: $MINE",)), {})


def test_no_server_at_all() -> None:
    with pytest.raises(InvalidArguments, match="Which server"):
        anywhere(Words(), {})


def test_no_secret_is_in_a_representation() -> None:
    assert KEY not in repr(zihin())
