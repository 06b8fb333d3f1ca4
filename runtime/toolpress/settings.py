"""Configuration from the environment: `TOOLPRESS_*`, and `TOOLPRESS_<CATALOG>_BASE_URL` per catalogue."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Annotated, Any
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, ValidationError, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from toolpress.errors import ConfigurationError
from toolpress.logs import LogFormat, LogLevel

Names = Annotated[tuple[str, ...], NoDecode]
"""A comma-separated list."""


class Settings(BaseSettings):
    """How a server process runs; every field is the environment variable `TOOLPRESS_` plus its name."""

    model_config = SettingsConfigDict(env_prefix="TOOLPRESS_", extra="ignore", frozen=True, env_ignore_empty=True)

    catalog: str | None = Field(default=None, description="Catalogue for the ASGI factory; may be absent if only one.")
    host: str = "127.0.0.1"
    port: int = Field(default=8000, ge=0, le=65535)
    workers: int = Field(default=1, ge=1, description="Processes that share the listening socket.")
    log_format: LogFormat = "auto"
    log_level: LogLevel = "info"
    allowed_hosts: Names = Field(default=(), description="Host headers accepted besides localhost.")
    allowed_origins: Names = Field(default=(), description="Browser origins accepted besides the server's own.")
    public_url: str | None = Field(
        default=None, description="What clients see before the paths, such as https://tools.example.com."
    )
    store_url: str | None = Field(
        default=None, description="Redis that keeps tokens and what replicas share; memory if absent."
    )
    session_key: SecretStr | None = Field(
        default=None, min_length=32, description="Seals session ids; the same for all replicas. Random if absent."
    )
    identity_ttl_s: float | None = Field(
        default=None, ge=0, description="For how long to believe who a key belongs to; at most the catalogue's own."
    )
    fast_lane: bool = Field(default=True, description="Answer lists and calls beside FastMCP, in the same words.")
    page_size: int | None = Field(default=None, ge=1, description="Entries of a page of a list; all in one if absent.")
    body_limit: int = Field(default=4 * 1024 * 1024, gt=0, description="Largest request body in bytes.")
    grace_s: int = Field(default=35, ge=0, description="Seconds that running calls get when the server stops.")
    metrics_port: int | None = Field(
        default=None, ge=0, le=65535, description="Port of /metrics for Prometheus; none if absent."
    )
    metrics_host: str = Field(default="127.0.0.1", description="Address that /metrics is shown on.")
    sandbox: bool = Field(default=False, description="Serve from the embedded sandbox instead of the real product.")
    sandbox_data: str | None = Field(default=None, description="File that keeps the sandbox's data; memory if absent.")
    extend: Names = Field(default=(), description="Functions package.module:function that add to the server.")
    stateful: bool = Field(default=False, description="Keep sessions in this process, for tools that ask clients.")

    @property
    def public_hosts(self) -> tuple[str, ...]:
        """The host of the public URL, as a Host header names it."""
        host = urlsplit(self.public_url or "").netloc
        return (host,) if host else ()

    @property
    def environment(self) -> dict[str, str]:
        """The variables of a process that is to have these settings, secrets included."""
        given = {name: getattr(self, name) for name in self.model_fields_set}
        return {f"TOOLPRESS_{name.upper()}": _variable(value) for name, value in given.items() if value is not None}

    @field_validator("allowed_hosts", "allowed_origins", "extend", mode="before")
    @classmethod
    def _split(cls, value: Any) -> Any:
        return tuple(part.strip() for part in value.split(",") if part.strip()) if isinstance(value, str) else value


def _variable(value: Any) -> str:
    """As `Settings` reads it."""
    if isinstance(value, SecretStr):
        return value.get_secret_value()
    return ",".join(value) if isinstance(value, tuple) else str(value)


def load_settings(**overrides: Any) -> Settings:
    """Settings from the environment; overrides that are None do not count.

    Raises:
        ConfigurationError: One line that names every wrong variable.
    """
    try:
        return Settings(**{name: value for name, value in overrides.items() if value is not None})
    except ValidationError as error:
        problems = "; ".join(
            f"TOOLPRESS_{str(item['loc'][0]).upper() if item['loc'] else '?'}: {item['msg']}"
            for item in error.errors(include_input=False, include_url=False)
        )
        raise ConfigurationError(f"Wrong settings: {problems}.", fix="Correct the environment variable.") from error


def base_url_override(catalog: str, environment: Mapping[str, str] = os.environ) -> str | None:
    """The base URL that replaces the catalogue's own, or None."""
    return environment.get(base_url_variable(catalog)) or None


def base_url_variable(catalog: str) -> str:
    return f"TOOLPRESS_{catalog.upper()}_BASE_URL"
