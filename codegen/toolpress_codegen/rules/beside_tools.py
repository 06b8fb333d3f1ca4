"""Resources, prompts and instructions of server.yaml, and the texts in prompts/."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping

from toolpress_codegen.manifest import PromptArgumentEntry, ReadEntry, ResourceEntry, Server, Tool
from toolpress_codegen.offer import VARIABLE, names
from toolpress_codegen.rules.patterns import unportable
from toolpress_codegen.rules.rule import Finding, Rule, Subject
from toolpress_codegen.shape import nearest
from toolpress_codegen.source_file import DataPath
from toolpress_codegen.wording import WordingError, instructions, prompt_texts


def offer_names(subject: Subject) -> Iterator[Finding]:
    server = subject.server
    if server is None:
        return
    for word, field, values in (
        ("resources", "uri", [entry.uri for entry in server.resources]),
        ("prompts", "name", [entry.name for entry in server.prompts]),
    ):
        for index, value in enumerate(values):
            if values.index(value) != index:
                message = f"{value} is already one of the {word}"
                yield subject.at_server((word, index, field), message, "rename or remove one of the two")
    for word, categories in (
        ("resources", [entry.category for entry in server.resources]),
        ("prompts", [entry.category for entry in server.prompts]),
    ):
        for index, category in enumerate(categories):
            if category not in server.categories:
                near = nearest(category, server.categories)
                hint = f"did you mean {near}?" if near else "declare it under categories"
                yield subject.at_server((word, index, "category"), f"{category} is no declared category", hint)


def resource_content(subject: Subject) -> Iterator[Finding]:
    tools = _tools(subject)
    for index, entry in enumerate(subject.server.resources if subject.server else ()):
        path: DataPath = ("resources", index)
        if (entry.read is None) == (entry.contracts is None):
            hint = "write read for what is read upstream, or contracts for what the files in contracts/ say"
            yield subject.at_server(path, f"{entry.uri} needs one of read and contracts", hint)
        wanted = 1 if entry.contracts == "each" else 0
        if len(VARIABLE.findall(entry.uri)) != wanted:
            hint = "only contracts: each has one {variable} in its uri"
            yield subject.at_server((*path, "uri"), f"{entry.uri} does not hold {wanted} variables", hint)
        if entry.contracts is not None and not subject.contracts:
            yield subject.at_server((*path, "contracts"), "the folder contracts/ is empty", "add a contract")
        if entry.read is not None:
            yield from _read(subject, (*path, "read"), entry.read, tools)
        yield from _changed_by(subject, path, entry, tools)


def _read(subject: Subject, path: DataPath, entry: ReadEntry, tools: Mapping[str, Tool]) -> Iterator[Finding]:
    if (entry.tool is None) == (entry.path is None):
        yield subject.at_server(path, "read needs one of tool and path", "name the tool, or the route that none has")
        return
    if entry.tool is None:
        if entry.arguments:
            yield subject.at_server((*path, "arguments"), "arguments go with a tool", "use query beside a path")
        if entry.fields and entry.data_as is None:
            yield subject.at_server((*path, "fields"), "fields need data_as", "name the list that has the items")
        return
    if entry.data_as is not None:
        yield subject.at_server((*path, "data_as"), "data_as goes with a path", "leave it out: the tool has its own")
    tool = tools.get(entry.tool)
    if tool is None:
        yield from _unknown_tool(subject, (*path, "tool"), entry.tool)
        return
    if tool.effect != "read" or tool.request.method != "GET" or tool.request.switch is not None:
        yield subject.at_server((*path, "tool"), f"{tool.name} is no plain GET", "name a read tool with one route")
    for name in entry.arguments:
        if name not in tool.input.properties:
            near = nearest(name, tool.input.properties)
            hint = f"did you mean {near}?" if near else "remove it"
            yield subject.at_server((*path, "arguments", name), f"{tool.name} has no argument {name}", hint)
    for name in tool.input.required:
        if name not in entry.arguments:
            yield subject.at_server(path, f"{tool.name} needs {name}", f"add {name} to arguments")


def _changed_by(subject: Subject, path: DataPath, entry: ResourceEntry, tools: Mapping[str, Tool]) -> Iterator[Finding]:
    if entry.changed_by and entry.read is None:
        hint = "leave changed_by out: contracts do not change while the server runs"
        yield subject.at_server((*path, "changed_by"), "only what is read upstream changes", hint)
    for index, name in enumerate(entry.changed_by):
        if name not in tools:
            yield from _unknown_tool(subject, (*path, "changed_by", index), name)
        elif tools[name].effect == "read":
            message = f"{name} is a read, which changes nothing"
            yield subject.at_server((*path, "changed_by", index), message, "leave it out")


def prompt_arguments(subject: Subject) -> Iterator[Finding]:
    tools = _tools(subject)
    for index, prompt in enumerate(subject.server.prompts if subject.server else ()):
        counted = Counter(argument.name for argument in prompt.arguments)
        for number, argument in enumerate(prompt.arguments):
            path: DataPath = ("prompts", index, "arguments", number)
            if counted[argument.name] > 1:
                yield subject.at_server((*path, "name"), f"{argument.name} stands twice", "rename one of the two")
            for message, hint in _argument(argument):
                yield subject.at_server(path, f"{argument.name} {message}", hint)
            if argument.suggest is not None:
                yield from _suggest(subject, (*path, "suggest", "tool"), argument.suggest.tool, tools)


def _argument(argument: PromptArgumentEntry) -> Iterator[tuple[str, str]]:
    problem = unportable(argument.pattern) if argument.pattern else None
    if problem:
        yield f"has a pattern that {problem}", "use plain groups, classes and quantifiers between ^ and $"
    if argument.enum and (argument.pattern or argument.suggest):
        yield "has an enum, so that nothing else is to be matched or suggested", "leave pattern and suggest out"
    if argument.required and argument.default is not None:
        yield "is required, so that its default is never taken", "leave one of the two out"
    if not argument.required and argument.default is None:
        yield "may be left out, but no text is written for that", "make it required, or give a default"
    if argument.enum and argument.default is not None and argument.default not in argument.enum:
        yield "has a default outside its enum", f"use one of: {', '.join(argument.enum)}"


def _suggest(subject: Subject, path: DataPath, name: str, tools: Mapping[str, Tool]) -> Iterator[Finding]:
    tool = tools.get(name)
    if tool is None:
        yield from _unknown_tool(subject, path, name)
    elif tool.effect != "read" or tool.input.required:
        yield subject.at_server(path, f"{name} is no read without required arguments", "name a listing tool")


def prompt_text(subject: Subject) -> Iterator[Finding]:
    server = subject.server
    if server is None or not subject.complete or len(subject.sites) < len(subject.entries):
        return  # what is missing may be what a text names
    tools, texts = _tools(subject), {name: file.text for name, file in subject.texts.items()}
    everything = names(server, tools, subject.contracts)
    for index, entry in enumerate(server.prompts):
        path: DataPath = ("prompts", index, "text")
        try:
            printed = prompt_texts(entry, texts, everything)
        except WordingError as error:
            yield _worded(subject, path, error)
            continue
        used = {piece for text in printed for piece in text.pieces[1::2]}
        same = {text.pieces for text in printed}
        for argument in entry.arguments:
            if not argument.enum and argument.name not in used:
                yield subject.at_server(path, f"{entry.text} does not use {argument.name}", "put it into the text")
        if len(same) < len(printed):
            message = f"{entry.text} is the same for several values of an enum"
            yield subject.at_server(path, message, "let the text depend on it, or drop the argument")
    if server.instructions:
        yield from _instructions(subject, server, server.instructions, texts, tools)


def _instructions(
    subject: Subject, server: Server, file: str, texts: Mapping[str, str], tools: Mapping[str, Tool]
) -> Iterator[Finding]:
    for role in server.roles:
        allowed = names(server, tools, subject.contracts, role)
        try:
            text = instructions(file, texts, allowed, role)
        except WordingError as error:
            yield _worded(subject, ("instructions",), error)
            continue
        for name in sorted(allowed.all_tools - allowed.tools):
            if re.search(rf"\b{name}\b", text):
                message = f"{file} tells the role {role} of {name}, which it may not call"
                yield subject.at_server(("instructions",), message, "ask may() before the sentence")


def _worded(subject: Subject, path: DataPath, error: WordingError) -> Finding:
    """At the line of the text where there is one, else at what names the text."""
    file, hint = subject.texts.get(error.file), "correct the text, or the name of the file"
    if file is None:
        return subject.at_server(path, error.message, hint)
    return Finding(file, (error.line,), error.message, hint)


def _unknown_tool(subject: Subject, path: DataPath, name: str) -> Iterator[Finding]:
    """Nothing for a tool that is there and has faults of its own."""
    written = [entry.text("name") or "" for entry in subject.entries]
    if subject.complete and name not in written:
        near = nearest(name, written)
        hint = f"did you mean {near}?" if near else "correct the name"
        yield subject.at_server(path, f"there is no tool {name}", hint)


def _tools(subject: Subject) -> dict[str, Tool]:
    return {site.tool.name: site.tool for site in subject.sites}


RULES = (
    Rule(
        "offer-names",
        "Resources and prompts have names of their own",
        "No two resources share a URI and no two prompts a name, and each is of a declared category, which says who may"
        " use it.",
        offer_names,
    ),
    Rule(
        "resource-content",
        "A resource says where its content comes from",
        "`read` names a read tool with a plain GET and all that it requires, or a route that no tool has; `contracts`"
        " shows the files in `contracts/`, with `each` one resource for each of them. `changed_by` names the tools"
        " after which subscribers are told to read again.",
        resource_content,
    ),
    Rule(
        "prompt-arguments",
        "Prompt arguments have a text for each value",
        "An argument with an enum picks one of the texts that the press writes; any other is put into the text as it"
        " is. What may be left out needs a default. Suggestions come from a listing tool.",
        prompt_arguments,
    ),
    Rule(
        "prompt-text",
        "Prompts and instructions can be printed, and name what exists",
        "The Jinja files in `prompts/` name tools, resources and prompts through `tool()`, `resource()` and `prompt()`,"
        " which refuse what does not exist. Instructions are printed for each role; they name only what that role may"
        " use, and ask `may()` where roles differ.",
        prompt_text,
    ),
)
