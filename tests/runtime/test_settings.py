"""Settings come from TOOLPRESS_* and say what is wrong with them."""

from __future__ import annotations

import pytest

from toolpress.errors import ConfigurationError
from toolpress.settings import base_url_override, load_settings


def test_defaults_and_overrides(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HOST", "PORT", "SANDBOX"):
        monkeypatch.delenv(f"TOOLPRESS_{name}", raising=False)
    assert (load_settings().host, load_settings().port, load_settings().sandbox) == ("127.0.0.1", 8000, False)
    monkeypatch.setenv("TOOLPRESS_PORT", "9000")
    monkeypatch.setenv("TOOLPRESS_SANDBOX", "1")
    monkeypatch.setenv("TOOLPRESS_ALLOWED_HOSTS", "a.example, *.b.example,")
    monkeypatch.setenv("TOOLPRESS_ALLOWED_ORIGINS", "")
    settings = load_settings(port=None, host="0.0.0.0")
    assert (settings.host, settings.port, settings.sandbox) == ("0.0.0.0", 9000, True)
    assert (settings.allowed_hosts, settings.allowed_origins) == (("a.example", "*.b.example"), ())
    assert load_settings(port=1).port == 1


def test_another_process_has_the_same_settings_from_their_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TOOLPRESS_SESSION_KEY", "k" * 32)
    monkeypatch.setenv("TOOLPRESS_ALLOWED_HOSTS", "a.example,b.example")
    settings = load_settings(host="::1", port=0, sandbox=True, extend=["a:b", "c:d"], identity_ttl_s=0.5, grace_s=1)
    for name, value in settings.environment.items():
        monkeypatch.setenv(name, value)
    assert load_settings() == settings
    assert settings.environment["TOOLPRESS_SESSION_KEY"] == "k" * 32
    assert "TOOLPRESS_WORKERS" not in settings.environment, "what nobody set stays with its default"


def test_every_wrong_variable_is_named_without_its_value(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TOOLPRESS_PORT", "http")
    monkeypatch.setenv("TOOLPRESS_LOG_LEVEL", "shout")
    with pytest.raises(ConfigurationError) as caught:
        load_settings()
    assert "TOOLPRESS_PORT" in caught.value.message
    assert "TOOLPRESS_LOG_LEVEL" in caught.value.message
    assert "shout" not in caught.value.message


def test_base_urls_per_catalogue() -> None:
    assert base_url_override("notebook", {"TOOLPRESS_NOTEBOOK_BASE_URL": "http://x"}) == "http://x"
    assert base_url_override("notebook", {"TOOLPRESS_NOTEBOOK_BASE_URL": ""}) is None
    assert base_url_override("notebook", {}) is None
