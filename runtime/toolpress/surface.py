"""What a catalogue offers beside its tools: resources, prompts, and instructions for each role.

Frozen dataclasses over the standard library, as in `contract`. The press writes a value of `Surface` as JSON,
`parse` reads it.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from toolpress.contract import JsonObject


@dataclass(frozen=True, slots=True)
class LiveRead:
    """The GET that fills a resource each time it is read.

    `fields` says what is shown of each item of the list under `data_as`, as pairs of the name shown and the upstream's;
    without it the items come as they are.
    """

    path: str
    query: tuple[tuple[str, str], ...] = ()
    data_as: str | None = None
    fields: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class ResourceInfo:
    """A resource: with `text` it holds the same for as long as the server runs, with `read` it is read upstream."""

    uri: str
    name: str
    title: str
    description: str
    category: str
    text: str | None = None
    read: LiveRead | None = None
    changed_by: tuple[str, ...] = ()
    """Tools whose success may change what it shows."""


@dataclass(frozen=True, slots=True)
class ResourceTemplateInfo:
    """Resources that differ in one part of their URI, `{variable}`; each of them is listed for itself too."""

    uri: str
    name: str
    title: str
    description: str
    category: str
    variable: str
    values: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Suggestion:
    """Where values for an argument are found: in each item of a list that a tool answers with.

    A value is suggested when it begins with what was typed, or one of the members `match` holds that.
    """

    tool: str
    items: str
    value: str
    match: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class PromptArgument:
    """One argument of a prompt, always a text. Without `required` and not given it is `default`."""

    name: str
    description: str
    required: bool
    values: tuple[str, ...] = ()
    default: str | None = None
    pattern: str | None = None
    suggest: Suggestion | None = None


@dataclass(frozen=True, slots=True)
class PromptText:
    """The text for one choice of the arguments that have `values`: pieces, and between two of them an argument."""

    choices: tuple[tuple[str, str], ...]
    pieces: tuple[str, ...]
    """Texts at even places, names of arguments at odd ones."""


@dataclass(frozen=True, slots=True)
class PromptInfo:
    """A guided workflow."""

    name: str
    title: str
    description: str
    category: str
    arguments: tuple[PromptArgument, ...]
    texts: tuple[PromptText, ...]


@dataclass(frozen=True, slots=True)
class Surface:
    """What a catalogue offers beside its tools; `instructions` are pairs of role and text."""

    resources: tuple[ResourceInfo, ...] = ()
    templates: tuple[ResourceTemplateInfo, ...] = ()
    prompts: tuple[PromptInfo, ...] = ()
    instructions: tuple[tuple[str, str], ...] = ()


EMPTY = Surface()


def parse(raw: JsonObject) -> Surface:
    """The surface from what `dataclasses.asdict` made of it and JSON of that."""
    return Surface(
        resources=tuple(_resource(item) for item in raw["resources"]),
        templates=tuple(ResourceTemplateInfo(**{**item, "values": tuple(item["values"])}) for item in raw["templates"]),
        prompts=tuple(_prompt(item) for item in raw["prompts"]),
        instructions=_pairs(raw["instructions"]),
    )


def _resource(item: JsonObject) -> ResourceInfo:
    live = item["read"]
    read = live and LiveRead(**{**live, "query": _pairs(live["query"]), "fields": _pairs(live["fields"])})
    return ResourceInfo(**{**item, "read": read, "changed_by": tuple(item["changed_by"])})


def _prompt(item: JsonObject) -> PromptInfo:
    arguments = tuple(_argument(argument) for argument in item["arguments"])
    texts = tuple(PromptText(_pairs(text["choices"]), tuple(text["pieces"])) for text in item["texts"])
    return PromptInfo(**{**item, "arguments": arguments, "texts": texts})


def _argument(item: JsonObject) -> PromptArgument:
    found = item["suggest"]
    suggest = found and Suggestion(**{**found, "match": tuple(found["match"])})
    return PromptArgument(**{**item, "values": tuple(item["values"]), "suggest": suggest})


def _pairs(rows: Iterable[Iterable[Any]]) -> tuple[tuple[Any, Any], ...]:
    return tuple((first, second) for first, second in rows)
