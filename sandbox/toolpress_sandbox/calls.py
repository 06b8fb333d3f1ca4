"""What a handler gets: the arguments, who calls, and the tenant's rows."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime

from toolpress.contract import JsonObject
from toolpress_sandbox.auth import Caller
from toolpress_sandbox.check import Checker
from toolpress_sandbox.definition import CollectionDef, Definition, OperationDef
from toolpress_sandbox.records import Records
from toolpress_sandbox.replies import Reply

ANONYMOUS = Caller("", "", "", {})


@dataclass(frozen=True, slots=True)
class Call:
    """One request after all checks. `sent` names the arguments that came over the wire, as against defaults.

    Public routes have no caller and no checked arguments; they read `body` and `headers` themselves.
    """

    operation: OperationDef
    arguments: JsonObject
    sent: frozenset[str]
    caller: Caller
    records: Records
    definition: Definition
    checker: Checker
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    origin: str = ""
    """Scheme and authority of the request, for addresses in answers."""
    path: str = ""

    @property
    def settings(self) -> JsonObject:
        return self.definition.settings

    @property
    def tenant(self) -> JsonObject:
        return self.records.get("tenants", self.records.tenant)

    def now(self) -> datetime:
        return self.records.clock.now()

    def changes(self) -> JsonObject:
        """The sent arguments that do not name the row."""
        path = self.operation.path_arguments()
        return {name: value for name, value in self.arguments.items() if name in self.sent and name not in path}

    def in_tenant(self, tenant: str) -> Call:
        return replace(self, records=self.records.elsewhere(tenant))


Handler = Callable[[Call], Reply]


def shown(spec: CollectionDef, row: JsonObject, *, listed: bool = False) -> JsonObject:
    """A row as an answer shows it."""
    left_out = (*spec.hidden, *(spec.detail if listed else ()))
    return {name: value for name, value in row.items() if name not in left_out}
