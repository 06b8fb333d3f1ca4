"""Pydantic's opinion of one entry, told as faults at the exact key or value."""

from __future__ import annotations

import json
import re
import types
from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from typing import Any, TypeVar, Union, get_args, get_origin

from pydantic import BaseModel, ValidationError

from toolpress_codegen.diagnostics import Diagnostic, one_line, shown
from toolpress_codegen.manifest import Hints
from toolpress_codegen.source_file import At, DataPath, SourceFile, Spot

Model = TypeVar("Model", bound=BaseModel)

_WORDS = {"yes": "true", "on": "true", "no": "false", "off": "false"}
_SUBJECT = re.compile("(Input|Tuple|Dictionary) ")
_HINTS = {
    "bool_type": "write true or false",
    "string_type": "write text; put it in quotes when it looks like a number, true, false or null",
    "dict_type": "write a mapping: key: value",
    "model_type": "write a mapping: key: value",
    "tuple_type": "write a list: [one, two]",
    "too_short": "add an item",
    "string_too_short": "fill it in",
    "int_type": "write a whole number without quotes",
    "float_type": "write a number without quotes",
}


def parse(model: type[Model], data: Any) -> Model:
    """Strict, as JSON: `no` is no boolean and 1 is no text. Raises ValidationError."""
    return model.model_validate_json(json.dumps(data), strict=True)


def shape_faults(source: SourceFile, model: type[BaseModel], error: ValidationError) -> Iterator[Diagnostic]:
    """One fault for each place; the opinions of a union's members are one."""
    seen: set[tuple[str, Spot, str]] = set()
    for detail in error.errors(include_url=False, include_context=True):
        if detail["type"] == "too_short" and len(detail["input"]) >= detail["ctx"]["min_length"]:
            continue  # Pydantic does not count items that have faults of their own
        path = _written(source.data, tuple(detail["loc"]))
        fault = _fault(source, model, path, detail)
        label = (fault.rule, (fault.line, fault.column), _name(path) if fault.rule == "shape" else fault.message)
        if label not in seen:
            seen.add(label)
            yield fault


def _written(data: Any, location: DataPath) -> DataPath:
    """The part of `location` that exists in the file; a missing key or a union's tag ends it."""
    path: list[str | int] = []
    for step in location:
        if isinstance(data, Mapping) and str(step) in data:
            path.append(str(step))
            data = data[str(step)]
        elif isinstance(data, list) and isinstance(step, int) and step < len(data):
            path.append(step)
            data = data[step]
        else:
            break
    return tuple(path)


def _fault(source: SourceFile, model: type[BaseModel], path: DataPath, detail: Mapping[str, Any]) -> Diagnostic:
    kind, name = detail["type"], _name(path)
    if kind == "extra_forbidden":
        known = _fields(model, path[:-1])
        near = nearest(str(path[-1]), known)
        hint = f"did you mean {near}?" if near else f"known here: {', '.join(sorted(known))}"
        return _at(source, path, "key", "unknown-key", f"{path[-1]} is no key of {_name(path[:-1])}", hint)
    if kind == "missing":
        missing = str(detail["loc"][-1])
        if missing == "annotations" or missing in Hints.model_fields:
            message = "all four hints are written out, as the protocol's defaults are the unsafe ones"
            what = "annotations with all four hints" if missing == "annotations" else missing
            return _at(source, path, "key", "hints-written", f"{missing} is missing: {message}", f"add {what}")
        return _at(source, path, "key", "shape", f"{name} has no {missing}", f"add {missing}: to it")
    at: At = "key" if detail["loc"][-1] == "[key]" else "value"
    return _at(source, path, at, "shape", f"{name}: {_lowered(detail['msg'])}", _hint(kind, detail))


def _at(source: SourceFile, path: DataPath, at: At, rule: str, message: str, hint: str) -> Diagnostic:
    return Diagnostic(source.file, *source.spot(path, at), rule, one_line(message), one_line(hint))


def _name(path: DataPath) -> str:
    text = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in path).lstrip(".")
    return text or "the file"


def _lowered(message: str) -> str:
    return _SUBJECT.sub("", message).replace(" after validation", "")


def _hint(kind: str, detail: Mapping[str, Any]) -> str:
    given = detail.get("input")
    if kind == "bool_type" and isinstance(given, str) and given.lower() in _WORDS:
        return f"write {_WORDS[given.lower()]}; {given} is text in YAML 1.2"
    if kind == "literal_error" and isinstance(given, str):
        near = nearest(
            given, [word.strip("'") for word in str(detail["ctx"]["expected"]).replace(" or ", ", ").split(", ")]
        )
        return f"did you mean {near}?" if near else "use one of these"
    if kind == "string_pattern_mismatch":
        return f"{shown(given)} does not fit; see the key's description in the manifest schema"
    return _HINTS.get(kind, "see the key's description in the manifest schema")


def nearest(word: str, known: Any) -> str | None:
    """The known name that was probably meant."""
    return next(iter(get_close_matches(word, [str(name) for name in known], n=1, cutoff=0.6)), None)


def _fields(model: type[BaseModel], path: DataPath) -> tuple[str, ...]:
    kind: Any = model
    for step in path:
        kind = _member(kind, step)
    return tuple(_bare(kind).model_fields)


def _member(kind: Any, step: str | int) -> Any:
    bare = _bare(kind)
    if isinstance(bare, type) and issubclass(bare, BaseModel):
        return bare.model_fields[str(step)].annotation
    return get_args(bare)[0 if isinstance(step, int) else 1]


def _bare(kind: Any) -> Any:
    """`kind` without `| None`."""
    if get_origin(kind) in {Union, types.UnionType}:
        return next(part for part in get_args(kind) if part is not type(None))
    return kind
