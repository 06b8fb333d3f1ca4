"""Logs on stderr, one line a call: which request, which tool, how it ended, how long it took.

No argument values and no credentials, whatever the level: the libraries below that would print them are held at
WARNING.
"""

from __future__ import annotations

import logging
import re
import sys
import traceback
import uuid
from contextvars import ContextVar
from typing import Any, Literal

import structlog

from toolpress.errors import ToolpressError
from toolpress.principal import Principal

LogFormat = Literal["auto", "json", "console"]
LogLevel = Literal["debug", "info", "warning", "error"]

REQUEST_ID: ContextVar[str | None] = ContextVar("toolpress_request_id", default=None)
TRACE_ID: ContextVar[str | None] = ContextVar("toolpress_trace_id", default=None)
"""Of a call that is traced."""
_SAFE_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")
_TALKATIVE = (
    "httpx",
    "httpcore",
    "fastmcp",
    "mcp",
    "uvicorn",
    "uvicorn.access",
    "uvicorn.error",
    "sse_starlette",
    "docket",
)


_LOG = structlog.wrap_logger(
    logging.getLogger("toolpress"),
    processors=[structlog.stdlib.render_to_log_kwargs],
    wrapper_class=structlog.stdlib.BoundLogger,
)
"""Writes through the standard logging, so that inside another program its configuration decides."""


def configure(log_format: LogFormat = "auto", level: LogLevel = "info", *, whole_process: bool = True) -> None:
    """Log to stderr; `auto` is console on a terminal, JSON elsewhere.

    Without `whole_process` only our own logger is set up: the program around us has its own ideas of the rest.
    """
    console = log_format == "console" or (log_format == "auto" and sys.stderr.isatty())
    shared: list[structlog.typing.Processor] = [
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.ExtraAdder(),
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    renderer: structlog.typing.Processor = (
        structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty()) if console else structlog.processors.JSONRenderer()
    )
    number = getattr(logging, level.upper())
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, _without_values, renderer],
        )
    )
    top = logging.getLogger() if whole_process else logging.getLogger("toolpress")
    top.handlers[:] = [handler]
    top.setLevel(number)
    top.propagate = whole_process
    for name in _TALKATIVE:
        logging.getLogger(name).setLevel(max(number, logging.WARNING))


def _without_values(_log: Any, _name: str, event: structlog.typing.EventDict) -> structlog.typing.EventDict:
    """An exception that a library logs, as its class and where it came from: its message may hold an argument."""
    problem = event.pop("exc_info", None)
    if isinstance(problem, tuple) and problem[0] is not None:
        kind, _, trace = problem
        event["exception"] = "".join([*traceback.format_tb(trace), kind.__name__])
    return event


def request_id(offered: str | None) -> str:
    """The caller's request id when it is harmless to print, else a new one."""
    return offered if offered and _SAFE_ID.fullmatch(offered) else uuid.uuid4().hex


def refusal_log(*, request_id: str, method: str, status: int, code: str | None) -> None:
    """The line of an HTTP request that was refused before any tool was looked at."""
    _LOG.info("refused", request_id=request_id, method=method, status=status, code=code)


def current_request_id() -> str:
    return REQUEST_ID.get() or request_id(None)


def bus_log(error: Exception | None) -> None:
    """The line when other processes can no longer be told of changes, and the one when they can again."""
    if error is None:
        _LOG.info("bus_found")
    else:
        _LOG.warning("bus_lost", fault=type(error).__name__)


def call_log(
    *,
    request_id: str,
    tool: str | None = None,
    resource: str | None = None,
    outcome: str,
    duration_ms: float,
    caller: Principal | None,
    error: ToolpressError | None,
) -> None:
    """The line of one call or reading; an error gives its code, the upstream's status and the outcome of a write."""
    named = {"resource": resource} if tool is None else {"tool": tool}
    facts: dict[str, Any] = {"request_id": request_id, **named, "outcome": outcome, "duration_ms": duration_ms}
    if trace_id := TRACE_ID.get():
        facts["trace_id"] = trace_id
    if caller is not None:
        facts |= {"tenant": caller.tenant, "role": caller.role, "caller": caller.fingerprint}
    if error is not None:
        found = {"code": error.code, "status": error.status, "write": error.outcome}
        found["fault"] = "; ".join(getattr(error, "__notes__", ())) or None
        facts |= {name: value for name, value in found.items() if value is not None}
    fault = error is not None and error.code == ToolpressError.default_code
    _LOG.log(logging.ERROR if fault else logging.INFO, "call", **facts)
