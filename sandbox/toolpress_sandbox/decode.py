"""From a request's path, query, headers and body back to the tool's arguments; nothing unknown is let through."""

from __future__ import annotations

import json
import re
from base64 import b64encode
from collections.abc import Mapping, Sequence
from email.parser import BytesParser
from email.policy import HTTP
from typing import Any
from urllib.parse import parse_qsl

from toolpress.contract import JsonObject, Param
from toolpress_sandbox.definition import OperationDef
from toolpress_sandbox.replies import Refusal, invalid
from toolpress_sandbox.routing import Match

_INTEGER = re.compile(r"-?\d{1,18}")
_NUMBER = re.compile(r"-?\d+(\.\d+)?([eE][+-]?\d+)?")


def decode(match: Match, query: bytes, headers: Mapping[str, str], body: bytes) -> JsonObject:
    """The arguments as sent, converted to the types of the schema where the wire only has text.

    A text that does not convert stays a text, for the schema check to refuse. Raises Refusal.
    """
    operation = match.operation
    properties: JsonObject = operation.input.get("properties", {})
    arguments: JsonObject = {}
    for param in operation.params:
        if param.location == "path" and param.name in match.values:
            arguments[param.name] = _convert(match.values[param.name], properties.get(param.name, {}))
        elif param.location == "header" and param.wire_name.lower() in headers:
            arguments[param.name] = _convert(headers[param.wire_name.lower()], properties.get(param.name, {}))
    if match.address.argument is not None:
        arguments[match.address.argument] = match.address.value
    arguments.update(_query(operation, properties, query))
    arguments.update(_body(operation, headers, body))
    return arguments


def with_defaults(operation: OperationDef, arguments: JsonObject) -> JsonObject:
    """Fill what the upstream fills itself. A partial update must not: there, absent means unchanged."""
    if operation.effect in ("update", "replace"):
        return arguments
    properties: JsonObject = operation.input.get("properties", {})
    defaults = {name: schema["default"] for name, schema in properties.items() if "default" in schema}
    return {**defaults, **arguments}


def _query(operation: OperationDef, properties: JsonObject, query: bytes) -> JsonObject:
    try:
        pairs = parse_qsl(query.decode("ascii"), keep_blank_values=True, errors="strict")
    except ValueError as error:
        raise invalid("query", "is not valid percent-encoded UTF-8") from error
    params = {_query_name(p): p for p in operation.params if p.location == "query"}
    texts: dict[str, list[str]] = {}
    for name, value in pairs:
        if name in operation.ignores:
            continue
        if name not in params:
            raise invalid(name, "is not a query parameter of this operation", known=sorted(params))
        texts.setdefault(name, []).append(value)
    return {params[name].name: _gather(params[name], values, properties) for name, values in texts.items()}


def _query_name(param: Param) -> str:
    return f"{param.wire_name}[]" if param.style == "brackets" else param.wire_name


def _gather(param: Param, values: Sequence[str], properties: JsonObject) -> Any:
    schema = properties.get(param.name, {})
    if "array" not in _types(schema):
        if len(values) > 1:
            raise invalid(param.wire_name, "is given more than once")
        return _convert(values[0], schema)
    parts = values[0].split(",") if param.style == "comma" and len(values) == 1 else values
    return [_convert(part, schema.get("items", {})) for part in parts]


def _body(operation: OperationDef, headers: Mapping[str, str], body: bytes) -> JsonObject:
    params = {p.wire_name: p for p in operation.params if p.location == "body"}
    if not body.strip():
        return {}
    media_type = headers.get("content-type", "").partition(";")[0].strip().lower()
    files = any(p.style == "file" for p in params.values())
    if media_type == "multipart/form-data" and files:
        document = _form(headers["content-type"], body, operation)
    elif media_type == "application/json":
        document = json_object(body)
    else:
        wanted = "application/json or multipart/form-data" if files else "application/json"
        raise Refusal(
            415, "VALIDATION_ERROR", f"The body must be {wanted}", {"field": "Content-Type", "message": "wrong"}
        )
    open_object = next((p for p in params.values() if p.style == "flatten"), None)
    arguments: JsonObject = {}
    for name, value in document.items():
        if name in params and params[name].style != "flatten":
            arguments[params[name].name] = value
        elif open_object is not None:
            arguments.setdefault(open_object.name, {})[name] = value
        else:
            raise invalid(name, "is not a body member of this operation", known=sorted(params))
    return arguments


def json_object(body: bytes) -> JsonObject:
    """The body as a JSON object. Raises Refusal (400) for any other body."""
    try:
        document = json.loads(body)
    except ValueError as error:
        raise invalid("body", "is not valid JSON") from error
    if not isinstance(document, dict):
        raise invalid("body", "must be a JSON object")
    return document


def _form(content_type: str, body: bytes, operation: OperationDef) -> JsonObject:
    """The parts of a form (RFC 7578): files as `{name, content, media_type}`, fields converted to their types."""
    message = BytesParser(policy=HTTP).parsebytes(
        b"Content-Type: " + content_type.encode("latin-1") + b"\r\n\r\n" + body
    )
    if not message.is_multipart():
        raise invalid("body", "is not valid multipart/form-data")
    schemas = {p.wire_name: operation.input.get("properties", {}).get(p.name, {}) for p in operation.params}
    document: JsonObject = {}
    for part in message.iter_parts():
        name = part.get_param("name", header="content-disposition")
        content = part.get_payload(decode=True)
        if not isinstance(name, str) or not isinstance(content, bytes):
            raise invalid("body", "has a part without a name")
        if part.get_filename() is not None:
            text = b64encode(content).decode("ascii")
            document[name] = {"name": part.get_filename(), "content": text, "media_type": part.get_content_type()}
        else:
            document[name] = _convert(content.decode("utf-8", "replace"), schemas.get(name, {}))
    return document


def _types(schema: JsonObject) -> tuple[str, ...]:
    kind = schema.get("type", ())
    return (kind,) if isinstance(kind, str) else tuple(kind)


def _convert(text: str, schema: JsonObject) -> Any:
    types = _types(schema)
    if "boolean" in types and text in ("true", "false"):
        return text == "true"
    if "integer" in types and _INTEGER.fullmatch(text):
        return int(text)
    if "number" in types and _NUMBER.fullmatch(text):
        return float(text)
    if "object" in types or "array" in types:
        try:
            return json.loads(text)
        except ValueError:
            return text
    return text
