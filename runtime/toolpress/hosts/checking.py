"""What is wrong with a host's file: where, what was expected, and what to do."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any

from toolpress.contract import Catalog
from toolpress.errors import ToolpressError
from toolpress.hosts.known import HOSTS, TYPES, Host
from toolpress.hosts.products import Found, of_product
from toolpress.hosts.reading import Document, UnreadableError, Where, read
from toolpress.proxy.settings import checked_url


@dataclass(frozen=True, slots=True)
class Problem:
    """One fault of a file."""

    line: int
    field: str
    expected: str
    fix: str


@dataclass(frozen=True, slots=True)
class Checked:
    """What a look at a file has found."""

    servers: int
    problems: tuple[Problem, ...]


def check(host: Host, text: str, catalogs: dict[str, Catalog]) -> Checked:
    """All that is wrong with the text of a host's file; `catalogs` are the products that we know."""
    try:
        document = read(host, text)
    except UnreadableError as error:
        return Checked(0, (Problem(error.line, "file", error.problem, error.fix),))
    problems = [
        Problem(document.line(found.where), ".".join(found.where) or "file", found.expected, found.fix)
        for found in _found(host, document, catalogs)
    ]
    servers = document.data.get(host.root) if isinstance(document.data, dict) else None
    in_order = sorted(problems, key=lambda problem: problem.line)
    return Checked(len(servers) if isinstance(servers, dict) else 0, tuple(in_order))


def _found(host: Host, document: Document, catalogs: dict[str, Catalog]) -> Iterator[Found]:
    data = document.data
    if not isinstance(data, dict):
        yield Found((), "one object is expected", f"begin with {{ and put the servers into {host.root}")
        return
    if host.root not in data:
        yield _without_root(host, data)
        return
    servers = data[host.root]
    if not isinstance(servers, dict):
        yield Found((host.root,), "an object of servers by their name is expected", "write a name before each server")
        return
    for name, entry in servers.items():
        where = (host.root, name)
        if not isinstance(entry, dict):
            yield Found(where, "an object is expected", "write command and args, or a URL, in braces")
            continue
        faults = list(_of_entry(host, where, entry))
        yield from faults
        if not faults:
            yield from of_product(host, where, entry, catalogs)


def _without_root(host: Host, data: dict[str, Any]) -> Found:
    for other in HOSTS:
        if other.root in data:
            return Found((other.root,), f"{host.title} calls this {host.root}", f"rename {other.root} to {host.root}")
    return Found((), f"the member {host.root} is expected", f"put the servers into {host.root}")


def _of_entry(host: Host, where: Where, entry: dict[str, Any]) -> Iterator[Found]:
    misspelled = list(_misspelled(host, where, entry))
    yield from misspelled
    urls = [word for word in ("url", "serverUrl", *host.url) if word in entry]
    if "command" in entry and urls:
        yield Found((*where, urls[0]), "either a command or a URL is expected", "remove one of the two")
    elif "command" in entry:
        yield from _of_program(where, entry)
    elif urls:
        yield from _of_address(host, where, entry, urls[0])
    elif not misspelled:
        ways = f"command, or {host.url[0]}" if host.url else "command"
        yield Found(where, f"{ways} is expected", "say how the server is reached: toolpress config prints an example")
    yield from _of_type(where, entry, bool(urls))


def _misspelled(host: Host, where: Where, entry: dict[str, Any]) -> Iterator[Found]:
    for word in entry:
        known = word in host.words or word in ("url", "serverUrl")
        near = get_close_matches(word, host.words, n=1, cutoff=0.75)
        if not known and near and near[0] not in entry:
            yield Found((*where, word), f"{near[0]} is expected", f"rename {word} to {near[0]}")


def _of_program(where: Where, entry: dict[str, Any]) -> Iterator[Found]:
    command = entry["command"]
    if not isinstance(command, str) or not command.strip():
        yield Found((*where, "command"), "the name of a program is expected", 'write it in quotes, as in "toolpress"')
    elif " " in command.strip() and "args" not in entry and not any(mark in command for mark in "/\\"):
        program = command.split()[0]
        yield Found(
            (*where, "command"), "a program without its arguments is expected", f"put what follows {program} into args"
        )
    yield from _list((*where, "args"), entry.get("args", []))
    yield from _map((*where, "env"), entry.get("env", {}), "NAME")


def _of_address(host: Host, where: Where, entry: dict[str, Any], word: str) -> Iterator[Found]:
    if not host.url:
        fix = f"start the proxy instead: toolpress config {host.name} NAME"
        yield Found((*where, word), f"{host.title} starts programs only: command is expected", fix)
        return
    if word not in host.url:
        yield Found((*where, word), f"{host.url[0]} is expected", f"rename {word} to {host.url[0]}")
        return
    address = entry[word]
    try:
        if not isinstance(address, str) or "${" not in address:
            checked_url(address if isinstance(address, str) else "", word)
    except ToolpressError as error:
        yield Found((*where, word), "an address with http:// or https:// is expected", str(error.fix))
    yield from _map((*where, host.headers), entry.get(host.headers, {}), "X-Api-Key")


def _of_type(where: Where, entry: dict[str, Any], has_url: bool) -> Iterator[Found]:
    kind = entry.get("type")
    if kind is None:
        return
    fitting = [name for name, needs_url in TYPES.items() if needs_url == has_url]
    if kind not in fitting:
        beside = "a URL" if has_url else "a command"
        yield Found((*where, "type"), f"beside {beside}, {' or '.join(fitting)} is expected", f"write {fitting[0]}")


def _list(where: Where, value: Any) -> Iterator[Found]:
    if not isinstance(value, list):
        yield Found(where, "a list is expected", 'write each argument for itself, as in ["proxy", "name"]')
        return
    yield from _texts(where, {str(number): member for number, member in enumerate(value)})


def _map(where: Where, value: Any, example: str) -> Iterator[Found]:
    if not isinstance(value, dict):
        yield Found(where, "an object is expected", f'write it as in {{"{example}": "value"}}')
        return
    yield from _texts(where, value)


def _texts(where: Where, members: dict[str, Any]) -> Iterator[Found]:
    for name, member in members.items():
        if not isinstance(member, str):
            yield Found((*where, name), "a text is expected", "put it in double quotes")
