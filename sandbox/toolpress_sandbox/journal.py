"""The request log that tests read. Secrets are masked; keys never get here."""

from __future__ import annotations

import json
from collections import Counter, deque
from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import parse_qsl

from toolpress.contract import JsonObject
from toolpress_sandbox.definition import OperationDef
from toolpress_sandbox.replies import Reply

MASK = "***"
CAPACITY = 1000
LONGEST_ANSWER = 20_000
_CREDENTIALS = frozenset({"authorization", "proxy-authorization", "cookie"})


class Journal:
    """The last requests, oldest first."""

    def __init__(self, names: frozenset[str]) -> None:
        self._names = names
        self._entries: deque[JsonObject] = deque(maxlen=CAPACITY)
        self._hosts: Counter[str] = Counter()

    @property
    def hosts(self) -> dict[str, int]:
        """How many requests came for each host, without its port."""
        return dict(self._hosts)

    def add(self, entry: JsonObject) -> None:
        self._entries.append(entry)
        self._hosts[str(entry.get("host") or "").partition(":")[0]] += 1

    def entries(self, tool: str | None = None) -> list[JsonObject]:
        return [entry for entry in self._entries if tool in (None, entry["tool"])]

    def clear(self) -> None:
        self._entries.clear()
        self._hosts.clear()

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
        return _masked(document, self._names, _secret_paths(operation))

    def answer(self, reply: Reply, operation: OperationDef | None) -> Any:
        """The body of an answer with the operation's secrets masked wherever they stand; a note for a long one."""
        if reply.events is not None or reply.content is not None:
            return None
        length = len(json.dumps(reply.parts))
        if length > LONGEST_ANSWER:
            return f"<{length} bytes, not kept>"
        secrets = operation.secrets if operation else ()
        return _masked(reply.parts, self._names.union(path.rpartition(".")[2] for path in secrets), frozenset())


def without_credentials(headers: Mapping[str, str], accepted: Iterable[str]) -> dict[str, str]:
    """The headers of a request with those masked that tell who calls; `accepted` are the product's own."""
    hidden = _CREDENTIALS.union(accepted)
    return {name: MASK if name in hidden else value for name, value in headers.items()}


def _masked(value: Any, names: frozenset[str], secrets: frozenset[str], path: str = "") -> Any:
    """A copy with the members of these names, or at these paths, masked."""
    if isinstance(value, list):
        return [_masked(item, names, secrets, path) for item in value]
    if not isinstance(value, dict):
        return value
    masked: JsonObject = {}
    for name, item in value.items():
        inner = f"{path}.{name}" if path else name
        masked[name] = MASK if name in names or inner in secrets else _masked(item, names, secrets, inner)
    return masked


def _secret_paths(operation: OperationDef | None) -> frozenset[str]:
    """The operation's secrets by their names in the body."""
    if operation is None:
        return frozenset()
    wire = {param.name: param.wire_name for param in operation.params}
    parts = [path.split(".") for path in operation.secrets]
    return frozenset(".".join([wire.get(first, first), *rest]) for first, *rest in parts)
