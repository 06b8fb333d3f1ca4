"""Print the texts of prompts and instructions from their Jinja files; pure.

A text names tools, resources and prompts through `tool()`, `resource()` and `prompt()`, so that a name that does not
exist, or that its reader may not use, is a fault of the text. In instructions `may()` asks whether the reader may call
a tool. A slot, where the runtime puts in an argument, is printed as the argument's name between two NUL signs, which no
file may hold.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import product
from traceback import extract_tb

from jinja2 import FunctionLoader, StrictUndefined, TemplateError, TemplateNotFound, TemplateSyntaxError
from jinja2.sandbox import ImmutableSandboxedEnvironment

from toolpress.surface import PromptText
from toolpress_codegen.manifest import PromptEntry

_SLOT = "\0"


class WordingError(Exception):
    """A text cannot be printed; `file` is its name within prompts/, or of the one that it includes."""

    def __init__(self, file: str, line: int, message: str) -> None:
        super().__init__(f"{file}:{line}: {message}")
        self.file, self.line, self.message = file, line, message


class _UnknownNameError(TemplateError):
    """A text names what there is not."""


@dataclass(frozen=True, slots=True)
class Names:
    """What a text may name, and `all_tools`, of which it may ask."""

    tools: frozenset[str]
    resources: frozenset[str]
    prompts: frozenset[str]
    all_tools: frozenset[str]

    def tool(self, name: str) -> str:
        return _known(name, self.tools, "tool")

    def resource(self, uri: str) -> str:
        return _known(uri, self.resources, "resource")

    def prompt(self, name: str) -> str:
        return _known(name, self.prompts, "prompt")

    def may(self, name: str) -> bool:
        return _known(name, self.all_tools, "tool") in self.tools


def prompt_texts(entry: PromptEntry, texts: Mapping[str, str], names: Names) -> tuple[PromptText, ...]:
    """One text for each choice of the arguments that have an enum. Raises WordingError."""
    choosing = [argument for argument in entry.arguments if argument.enum]
    slots = {argument.name: f"{_SLOT}{argument.name}{_SLOT}" for argument in entry.arguments if not argument.enum}
    found = []
    for values in product(*(argument.enum for argument in choosing)):
        choices = tuple((argument.name, value) for argument, value in zip(choosing, values, strict=True))
        text = _printed(entry.text, texts, names, {**slots, **dict(choices)})
        found.append(PromptText(choices, tuple(text.split(_SLOT))))
    return tuple(found)


def instructions(file: str, texts: Mapping[str, str], names: Names, role: str) -> str:
    """The text for one role. Raises WordingError."""
    return _printed(file, texts, names, {"role": role})


def _printed(file: str, texts: Mapping[str, str], names: Names, values: Mapping[str, str]) -> str:
    functions = {"tool": names.tool, "resource": names.resource, "prompt": names.prompt, "may": names.may}
    try:
        return _environment(texts).get_template(file).render(**values, **functions).strip()
    except TemplateNotFound as error:
        raise WordingError(file, 1, f"there is no file {error.name} in prompts/") from error
    except TemplateSyntaxError as error:
        raise WordingError(error.filename or file, error.lineno, str(error.message)) from error
    except (TemplateError, TypeError, ValueError) as error:
        raise WordingError(*_place(error, file, texts), str(error)) from error


def _environment(texts: Mapping[str, str]) -> ImmutableSandboxedEnvironment:
    def source(name: str) -> tuple[str, str, None] | None:
        return (texts[name], name, None) if name in texts else None

    return ImmutableSandboxedEnvironment(
        loader=FunctionLoader(source),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        autoescape=False,
    )


def _place(error: Exception, file: str, texts: Mapping[str, str]) -> tuple[str, int]:
    """The innermost line of a template that led to the error."""
    frames = [frame for frame in extract_tb(error.__traceback__) if frame.filename in texts]
    return (frames[-1].filename, frames[-1].lineno or 1) if frames else (file, 1)


def _known(name: str, known: frozenset[str], kind: str) -> str:
    if name not in known:
        raise _UnknownNameError(f"there is no {kind} {name} for this reader")
    return name
