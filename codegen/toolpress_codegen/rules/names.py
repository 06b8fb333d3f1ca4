"""Names: what clients, prefixes and Python can carry, and no two alike."""

from __future__ import annotations

import keyword
import re
from collections.abc import Iterator

from toolpress_codegen.naming import argument_name as python_name
from toolpress_codegen.rules.rule import Entry, Finding, Rule, Subject
from toolpress_codegen.rules.schemas import sound
from toolpress_codegen.schemas import client_schema, definitions

_TOOL_NAME = re.compile(r"[a-z][a-z0-9_]*")
_ARGUMENT_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_LONGEST = 45
_RESERVED = frozenset({"client", "self", "models", "OPERATIONS"})


def tool_name(subject: Subject) -> Iterator[Finding]:
    for site in subject.sites:
        name = site.tool.name
        if not _TOOL_NAME.fullmatch(name):
            hint = "use lower-case words joined by _, such as create_agent"
            yield site.finding(("name",), f"{name!r} is not a tool name", hint)
        elif len(name) > _LONGEST:
            message = f"the name has {len(name)} characters; clients with a prefix of their own leave {_LONGEST}"
            yield site.finding(("name",), message, f"shorten it to {_LONGEST}")
        elif keyword.iskeyword(name) or name in _RESERVED:
            yield site.finding(("name",), f"{name} means something else in Python", "add a noun: verb_noun")


def tool_name_unique(subject: Subject) -> Iterator[Finding]:
    first: dict[str, Entry] = {}
    for entry in subject.entries:
        name = entry.text("name")
        if name is None:
            continue
        known = first.setdefault(name, entry)
        if known is not entry:
            line, _ = known.source.spot((*known.path, "name"))
            message = f"{name} is already the name of {known.source.file}:{line}"
            yield Finding(entry.source, (*entry.path, "name"), message, "rename or remove one of the two")


def module_unique(subject: Subject) -> Iterator[Finding]:
    homes: dict[str, str] = {}
    for source in sorted(subject.modules, key=lambda source: source.file):
        name = (source.data or {}).get("module")
        if not isinstance(name, str):
            continue
        home = homes.setdefault(name, source.file)
        if home != source.file:
            hint = "give each file a module name of its own"
            yield Finding(source, ("module",), f"module {name} is already {home}", hint)


def argument_name(subject: Subject) -> Iterator[Finding]:
    for site in subject.sites:
        emitted: dict[str, str] = {}
        for name in site.tool.input.properties:
            path = ("input", "properties", name)
            wire = f"rename it and set wire_name: {name}"
            other = emitted.setdefault(python_name(name), name)
            if not _ARGUMENT_NAME.fullmatch(name):
                hint = "use letters, digits and _, and give the upstream's spelling as wire_name"
                yield site.finding(path, f"{name!r} is not an argument name", hint, "key")
            elif name in _RESERVED or name.startswith("_"):
                yield site.finding(path, f"{name} is reserved in emitted functions", wire, "key")
            elif other != name:
                yield site.finding(path, f"{name} and {other} become the same Python name", wire, "key")


def model_name(subject: Subject) -> Iterator[Finding]:
    owners: dict[tuple[str, str], str] = {}
    for site in subject.sites:
        if not sound(site):
            continue
        for part in definitions(site.tool.name, client_schema(site.tool.input)):
            other = owners.setdefault((site.module, part.name), part.place)
            if other != part.place:
                message = f"{part.place} and {other} both need a model {part.name} in module {site.module}"
                yield site.finding(("name",), message, "rename one of the tools, or the argument behind it")


def catalog_folder(subject: Subject) -> Iterator[Finding]:
    if subject.server is not None and subject.server.catalog != subject.folder:
        message = f"catalog {subject.server.catalog} stands in the folder {subject.folder}"
        yield subject.at_server(("catalog",), message, "give both the same name")


RULES = (
    Rule(
        "tool-name",
        "Tool names are short lower-case words",
        "A name matches `^[a-z][a-z0-9_]*$`, has at most 45 characters and is no keyword of Python. Clients put their"
        " own prefix before it and cut or refuse what goes beyond 64.",
        tool_name,
    ),
    Rule(
        "duplicate-tool",
        "Tool names are unique in a catalogue",
        "All modules of a catalogue are served together. Both places are named.",
        tool_name_unique,
    ),
    Rule(
        "duplicate-module",
        "Module names are unique in a catalogue",
        "Each file becomes one Python module of the name under `module:`.",
        module_unique,
    ),
    Rule(
        "argument-name",
        "Argument names are Python names",
        "An argument matches `^[A-Za-z_][A-Za-z0-9_]*$`, does not begin with `_` and is none of `client`, `self`,"
        " `models` and `OPERATIONS`, which emitted functions use themselves. The upstream's spelling goes to"
        " `wire_name`.",
        argument_name,
    ),
    Rule(
        "model-name",
        "Models have names of their own",
        "A nested object becomes a class named after the tool and the arguments that lead to it. Two tools of one"
        " module must not arrive at the same class.",
        model_name,
    ),
    Rule(
        "catalog-folder",
        "A catalogue is named as its folder",
        "Commands and generated packages go by the one name, editors and reviewers see the other.",
        catalog_folder,
    ),
)
