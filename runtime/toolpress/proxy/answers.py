"""What the host is told when a request could not be carried out: one text, in the form of all tool errors."""

from __future__ import annotations

import json

from mcp_types import Tool

from toolpress.errors import NOT_FOUND, Outcome, ToolpressError, UpstreamRefused, UpstreamTimeout, UpstreamUnavailable
from toolpress.proxy.failures import Failure, Kind

LOOK = "Look whether it happened before calling again."
AGAIN = "Call again; the proxy reconnects."


def text_of(error: ToolpressError) -> str:
    return json.dumps(error.to_payload(), ensure_ascii=False)


def failed(failure: Failure, tool: Tool | None) -> ToolpressError:
    """`tool` is the one that was called, if the server lists it."""
    read_only = _is_read_only(tool)
    if failure.kind is Kind.CONNECTION:
        reached = "cannot be reached" if failure.not_sent else "did not answer"
        return UpstreamUnavailable(
            f"The MCP server {reached}: {failure.message}.",
            fix=AGAIN if read_only or failure.not_sent else LOOK,
            retryable=read_only or failure.not_sent,
            outcome=_outcome(read_only, failure.not_sent),
        )
    return UpstreamRefused(
        failure.message,
        code=_fact(failure, "code") or (None if tool else NOT_FOUND),
        field=_fact(failure, "field"),
        fix=_fact(failure, "fix"),
        outcome=_outcome(read_only, failure.not_sent),
        status=failure.status,
    )


def timed_out(name: str, tool: Tool | None, limit_s: float, raised_by: str, *, sent: bool) -> ToolpressError:
    """The limit of a call has passed."""
    read_only = _is_read_only(tool)
    if not sent:
        return UpstreamUnavailable(
            f"{name} was not sent: within {limit_s:g} s there was no connection to the MCP server.",
            fix=AGAIN,
            retryable=True,
            outcome=_outcome(read_only, not_sent=True),
        )
    advice = "" if read_only else f" {LOOK}"
    return UpstreamTimeout(
        f"{name} did not answer within {limit_s:g} s; the request was aborted and cancelled at the server.",
        fix=f"{raised_by} raises the limit.{advice}",
        retryable=read_only,
        outcome=_outcome(read_only, not_sent=False),
    )


def input_required(what: str) -> ToolpressError:
    """The server asks a question back, and there is nobody here to answer it."""
    return UpstreamRefused(
        f"{what} asks for more input, which this proxy cannot pass on.",
        code="INPUT_REQUIRED",
        fix="Send all arguments with the first call.",
        outcome="not_sent",
    )


def _is_read_only(tool: Tool | None) -> bool:
    """Whether repeating the call can do no harm."""
    return bool(tool and tool.annotations and tool.annotations.read_only_hint)


def _outcome(read_only: bool, not_sent: bool) -> Outcome | None:
    """`outcome` speaks of writes."""
    if read_only:
        return None
    return "not_sent" if not_sent else "unknown"


def _fact(failure: Failure, name: str) -> str | None:
    value = failure.facts.get(name)
    return value if isinstance(value, str) else None
