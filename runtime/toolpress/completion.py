"""Values for arguments of prompts and resource templates, while they are being typed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import mcp_types
from fastmcp.server.completions import CompletionReference

from toolpress.authorize import decide
from toolpress.errors import ToolpressError
from toolpress.executor import Executor
from toolpress.protocol_errors import protocol_error
from toolpress.surface import PromptArgument, Suggestion


class Completer:
    """Answers `completion/complete`; what the caller may not know of has no values, as has what does not exist."""

    def __init__(self, executor: Executor) -> None:
        self._executor = executor

    async def complete(
        self,
        reference: CompletionReference,
        argument: mcp_types.CompletionArgument,
        _context: mcp_types.CompletionContext | None,
    ) -> list[str]:
        catalog, surface = self._executor.index.catalog, self._executor.index.surface
        try:
            principal = (await self._executor.caller()).principal
        except ToolpressError as error:
            raise protocol_error(error) from error
        if isinstance(reference, mcp_types.ResourceTemplateReference):
            template = next((item for item in surface.templates if item.uri == reference.uri), None)
            if template and decide(principal, template, catalog).visible and argument.name == template.variable:
                return _beginning(template.values, argument.value)
            return []
        prompt = next((item for item in surface.prompts if item.name == reference.name), None)
        if prompt is None or not decide(principal, prompt, catalog).visible:
            return []
        known = next((item for item in prompt.arguments if item.name == argument.name), None)
        return [] if known is None else await self._values(known, argument.value)

    async def _values(self, argument: PromptArgument, typed: str) -> list[str]:
        if argument.suggest is None:
            return _beginning(argument.values, typed)
        tool = self._executor.index.get(argument.suggest.tool)
        if tool is None:
            return []
        try:
            answer = (await self._executor.run(tool, {})).payload
        except ToolpressError:
            return []  # a suggestion is worth no error
        items = answer.get(argument.suggest.items)
        return [
            str(item[argument.suggest.value])
            for item in (items if isinstance(items, list) else ())
            if isinstance(item, Mapping) and argument.suggest.value in item and _fits(item, argument.suggest, typed)
        ]


def _beginning(values: Iterable[str], typed: str) -> list[str]:
    return [value for value in values if value.casefold().startswith(typed.casefold())]


def _fits(item: Mapping[str, object], suggestion: Suggestion, typed: str) -> bool:
    wanted = typed.casefold()
    if str(item[suggestion.value]).casefold().startswith(wanted):
        return True
    return any(wanted in str(item.get(member) or "").casefold() for member in suggestion.match)
