"""Everything that can go wrong with a call, each level adding one fact.

    ToolpressError                code, message; field, fix, retryable, retry_after_s, outcome, status, details if known
    |- InvalidArguments           VALIDATION_ERROR       the caller's arguments; nothing was sent
    |- Unauthenticated            MISSING_API_KEY | INVALID_API_KEY | MISSING_TENANT | INVALID_TENANT |
    |                             UNKNOWN_TENANT | TOKEN_EXPIRED
    |- Forbidden                  WRITE_BLOCKED          the key's role may not use this write tool
    |                             ROLE_ESCALATION_DENIED an argument names a role above the key's own
    |- UnknownTool                NOT_FOUND              no such tool, or none that this key may know of
    |- ConfigurationError         CONFIGURATION_ERROR    settings, catalogue or installation
    `- UpstreamError              the product behind the tools
       |- UpstreamRefused         code of the answer     it answered with an error
       |  `- RateLimited          RATE_LIMITED           it asks to wait `retry_after_s`
       |- UpstreamUnavailable     UPSTREAM_UNAVAILABLE   no connection, or it broke
       |  `- UpstreamUnresolved   UPSTREAM_UNAVAILABLE   its host name is not known
       |- UpstreamTimeout         UPSTREAM_TIMEOUT       no answer within the call's deadline
       `- UpstreamGarbled         UPSTREAM_BAD_ANSWER    an answer that is not what the protocol of the tool says

`outcome` speaks of writes: `not_sent` (nothing happened upstream), `unknown` (it may have), `done` (it has).
"""

# ruff: noqa: N818 - an exception is named for what happened

from __future__ import annotations

from typing import Any, ClassVar, Literal

from toolpress.contract import JsonObject

Outcome = Literal["not_sent", "unknown", "done"]

VALIDATION_ERROR = "VALIDATION_ERROR"
MISSING_API_KEY = "MISSING_API_KEY"
INVALID_API_KEY = "INVALID_API_KEY"
MISSING_TENANT = "MISSING_TENANT"
INVALID_TENANT = "INVALID_TENANT"
UNKNOWN_TENANT = "UNKNOWN_TENANT"
TOKEN_EXPIRED = "TOKEN_EXPIRED"  # noqa: S105 - a code, not a token
WRITE_BLOCKED = "WRITE_BLOCKED"
ROLE_ESCALATION_DENIED = "ROLE_ESCALATION_DENIED"
NOT_FOUND = "NOT_FOUND"
RATE_LIMITED = "RATE_LIMITED"

_OPTIONAL = ("field", "fix", "retryable", "retry_after_s", "outcome", "details")


class ToolpressError(Exception):
    """An error with a code that an agent can act on; `message` is one line."""

    default_code: ClassVar[str] = "INTERNAL_ERROR"

    def __init__(
        self,
        message: str,
        *,
        code: str | None = None,
        field: str | None = None,
        fix: str | None = None,
        retryable: bool | None = None,
        retry_after_s: float | None = None,
        outcome: Outcome | None = None,
        status: int | None = None,
        details: Any = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.code = code or self.default_code
        self.field = field
        self.fix = fix
        self.retryable = retryable
        self.retry_after_s = retry_after_s
        self.outcome = outcome
        self.status = status
        self.details = details

    def to_payload(self) -> JsonObject:
        """The wire form: success, error and code always, the other facts only when known."""
        known = {name: getattr(self, name) for name in _OPTIONAL}
        return {
            "success": False,
            "error": self.message,
            "code": self.code,
            **{name: value for name, value in known.items() if value is not None},
        }


class InvalidArguments(ToolpressError):
    """The arguments break the tool's schema; the message never repeats their values."""

    default_code = VALIDATION_ERROR


class Unauthenticated(ToolpressError):
    """No usable key, or no usable tenant to go with it: missing, malformed, unknown, expired or revoked."""

    default_code = INVALID_API_KEY


class Forbidden(ToolpressError):
    """The key is good, its role may not use the tool, or not in this way."""

    default_code = WRITE_BLOCKED


class UnknownTool(ToolpressError):
    """No tool of that name for this caller."""

    default_code = NOT_FOUND


class ConfigurationError(ToolpressError):
    """The process is set up wrongly; raised at start or by the command line, never by a call."""

    default_code = "CONFIGURATION_ERROR"


class UpstreamError(ToolpressError):
    """The product behind the tools failed or refused."""

    default_code = "UPSTREAM_ERROR"


class UpstreamRefused(UpstreamError):
    """The upstream answered with an error of its own; `status` and `code` are what it said."""


class RateLimited(UpstreamRefused):
    """The upstream asks to wait longer than this call has time left."""

    default_code = RATE_LIMITED


class UpstreamUnavailable(UpstreamError):
    """The connection could not be made, or broke."""

    default_code = "UPSTREAM_UNAVAILABLE"


class UpstreamUnresolved(UpstreamUnavailable):
    """No address goes with the host name."""


class UpstreamTimeout(UpstreamError):
    """The deadline of the call passed."""

    default_code = "UPSTREAM_TIMEOUT"


class UpstreamGarbled(UpstreamError):
    """An answer that cannot be read: no JSON, cut off, too large, a redirect."""

    default_code = "UPSTREAM_BAD_ANSWER"
