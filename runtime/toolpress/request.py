"""Turn checked arguments into the upstream request; nothing here sends.

A value in a path stays inside its own segment whatever it holds: it is percent-encoded whole, and a value that a
lenient server could read as a walk through the tree (empty, `.`, `..` between slashes, control characters) is refused.
"""

from __future__ import annotations

import json
import re
from base64 import b64decode
from collections.abc import Mapping
from dataclasses import dataclass, field
from mimetypes import guess_type
from typing import Any
from urllib.parse import quote

from toolpress.contract import JsonObject, Operation, Param, Route
from toolpress.errors import InvalidArguments

_PLACEHOLDER = re.compile(r"\{([^{}]+)\}")
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_HEADER_VALUE = re.compile(r"[\x21-\x7e](?:[\x20-\x7e\t]*[\x21-\x7e])?")
_NO_BODY_BY_DEFAULT = frozenset({"GET", "HEAD", "DELETE"})


FilePart = tuple[str, bytes, str]
"""File name, content and media type."""


@dataclass(frozen=True, slots=True)
class UpstreamRequest:
    """A request without its host and credential. `path` is percent-encoded, `query` is not."""

    method: str
    path: str
    query: tuple[tuple[str, str], ...] = ()
    headers: tuple[tuple[str, str], ...] = ()
    body: JsonObject | None = None
    files: tuple[tuple[str, FilePart], ...] | None = None
    """Parts of a multipart/form-data body, whose other fields are the members of `body`."""
    operation: str = field(default="", compare=False)
    template: str = field(default="", compare=False)
    """For whoever watches: whose request it is, and its path as the manifest writes it."""

    @property
    def target(self) -> str:
        """Path and query as they stand in the request line."""
        text = "&".join(f"{quote(name, safe='')}={quote(value, safe='')}" for name, value in self.query)
        return f"{self.path}?{text}" if text else self.path

    @property
    def content(self) -> bytes | None:
        """The body as UTF-8 JSON, or None when the request has none or is multipart."""
        if self.body is None or self.files is not None:
            return None
        return json.dumps(self.body, ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode("utf-8")

    @property
    def content_type(self) -> dict[str, str]:
        """The header that goes with `content`; multipart brings its own."""
        return {} if self.content is None else {"content-type": "application/json"}

    @property
    def fields(self) -> dict[str, str] | None:
        """The plain fields of a multipart body."""
        if self.files is None:
            return None
        return {name: _scalar(value) for name, value in (self.body or {}).items() if value is not None}


def build(operation: Operation, arguments: Mapping[str, Any]) -> UpstreamRequest:
    """The request for `arguments` (keyed by argument name; a name that is absent is not sent).

    Null is kept in bodies and dropped from queries and headers.

    Raises:
        InvalidArguments: A value that cannot stand in its place, or a switch value without a route.
    """
    route = _route(operation, arguments)
    given = [(param, arguments[param.name]) for param in operation.params if param.name in arguments]
    return UpstreamRequest(
        method=route.method,
        path=_path(route.path, arguments),
        query=tuple(pair for param, value in given if param.location == "query" for pair in _query(param, value)),
        headers=tuple(
            (param.wire_name, _header(param, value))
            for param, value in given
            if param.location == "header" and value is not None
        ),
        body=_body(operation, route, _members(given)),
        files=tuple((param.wire_name, _file(param, value)) for param, value in given if param.style == "file") or None,
        operation=operation.name,
        template=route.path,
    )


def _route(operation: Operation, arguments: Mapping[str, Any]) -> Route:
    switch = operation.switch
    if switch is None or switch.argument not in arguments:
        return operation.route
    value = arguments[switch.argument]
    for when, route in switch.cases:
        if type(when) is type(value) and when == value:
            return route
    choices = ", ".join(json.dumps(when) for when, _ in switch.cases)
    raise _refused(switch.argument, f"must be one of {choices}")


def _path(template: str, arguments: Mapping[str, Any]) -> str:
    return _PLACEHOLDER.sub(lambda match: _segment(match[1], arguments.get(match[1])), template)


def _segment(name: str, value: Any) -> str:
    if value is None:
        raise _refused(name, "is required")
    if isinstance(value, (dict, list)):
        raise _refused(name, "must be a single value")
    text = _scalar(value)
    if not text:
        raise _refused(name, "must not be empty")
    if _CONTROL.search(text):
        raise _refused(name, "must not hold control characters")
    if any(part in {".", ".."} for part in re.split(r"[/\\]", text)):
        raise _refused(name, "must not hold the path steps . or ..")
    return quote(text, safe="")


def _query(param: Param, value: Any) -> list[tuple[str, str]]:
    if value is None:
        return []
    if not isinstance(value, list):
        return [(param.wire_name, _scalar(value))]
    items = [_scalar(item) for item in value if item is not None]
    if param.style == "comma":
        if any("," in item for item in items):
            raise _refused(param.name, "must not hold items with a comma")
        return [(param.wire_name, ",".join(items))] if items else []
    name = f"{param.wire_name}[]" if param.style == "brackets" else param.wire_name
    return [(name, item) for item in items]


def _header(param: Param, value: Any) -> str:
    text = _scalar(value)
    if not _HEADER_VALUE.fullmatch(text):
        raise _refused(param.name, "must be printable ASCII without line breaks, as it travels in a header")
    return text


def _members(given: list[tuple[Param, Any]]) -> JsonObject:
    """The body's members; those of a flattened object stand beside the others and may not take their names."""
    members = {
        param.wire_name: value
        for param, value in given
        if param.location == "body" and param.style not in ("flatten", "file")
    }
    for param, value in given:
        if param.location != "body" or param.style != "flatten":
            continue
        for name, item in (value or {}).items():
            if name in members:
                raise _refused(f"{param.name}.{name}", "has the name of an argument; use that argument")
            members[name] = item
    return members


def _file(param: Param, value: Any) -> FilePart:
    """A file argument: `{name, content, media_type?}`, content in base64 (RFC 4648 section 4)."""
    try:
        content = b64decode(value["content"], validate=True)
    except ValueError:
        raise _refused(f"{param.name}.content", "must be base64") from None
    name = value["name"]
    return name, content, value.get("media_type") or guess_type(name)[0] or "application/octet-stream"


def _body(operation: Operation, route: Route, members: JsonObject) -> JsonObject | None:
    """None when the tool has no body arguments; `{}` when it has some and none was given to a method with a body."""
    if members:
        return members
    has_body = any(param.location == "body" for param in operation.params)
    return {} if has_body and route.method not in _NO_BODY_BY_DEFAULT else None


def _scalar(value: Any) -> str:
    if isinstance(value, str):
        return value
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def _refused(name: str, problem: str) -> InvalidArguments:
    return InvalidArguments(
        f"Invalid argument {name}: {problem}.", field=name, fix=f"Correct {name}; nothing was sent.", outcome="not_sent"
    )
