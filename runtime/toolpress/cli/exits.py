"""Exit codes, the same for every command."""

from __future__ import annotations

from toolpress.errors import (
    ConfigurationError,
    InvalidArguments,
    ToolpressError,
    Unauthenticated,
    UnknownTool,
    UpstreamTimeout,
    UpstreamUnavailable,
)

OK = 0
FOUND = 1
"""Something was found or a tool answered with an error."""
USAGE = 2
CONFIGURATION = 3
UNREACHABLE = 4


INTERRUPTED = 130


def code_of(error: ToolpressError) -> int:
    """The code of an error that ends a command."""
    if isinstance(error, InvalidArguments | UnknownTool):
        return USAGE
    if isinstance(error, UpstreamUnavailable | UpstreamTimeout):
        return UNREACHABLE
    if isinstance(error, ConfigurationError) or (isinstance(error, Unauthenticated) and error.status is None):
        return CONFIGURATION
    return FOUND
