"""The request log that tests read. Secrets are masked by name and by schema; keys never get here."""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl

from toolpress.contract import JsonObject

from toolpress_sandbox.definition import OperationDef

MASK = "***"
CAPACITY = 1000


class Journal:
    """The last requests, oldest first."""

    def __init__(self, names: frozenset[str]) -> None:
        self._names = names
        self._entries: deque[JsonObject] = deque(maxlen=CAPACITY)

    def add(self, entry: JsonObject) -> None:
        self._entries.append(entry)

    def entries(self, tool: str | None = None) -> list[JsonObject]:
        return [entry for entry in self._entries if tool in (None, entry["tool"])]

    def clear(self) -> None:
        self._entries.clear()

    def query(self, query: bytes) -> JsonObject:
        """Parameters as text; one that is repeated becomes a list."""
        texts: dict[str, list[str]] = {}
        for name, value in parse_qsl(query.decode("latin-1"), keep_blank_values=True):
            texts.setdefault(name, []).append(MASK if name in self._names else value)
        return {name: values[0] if len(values) == 1 else values for name, values in texts.items()}

    def body(self, body: bytes, operation: OperationDef | None) -> Any:
        """The JSON body, masked; None without a body and a note for one that is not JSON."""
        if not body.strip():
            return None
        try:
            document = json.loads(body)
        except ValueError:
            return f"<{len(body)} bytes, not JSON>"
        wire = {p.wire_name: p.name for p in operation.params} if operation else {}
        properties = operation.input.get("properties", {}) if operation else {}
        schemas = {name: properties.get(wire.get(name, name), {}) for name in document} if wire else {}
        return self._masked(document, {"properties": schemas})

    def _masked(self, value: Any, schema: Any) -> Any:
        if isinstance(schema, Mapping) and schema.get("secret"):
            return MASK
        if isinstance(value, list):
            items = schema.get("items", {}) if isinstance(schema, Mapping) else {}
            return [self._masked(item, items) for item in value]
        if not isinstance(value, dict):
            return value
        inner = schema.get("properties", {}) if isinstance(schema, Mapping) else {}
        return {
            name: MASK if name in self._names else self._masked(item, inner.get(name, {}))
            for name, item in value.items()
        }
