"""Prompts: the text for the chosen values, with the other arguments put in as they are."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

import mcp_types
from fastmcp.prompts.base import Prompt, PromptResult
from fastmcp.prompts.base import PromptArgument as ListedArgument
from pydantic import PrivateAttr

from toolpress.errors import InvalidArguments
from toolpress.protocol_errors import FailedPrompt
from toolpress.surface import PromptArgument, PromptInfo


class CatalogPrompt(Prompt):
    """One prompt of a catalogue."""

    _info: PromptInfo = PrivateAttr()

    @classmethod
    def make(cls, info: PromptInfo) -> CatalogPrompt:
        listed = [
            ListedArgument(name=argument.name, description=_described(argument), required=argument.required)
            for argument in info.arguments
        ]
        prompt = cls(name=info.name, title=info.title, description=info.description, arguments=listed)
        prompt._info = info
        return prompt

    def to_mcp_prompt(self, **overrides: Any) -> mcp_types.Prompt:
        """Without FastMCP's empty list of tags."""
        return super().to_mcp_prompt(**{**overrides, "_meta": None})

    async def render(self, arguments: dict[str, Any] | None = None) -> PromptResult:
        try:
            return PromptResult(text(self._info, arguments or {}), description=self._info.description)
        except InvalidArguments as error:
            return FailedPrompt(error)


def text(info: PromptInfo, arguments: Mapping[str, Any]) -> str:
    """The prompt's text.

    Raises:
        InvalidArguments: An argument is missing, unknown or not one of its values; the message does not repeat it.
    """
    known = [argument.name for argument in info.arguments]
    unknown = next((name for name in arguments if name not in known), None)
    if unknown is not None:
        raise _refused(unknown, f"is not an argument of {info.name}", f"Use {', '.join(known) or 'none'}.")
    values = dict(_values(info, arguments))
    chosen = next(item for item in info.texts if all(values[name] == value for name, value in item.choices))
    return "".join(piece if place % 2 == 0 else values[piece] for place, piece in enumerate(chosen.pieces))


def _values(info: PromptInfo, arguments: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for argument in info.arguments:
        value = arguments.get(argument.name, argument.default)
        if value is None:
            raise _refused(argument.name, "is required", argument.description)
        if not isinstance(value, str):
            raise _refused(argument.name, "must be a text", argument.description)
        if argument.values and value not in argument.values:
            raise _refused(argument.name, f"must be one of {', '.join(argument.values)}", "Choose one of them.")
        if argument.pattern and not re.fullmatch(argument.pattern, value):
            raise _refused(argument.name, f"must match {argument.pattern}", argument.description)
        yield argument.name, value


def _described(argument: PromptArgument) -> str:
    """The protocol has no enum and no default for prompt arguments; so the description tells them."""
    parts = [argument.description]
    if argument.values:
        parts.append(f"One of: {', '.join(argument.values)}.")
    if argument.default is not None:
        parts.append(f"Default: {argument.default}.")
    return " ".join(parts)


def _refused(name: str, problem: str, fix: str) -> InvalidArguments:
    return InvalidArguments(f"Invalid argument {name}: {problem}.", field=name, fix=fix)
