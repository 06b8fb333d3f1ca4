"""Where arguments travel: our own words on properties, and what may share a place."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import get_args

from toolpress.contract import Location, Style
from toolpress_codegen.diagnostics import shown
from toolpress_codegen.resolve import parameter
from toolpress_codegen.rules.rule import Finding, Site, Subject

_OWNED = frozenset(
    {"authorization", "connection", "content-length", "content-type", "cookie", "host", "transfer-encoding"}
)
_OBJECT_STYLES = frozenset({"flatten", "file"})
_HEADER = re.compile(r"[A-Za-z0-9-]+")
_CHOICES = {"in": get_args(Location), "style": get_args(Style)}


def property_words(subject: Subject) -> Iterator[Finding]:
    for site in subject.sites:
        yield from _words(site)


def words_hold(site: Site) -> bool:
    """Whether the places of all arguments can be told."""
    return not any(True for _ in _words(site))


def _words(site: Site) -> Iterator[Finding]:
    for part in site.parts:
        schema, top = part.schema, len(part.path) == 3
        for word, choices in _CHOICES.items():
            if word in schema and schema[word] not in choices:
                hint = f"use one of: {', '.join(choices)}"
                yield site.finding((*part.path, word), f"{word} of {part.title} is {shown(schema[word])}", hint)
        if "wire_name" in schema and not (isinstance(schema["wire_name"], str) and schema["wire_name"]):
            yield site.finding((*part.path, "wire_name"), f"wire_name of {part.title} is no text", "put it in quotes")
        for word in ("secret", "role_ceiling"):
            if word in schema and not isinstance(schema[word], bool):
                yield site.finding((*part.path, word), f"{word} of {part.title} is no boolean", f"write {word}: true")
        for word in ("in", "wire_name", "style"):
            if word in schema and not top:
                message = f"{word} means nothing inside an argument"
                yield site.finding((*part.path, word), message, f"remove {word}; name the property as sent", "key")
        kind = "object" if schema.get("style") in _OBJECT_STYLES else "array"
        if top and "style" in schema and kind not in part.types:
            hint = f"remove style, or make {part.title} an {kind}"
            yield site.finding((*part.path, "style"), f"style: {schema['style']} is for {kind}s", hint, "key")


def argument_place(subject: Subject) -> Iterator[Finding]:
    owned = set(_OWNED)
    if subject.server is not None:
        authentication = subject.server.authentication
        owned |= {entry.header.lower() for entry in (*authentication.accept, authentication.send)}
    for site in subject.sites:
        if words_hold(site):
            yield from _places(site, owned)


def _places(site: Site, owned: set[str]) -> Iterator[Finding]:
    taken: dict[tuple[str, str], str] = {}
    for part in (part for part in site.parts if len(part.path) == 3):
        name, path = part.name, part.path
        param = parameter(name, dict(part.schema), site.tool)
        wire = param.wire_name.lower() if param.location == "header" else param.wire_name
        first = taken.setdefault((param.location, wire), name)
        if first != name:
            message = f"{name} and {first} both travel as {param.wire_name}"
            yield site.finding((*path, "wire_name"), message, "give each a wire_name of its own", "key")
        if param.location == "header" and wire in owned:
            message = f"header {param.wire_name} belongs to the runtime"
            yield site.finding((*path, "wire_name"), message, "remove the argument, or use another header")
        elif param.location == "header" and not _HEADER.fullmatch(wire):
            message = f"{shown(param.wire_name)} is no header name"
            yield site.finding((*path, "wire_name"), message, "use letters, digits and - as wire_name")
        if param.location == "body" and site.tool.request.method == "GET":
            yield site.finding((*path, "in"), "GET carries no body", "use in: query")
        if param.location in {"query", "header"} and "object" in part.types:
            message = f"an object cannot travel in a {param.location}"
            yield site.finding(path, f"{name}: {message}", "spread it over plain arguments", "key")
