"""One YAML file as plain data with the place of every key and value; pure, and never raises.

Mapping keys become strings, as in JSON. A file that cannot be understood has no data and at least one fault.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import islice
from typing import Any

import yaml

from toolpress_codegen.diagnostics import Diagnostic, one_line, shown
from toolpress_codegen.scalars import Scalar, UnportableNumberError, plain
from toolpress_codegen.source_file import (
    BOM,
    BOM_FAULT,
    DataPath,
    Place,
    SourceFile,
    Spot,
    UnusableError,
    decode,
    unprintable,
)

MAX_DEPTH = 40
MAX_ALIASED = 10_000
"""Nodes that aliases may add to a file."""

_QUICK: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
"""libyaml, where PyYAML was built with it."""

_TAG = "tag:yaml.org,2002:"
_TYPES: dict[str, tuple[type, ...]] = {
    f"{_TAG}str": (str,),
    f"{_TAG}int": (int,),
    f"{_TAG}float": (float, int),
    f"{_TAG}bool": (bool,),
    f"{_TAG}null": (type(None),),
}


@dataclass(frozen=True, slots=True)
class _Node:
    """A value before aliases are copied out; `size` counts its nodes and `height` the levels below it with them."""

    spot: Spot
    size: int = 1
    height: int = 0
    scalar: Scalar = None
    entries: tuple[tuple[str, Spot, _Node], ...] | None = None
    items: tuple[_Node, ...] | None = None


def read_yaml(file: str, raw: bytes) -> SourceFile:
    """Parse one document whose root is a mapping."""
    faults: list[Diagnostic] = []

    def report(rule: str, spot: Spot, message: str, hint: str) -> None:
        faults.append(Diagnostic(file, *spot, rule, one_line(message), hint))

    text = ""
    places: dict[DataPath, Place] = {}
    data: dict[str, Any] | None = None
    try:
        if raw.startswith(BOM):
            report(*BOM_FAULT)
        text = decode(raw)
        root = _Builder(_events(text), report).document()
        data = _plain(root, (), root.spot, places)
    except UnusableError as problem:
        report(*problem.fault)
    return SourceFile(file, text, data, places, tuple(faults))


def _spot(mark: Any) -> Spot:
    return mark.line + 1, mark.column + 1


def _events(text: str) -> Iterator[yaml.Event]:
    """What libyaml reads, which takes a thirtieth of the time; from where it stops, the reader in Python goes on.

    So faults have one wording. Tabs and a missing last line end are left to Python, as the two differ about them.
    """
    read = 0
    if "\t" not in text and text.endswith("\n"):
        with suppress(yaml.YAMLError, ValueError, OverflowError):
            for event in yaml.parse(text, Loader=_QUICK):
                read += 1
                yield event
            return
    yield from islice(_worded(text), read, None)


def _worded(text: str) -> Iterator[yaml.Event]:
    try:
        yield from yaml.parse(text, Loader=yaml.SafeLoader)
    except yaml.MarkedYAMLError as error:
        spot = _spot(error.problem_mark) if error.problem_mark else (1, 1)
        problem = error.problem or "this is not YAML"
        if "'\\t'" in problem:
            raise UnusableError(
                "yaml-tab", spot, "a tab stands where YAML wants spaces", "indent with spaces"
            ) from error
        context = f" ({error.context})" if error.context else ""
        raise UnusableError(
            "yaml-syntax", spot, f"{problem}{context}", "correct the YAML; quote special text"
        ) from error
    except (yaml.YAMLError, ValueError, OverflowError) as error:
        raise UnusableError("yaml-syntax", (1, 1), f"this is not YAML: {error}", "correct the YAML") from error


class _Builder:
    """Makes nodes of events. Faults that leave the rest readable are reported, others raise UnusableError."""

    def __init__(self, events: Iterator[yaml.Event], report: Callable[[str, Spot, str, str], None]) -> None:
        self._events = events
        self._report = report
        self._anchors: dict[str, _Node] = {}
        self._aliased = 0

    def document(self) -> _Node:
        next(self._events)
        if isinstance(next(self._events), yaml.StreamEndEvent):
            raise UnusableError("yaml-empty", (1, 1), "the file is empty", "fill it or delete it")
        first = next(self._events)
        if not isinstance(first, yaml.MappingStartEvent):
            message = "the file is not a mapping at its top"
            raise UnusableError("yaml-root", _spot(first.start_mark), message, "begin with `module:` or `catalog:`")
        root = self._node(first, 0)
        next(self._events)
        more = next(self._events)
        if isinstance(more, yaml.DocumentStartEvent):
            message = "a second YAML document begins"
            raise UnusableError("yaml-documents", _spot(more.start_mark), message, "keep one document to a file")
        return root

    def _node(self, event: Any, depth: int) -> _Node:
        spot = _spot(event.start_mark)
        if isinstance(event, yaml.AliasEvent):
            return self._alias(str(event.anchor), spot, depth)
        _shallow(depth, spot)
        if isinstance(event, yaml.ScalarEvent):
            node = _Node(spot, scalar=self._scalar(event, spot))
        else:
            mapping = isinstance(event, yaml.MappingStartEvent)
            if event.tag not in {None, "!", f"{_TAG}map" if mapping else f"{_TAG}seq"}:
                self._unknown_tag(event.tag, spot)
            node = self._mapping(spot, depth) if mapping else self._list(spot, depth)
        if event.anchor:
            self._anchors[event.anchor] = node
        return node

    def _alias(self, anchor: str, spot: Spot, depth: int) -> _Node:
        node = self._anchors.get(anchor)
        if node is None:
            message = f"alias *{anchor} has no finished anchor before it"
            raise UnusableError("yaml-alias", spot, message, "write the value out")
        self._aliased += node.size
        if self._aliased > MAX_ALIASED:
            message = f"aliases add more than {MAX_ALIASED} values"
            raise UnusableError("yaml-alias", spot, message, "write the values out")
        _shallow(depth + node.height, spot)
        return node

    def _list(self, spot: Spot, depth: int) -> _Node:
        items = []
        while not isinstance(event := next(self._events), yaml.SequenceEndEvent):
            items.append(self._node(event, depth + 1))
        return _Node(spot, *_extent(items), items=tuple(items))

    def _mapping(self, spot: Spot, depth: int) -> _Node:
        entries: dict[str, tuple[str, Spot, _Node]] = {}
        while not isinstance(event := next(self._events), yaml.MappingEndEvent):
            at = _spot(event.start_mark)
            key = self._key(event, at, depth)
            value = self._node(next(self._events), depth + 1)
            if key is None:
                continue
            if key in entries:
                line = entries[key][1][0]
                message = f"key {shown(key)} stands here and on line {line}"
                self._report("yaml-duplicate-key", at, message, "keep one of the two")
                continue
            entries[key] = (key, at, value)
        values = [value for _, _, value in entries.values()]
        return _Node(spot, *_extent(values), entries=tuple(entries.values()))

    def _key(self, event: yaml.Event, spot: Spot, depth: int) -> str | None:
        if not isinstance(event, yaml.ScalarEvent):
            self._node(event, depth + 1)
            self._report("yaml-key", spot, "a key is not a plain word", "use a string as the key")
            return None
        if event.value == "<<" and event.implicit[0]:
            self._report("yaml-key", spot, "merge keys (<<) do not exist in YAML 1.2", "write the keys out")
            return None
        if event.tag not in {None, "!", f"{_TAG}str"}:
            self._unknown_tag(event.tag, spot)
        return self._printable(event.value, spot)

    def _scalar(self, event: yaml.ScalarEvent, spot: Spot) -> Scalar:
        text = self._printable(event.value, spot)
        if event.tag in {"!", f"{_TAG}str"} or (event.tag is None and not event.implicit[0]):
            return text
        if event.tag is not None and event.tag not in _TYPES:
            self._unknown_tag(event.tag, spot)
            return text
        try:
            value = plain(text)
        except UnportableNumberError:
            message = f"{shown(text)} is not a number that every client can hold"
            self._report("yaml-number", spot, message, "use a finite number within 64 bits, or quote it")
            return 0
        if event.tag is not None and type(value) not in _TYPES[event.tag]:
            self._unknown_tag(event.tag, spot)
        return value

    def _printable(self, text: str, spot: Spot) -> str:
        odd = unprintable(text)
        if odd is None:
            return text
        self._report("yaml-encoding", spot, f"the text holds U+{ord(odd[0]):04X}", "leave control characters out")
        return "".join(c for c in text if not unprintable(c))

    def _unknown_tag(self, tag: str, spot: Spot) -> None:
        written = shown(tag.replace(_TAG, "!!"))
        self._report("yaml-tag", spot, f"tag {written} does not fit here", "leave tags out; quote what is text")


def _shallow(depth: int, spot: Spot) -> None:
    if depth > MAX_DEPTH:
        raise UnusableError("yaml-depth", spot, f"nested more than {MAX_DEPTH} levels", "flatten the data")


def _extent(nodes: Sequence[_Node]) -> tuple[int, int]:
    """Size and height of a collection of `nodes`."""
    return 1 + sum(node.size for node in nodes), 1 + max((node.height for node in nodes), default=-1)


def _plain(node: _Node, path: DataPath, key: Spot, places: dict[DataPath, Place]) -> Any:
    places[path] = Place(key, node.spot)
    if node.entries is not None:
        return {name: _plain(value, (*path, name), at, places) for name, at, value in node.entries}
    if node.items is not None:
        return [_plain(item, (*path, index), item.spot, places) for index, item in enumerate(node.items)]
    return node.scalar
