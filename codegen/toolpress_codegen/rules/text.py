"""Texts that agents choose tools by."""

from __future__ import annotations

from collections.abc import Iterator

from toolpress_codegen.resolve import described
from toolpress_codegen.rules.rule import Finding, Rule, Subject
from toolpress_codegen.rules.schemas import sound
from toolpress_codegen.schemas import client_schema

_SHORTEST, _LONGEST, _WHOLE = 20, 1024, 1536
_CLOSING = ("Required:", "Values:", "Example:")


def description_length(subject: Subject) -> Iterator[Finding]:
    for site in subject.sites:
        size = len(" ".join(site.tool.description.split()))
        if not _SHORTEST <= size <= _LONGEST:
            hint = f"use {_SHORTEST} to {_LONGEST}: what it does, when to use it, what to use instead"
            yield site.finding(("description",), f"the description has {size} characters", hint)


def description_copy(subject: Subject) -> Iterator[Finding]:
    for site in subject.sites:
        tool = site.tool
        if _letters(tool.description) in {_letters(tool.name), _letters(tool.title)}:
            hint = "tell what it does, when to use it and what to use instead"
            yield site.finding(("description",), "the description only repeats the name", hint)


def call_notes(subject: Subject) -> Iterator[Finding]:
    for site in subject.sites:
        for word in _CLOSING:
            if any(line.lstrip().startswith(word) for line in site.tool.description.splitlines()):
                hint = f"leave {word} to the press, which takes it from the schema and the first example"
                yield site.finding(("description",), f"the description writes {word} itself", hint)
        if sound(site):
            size = len(described(site.tool, client_schema(site.tool.input)))
            if size > _WHOLE:
                message = f"the description has {size} characters with what the press adds; {_WHOLE} are read"
                yield site.finding(("description",), message, "shorten it, the first example or the enums")


def argument_description(subject: Subject) -> Iterator[Finding]:
    for site in subject.sites:
        for part in site.parts:
            if not part.name:
                continue
            text = part.schema.get("description")
            if not isinstance(text, str) or not text.strip():
                hint = "add description: what it means, and where the value comes from"
                yield site.finding(part.path, f"{part.title} has no description", hint, "key")
            elif _letters(text) == _letters(part.name):
                hint = "say what it means, and where the value comes from"
                message = f"the description of {part.title} only repeats its name"
                yield site.finding((*part.path, "description"), message, hint)


def _letters(text: str) -> str:
    return "".join(character for character in text.casefold() if character.isalnum())


RULES = (
    Rule(
        "description-length",
        "Descriptions have 20 to 1024 characters",
        "Too little leaves an agent guessing between tools; longer texts are cut by some clients, and every agent pays"
        " for them on every listing.",
        description_length,
    ),
    Rule(
        "description-copy",
        "Descriptions say more than the name",
        "A description that repeats name or title tells an agent nothing new.",
        description_copy,
    ),
    Rule(
        "call-notes",
        "Descriptions close with what a call needs",
        "The press ends every description with the required arguments, the values of every enum and one example, so"
        " that an agent needs nothing else to call the tool. The text before must not do so itself, and the whole has"
        f" at most {_WHOLE} characters.",
        call_notes,
    ),
    Rule(
        "argument-description",
        "Every argument is described",
        "Nested properties too: what the value means, and where it comes from, beyond its name.",
        argument_description,
    ),
)
