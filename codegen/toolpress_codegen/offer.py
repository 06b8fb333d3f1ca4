"""What a catalogue offers beside its tools, from its manifest: resources, prompts, instructions."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any
from urllib.parse import quote

from toolpress.surface import (
    LiveRead,
    PromptArgument,
    PromptInfo,
    ResourceInfo,
    ResourceTemplateInfo,
    Suggestion,
    Surface,
)
from toolpress_codegen.contract_examples import examples_of
from toolpress_codegen.manifest import JsonSchema, PromptEntry, ReadEntry, ResourceEntry, Server, Tool
from toolpress_codegen.wording import Names, instructions, prompt_texts

VARIABLE = re.compile(r"\{([^{}]*)\}")


def offered(
    server: Server, tools: Iterable[Tool], contracts: Mapping[str, JsonSchema], texts: Mapping[str, str]
) -> Surface:
    """The surface of a catalogue without faults; raises WordingError for a text that cannot be printed."""
    by_name = {tool.name: tool for tool in tools}
    everything = names(server, by_name, contracts)
    return Surface(
        resources=tuple(info for entry in server.resources for info in _resources(entry, by_name, contracts)),
        templates=tuple(_template(entry, contracts) for entry in server.resources if entry.contracts == "each"),
        prompts=tuple(_prompt(entry, texts, everything) for entry in server.prompts),
        instructions=tuple(_instructions(server, by_name, contracts, texts)),
    )


def names(
    server: Server, tools: Mapping[str, Tool], contracts: Mapping[str, JsonSchema], role: str | None = None
) -> Names:
    """What a text may name: all that there is, or what one role may use."""

    def open_to(category: str) -> bool:
        entry = server.categories.get(category)
        return role is None or (entry is not None and role in entry.roles)

    uris = {uri for entry in server.resources if open_to(entry.category) for uri in _uris(entry, contracts)}
    return Names(
        tools=frozenset(name for name, tool in tools.items() if open_to(tool.category)),
        resources=frozenset(uris),
        prompts=frozenset(entry.name for entry in server.prompts if open_to(entry.category)),
        all_tools=frozenset(tools),
    )


def _uris(entry: ResourceEntry, contracts: Mapping[str, JsonSchema]) -> Iterator[str]:
    yield entry.uri
    if entry.contracts == "each":
        yield from (VARIABLE.sub(name, entry.uri) for name in contracts)


def _resources(
    entry: ResourceEntry, tools: Mapping[str, Tool], contracts: Mapping[str, JsonSchema]
) -> Iterator[ResourceInfo]:
    if entry.contracts == "each":
        for name, contract in contracts.items():
            yield ResourceInfo(
                uri=VARIABLE.sub(name, entry.uri),
                name=name,
                title=f"{entry.title}: {contract.get('title', name)}",
                description=contract.get("description") or entry.description,
                category=entry.category,
                text=_json(contract),
            )
        return
    yield ResourceInfo(
        uri=entry.uri,
        name=entry.name,
        title=entry.title,
        description=entry.description,
        category=entry.category,
        text=_json(examples_of(contracts)) if entry.contracts == "examples" else None,
        read=_live(entry.read, tools) if entry.read else None,
        changed_by=entry.changed_by,
    )


def _instructions(
    server: Server, tools: Mapping[str, Tool], contracts: Mapping[str, JsonSchema], texts: Mapping[str, str]
) -> Iterator[tuple[str, str]]:
    if server.instructions is None:
        return
    for role in server.roles:
        yield role, instructions(server.instructions, texts, names(server, tools, contracts, role), role)


def _template(entry: ResourceEntry, contracts: Mapping[str, JsonSchema]) -> ResourceTemplateInfo:
    return ResourceTemplateInfo(
        uri=entry.uri,
        name=entry.name,
        title=entry.title,
        description=entry.description,
        category=entry.category,
        variable=VARIABLE.findall(entry.uri)[0],
        values=tuple(contracts),
    )


def _live(entry: ReadEntry, tools: Mapping[str, Tool]) -> LiveRead:
    fields = tuple(entry.fields.items())
    if entry.tool is None:
        return LiveRead(entry.path or "/", tuple(entry.query.items()), entry.data_as, fields)
    tool = tools[entry.tool]
    path, query = tool.request.path, []
    for name, value in entry.arguments.items():
        text = value if isinstance(value, str) else json.dumps(value)
        if f"{{{name}}}" in path:
            path = path.replace(f"{{{name}}}", quote(text, safe=""))
        else:
            query.append((tool.input.properties[name].get("wire_name", name), text))
    return LiveRead(path, (*query, *entry.query.items()), tool.response.data_as, fields)


def _prompt(entry: PromptEntry, texts: Mapping[str, str], known: Names) -> PromptInfo:
    arguments = tuple(
        PromptArgument(
            name=argument.name,
            description=argument.description,
            required=argument.required,
            values=argument.enum,
            default=argument.default,
            pattern=argument.pattern,
            suggest=Suggestion(**argument.suggest.model_dump()) if argument.suggest else None,
        )
        for argument in entry.arguments
    )
    return PromptInfo(
        entry.name, entry.title, entry.description, entry.category, arguments, prompt_texts(entry, texts, known)
    )


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)
