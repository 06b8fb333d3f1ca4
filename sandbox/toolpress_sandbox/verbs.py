"""The operations that need no code of their own: list, get, create, update, delete, toggle, move.

A manifest's `sandbox:` line is `{do: VERB, of: COLLECTION}` and, for a list, the words that `_Words` names. The last
path argument is the row's id, the others are members that the row must have.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from toolpress.contract import JsonObject
from toolpress_sandbox.calls import Call, shown
from toolpress_sandbox.definition import CollectionDef, Definition, OperationDef
from toolpress_sandbox.paging import PAGES
from toolpress_sandbox.replies import Refusal, Reply

WORDS: Mapping[str, frozenset[str]] = MappingProxyType(
    {
        "list": frozenset(
            {"as", "filter", "search", "sort", "page", "where", "hide_unless", "keep_if", "with_deleted"}
        ),
        "get": frozenset({"as"}),
        "create": frozenset({"as", "unique"}),
        "update": frozenset({"as"}),
        "delete": frozenset({"hard_if"}),
        "toggle": frozenset({"as"}),
        "move": frozenset({"as", "member", "from", "to", "stamp"}),
    }
)
"""The words beside `do` and `of`, and beside `bare`, which every operation may have.

`filter`: arguments equal to the member of the same name, or {argument: member}. `search`: {argument: [members]}.
`sort`: member, `-member` for newest first. `page`: one of `paging.PAGES`. `where`: fixed members.
`hide_unless`: {argument: members of rows that show only when it is true}. `keep_if`: {argument: members that a row
must have when it is true}. `with_deleted`: argument that shows soft-deleted rows too. `unique`: members that no
two rows of one parent share. `hard_if`: argument that deletes for good. `as`: name of the answer's main part.
`move` leads `member` (status) to the state `to` if it is one of `from`, and writes the time to the member `stamp`.
"""


_EVERYWHERE = {"do", "of", "bare"}


def unknown_words(operation: OperationDef, definition: Definition) -> list[str]:
    """What is wrong with an operation's behaviour, as texts."""
    words = operation.behaviour
    verb = str(words.get("do"))
    if verb not in WORDS:
        return [f"{operation.name}: unknown verb {verb!r}"]
    if words.get("of") not in definition.collections:
        return [f"{operation.name}: unknown collection {words.get('of')!r}"]
    return [f"{operation.name}: {verb} knows no word {word!r}" for word in set(words) - WORDS[verb] - _EVERYWHERE]


def run(call: Call) -> Reply:
    """Interpret the operation's behaviour."""
    spec = call.definition.collections[call.operation.behaviour["of"]]
    return _VERBS[call.operation.behaviour["do"]](call, spec)


def select(call: Call, spec: CollectionDef, words: JsonObject) -> list[JsonObject]:
    """The rows that a list's words keep, sorted, before paging."""
    deleted = bool(words.get("with_deleted") and call.arguments.get(words["with_deleted"]))
    rows = call.records.all(spec.name, deleted=deleted, **_parents(call, spec, last=True), **words.get("where", {}))
    for argument, member in _pairs(words.get("filter", ())):
        if argument in call.arguments:
            rows = [row for row in rows if row.get(member) == call.arguments[argument]]
    for argument, members in words.get("search", {}).items():
        if call.arguments.get(argument):
            wanted = str(call.arguments[argument]).casefold()
            rows = [row for row in rows if any(wanted in str(row.get(m) or "").casefold() for m in members)]
    for argument, members in words.get("hide_unless", {}).items():
        # A filter on the hidden value itself shows it: `status=archived` lists the archived ones.
        if not call.arguments.get(argument) and not any(call.arguments.get(m) == v for m, v in members.items()):
            rows = [row for row in rows if not _has(row, members)]
    for argument, members in words.get("keep_if", {}).items():
        if call.arguments.get(argument):
            rows = [row for row in rows if _has(row, members)]
    return sort(rows, words.get("sort"))


def sort(rows: list[JsonObject], by: str | None) -> list[JsonObject]:
    if not by:
        return rows
    member = by.lstrip("-")
    return sorted(rows, key=lambda row: (row.get(member) is not None, row.get(member)), reverse=by.startswith("-"))


def _list(call: Call, spec: CollectionDef) -> Reply:
    words = call.operation.behaviour
    rows = select(call, spec, words)
    parts = PAGES[words.get("page", "whole")](call, _part(call), rows, lambda row: shown(spec, row, listed=True))
    return _reply(call, spec, parts)


def _get(call: Call, spec: CollectionDef) -> Reply:
    return _reply(call, spec, {_part(call): shown(spec, _row(call, spec))})


def _create(call: Call, spec: CollectionDef) -> Reply:
    parents = _parents(call, spec, last=True)
    row = {**call.arguments, **parents}
    for member in call.operation.behaviour.get("unique", ()):
        wanted: JsonObject = {**parents, member: row.get(member)}
        if call.records.all(spec.name, **wanted):
            raise Refusal(409, "CONFLICT", f"{spec.label} with this {member} exists", {"field": member})
    return _reply(call, spec, {_part(call): shown(spec, call.records.insert(spec.name, row))})


def _update(call: Call, spec: CollectionDef) -> Reply:
    row = call.records.update(spec.name, _row(call, spec)[spec.id_field], call.changes())
    return _reply(call, spec, {_part(call): shown(spec, row)})


def _delete(call: Call, spec: CollectionDef) -> Reply:
    row = _row(call, spec)
    hard_if = call.operation.behaviour.get("hard_if")
    hard = True if hard_if and call.arguments.get(hard_if) else None
    call.records.remove(spec.name, row[spec.id_field], hard=hard)
    said = call.definition.wire.deleted
    answer = {call.operation.path_arguments()[-1]: row[spec.id_field], "deleted": True} if said is None else said
    return _reply(call, spec, dict(answer))


def _toggle(call: Call, spec: CollectionDef) -> Reply:
    row = _row(call, spec)
    changes = {name: value for name, value in call.arguments.items() if isinstance(value, bool)}
    return _reply(call, spec, {_part(call): shown(spec, call.records.update(spec.name, row[spec.id_field], changes))})


def _move(call: Call, spec: CollectionDef) -> Reply:
    words, row = call.operation.behaviour, _row(call, spec)
    member, allowed = words.get("member", "status"), words["from"]
    if row.get(member) not in allowed:
        text = f"{spec.label} is {row.get(member)}; this needs {' or '.join(map(str, allowed))}"
        raise Refusal(409, "CONFLICT", text, {"field": member, "message": text})
    changes = {
        **call.changes(),
        member: words["to"],
        **({words["stamp"]: call.records.now()} if "stamp" in words else {}),
    }
    row = call.records.update(spec.name, row[spec.id_field], changes)
    return _reply(call, spec, {_part(call): shown(spec, row)})


_VERBS = {
    "list": _list,
    "get": _get,
    "create": _create,
    "update": _update,
    "delete": _delete,
    "toggle": _toggle,
    "move": _move,
}


def _reply(call: Call, spec: CollectionDef, parts: JsonObject) -> Reply:
    """The parts with the product's own sentence, if it has one for the verb."""
    verb = call.operation.behaviour["do"]
    return Reply({**call.definition.wire.message(verb, spec.label, spec.plural), **parts})


def _row(call: Call, spec: CollectionDef) -> JsonObject:
    row_id = call.arguments[call.operation.path_arguments()[-1]]
    return call.records.get(spec.name, str(row_id), **_parents(call, spec, last=False))


def _parents(call: Call, spec: CollectionDef, *, last: bool) -> JsonObject:
    """The members that the path fixes; `last` counts the last path argument among them. The owner must exist."""
    names = call.operation.path_arguments()
    parents = {name: call.arguments[name] for name in (names if last else names[:-1])}
    if spec.parent in parents and spec.parent_collection:
        call.records.get(spec.parent_collection, parents[spec.parent])
    return parents


def _part(call: Call) -> str:
    return str(call.operation.behaviour.get("as") or call.operation.data_as or "data")


def _pairs(words: Any) -> list[tuple[str, str]]:
    return list(words.items()) if isinstance(words, Mapping) else [(name, name) for name in words]


def _has(row: JsonObject, members: JsonObject) -> bool:
    return all(row.get(name) == value for name, value in members.items())
