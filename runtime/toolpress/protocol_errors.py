"""Our errors as the JSON-RPC errors of requests that have no error result of their own: all but `tools/call`."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import Any, TypeVar

import mcp_types
from fastmcp.exceptions import NotFoundError
from fastmcp.prompts.base import Prompt, PromptResult
from fastmcp.resources.base import Resource, ResourceResult
from fastmcp.resources.template import ResourceTemplate
from fastmcp.server.middleware import CallNext, Middleware, MiddlewareContext
from fastmcp.tools.base import Tool, ToolResult
from mcp.shared.exceptions import MCPError

from toolpress import fastmcp_seams
from toolpress.errors import InvalidArguments, ToolpressError, Unauthenticated, UnknownTool
from toolpress.executor import Executor
from toolpress.refusals import UNAUTHENTICATED, UNAVAILABLE

Message = TypeVar("Message")
Answer = TypeVar("Answer")


def protocol_error(error: ToolpressError) -> MCPError:
    """The error with all its facts as `data`."""
    data = {name: value for name, value in error.to_payload().items() if name not in ("success", "error")}
    return MCPError(code=_code(error), message=error.message, data=data)


def _code(error: ToolpressError) -> int:
    if isinstance(error, Unauthenticated):
        return UNAUTHENTICATED
    if isinstance(error, (InvalidArguments, UnknownTool)):
        return fastmcp_seams.INVALID_PARAMS
    return UNAVAILABLE


class FailedReading(ResourceResult):
    """A reading that went wrong: the error leaves as it is, without FastMCP's traceback in the log."""

    def __init__(self, error: ToolpressError) -> None:
        super().__init__([])
        self._error = error

    def to_mcp_result(self, uri: Any) -> mcp_types.ReadResourceResult:  # noqa: ARG002 - FastMCP's signature
        raise protocol_error(self._error)


class FailedPrompt(PromptResult):
    """The same for a prompt."""

    def __init__(self, error: ToolpressError) -> None:
        super().__init__([])
        self._error = error

    def to_mcp_prompt_result(self) -> mcp_types.GetPromptResult:
        raise protocol_error(self._error)


class KnownCaller(Middleware):
    """Lists and readings of a caller that cannot be told are refused: FastMCP would make empty lists of them."""

    def __init__(self, executor: Executor) -> None:
        self._executor = executor

    async def _vouched(
        self, context: MiddlewareContext[Message], call_next: Callable[[MiddlewareContext[Message]], Awaitable[Answer]]
    ) -> Answer:
        if fastmcp_seams.in_request():
            try:
                await self._executor.caller()
            except ToolpressError as error:
                raise protocol_error(error) from error
        return await call_next(context)

    async def on_list_tools(
        self,
        context: MiddlewareContext[mcp_types.ListToolsRequest],
        call_next: CallNext[mcp_types.ListToolsRequest, Sequence[Tool]],
    ) -> Sequence[Tool]:
        return await self._vouched(context, call_next)

    async def on_list_resources(
        self,
        context: MiddlewareContext[mcp_types.ListResourcesRequest],
        call_next: CallNext[mcp_types.ListResourcesRequest, Sequence[Resource]],
    ) -> Sequence[Resource]:
        return await self._vouched(context, call_next)

    async def on_list_resource_templates(
        self,
        context: MiddlewareContext[mcp_types.ListResourceTemplatesRequest],
        call_next: CallNext[mcp_types.ListResourceTemplatesRequest, Sequence[ResourceTemplate]],
    ) -> Sequence[ResourceTemplate]:
        return await self._vouched(context, call_next)

    async def on_read_resource(
        self,
        context: MiddlewareContext[mcp_types.ReadResourceRequestParams],
        call_next: CallNext[mcp_types.ReadResourceRequestParams, ResourceResult],
    ) -> ResourceResult:
        return await self._vouched(context, call_next)

    async def on_list_prompts(
        self,
        context: MiddlewareContext[mcp_types.ListPromptsRequest],
        call_next: CallNext[mcp_types.ListPromptsRequest, Sequence[Prompt]],
    ) -> Sequence[Prompt]:
        return await self._vouched(context, call_next)

    async def on_get_prompt(
        self,
        context: MiddlewareContext[mcp_types.GetPromptRequestParams],
        call_next: CallNext[mcp_types.GetPromptRequestParams, PromptResult],
    ) -> PromptResult:
        return await self._vouched(context, call_next)


class UnknownTools(Middleware):
    """A call of a tool that is none is refused in JSON-RPC: FastMCP would make a result of it."""

    def __init__(self, executor: Executor) -> None:
        self._executor = executor

    async def on_call_tool(
        self,
        context: MiddlewareContext[mcp_types.CallToolRequestParams],
        call_next: CallNext[mcp_types.CallToolRequestParams, ToolResult],
    ) -> ToolResult:
        try:
            return await call_next(context)
        except NotFoundError as error:
            self._executor.observer.unknown_tool()
            raise MCPError(
                code=fastmcp_seams.INVALID_PARAMS, message=f"Unknown tool: {context.message.name}"
            ) from error
