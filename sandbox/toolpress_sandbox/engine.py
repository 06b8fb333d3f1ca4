"""One request from bytes to answer: route, authenticate, authorize, decode, check, run, commit."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from importlib import import_module
from typing import Any

from toolpress.contract import JsonObject
from toolpress_sandbox import verbs
from toolpress_sandbox.auth import Caller, authenticate, authorize
from toolpress_sandbox.calls import ANONYMOUS, Call, Handler
from toolpress_sandbox.check import Checker
from toolpress_sandbox.clock import Clock
from toolpress_sandbox.decode import decode, with_defaults
from toolpress_sandbox.definition import Definition, OperationDef
from toolpress_sandbox.faults import Faults
from toolpress_sandbox.journal import Journal
from toolpress_sandbox.limiter import Limiter
from toolpress_sandbox.records import Records
from toolpress_sandbox.replies import Refusal, Reply
from toolpress_sandbox.routing import Match, Miss, Router
from toolpress_sandbox.seed import plant, replant
from toolpress_sandbox.store import Store


class DefinitionError(ValueError):
    """The definition names a verb, collection or handler that does not exist; one text a line."""


@dataclass(frozen=True, slots=True)
class Incoming:
    """A request as the socket gave it; header names in lower case."""

    method: str
    raw_path: str
    headers: Mapping[str, str]
    query: bytes = b""
    body: bytes = b""
    origin: str = ""
    fault: str | None = None


class Engine:
    """The state and behaviour of one sandbox."""

    def __init__(self, definition: Definition, store: Store, clock: Clock) -> None:
        self.definition = definition
        self.clock = clock
        self.store = store
        self.router = Router(definition.operations.values())
        self.journal = Journal(definition.mask)
        self.limiter = Limiter(clock)
        self.faults = Faults()
        self._checker = Checker(definition.operations.values(), definition.contracts)
        self._handlers = _handlers(definition)
        self._before = _before(definition)
        plant(store, definition, clock)

    def reset(self) -> None:
        """Back to the first moment: rows, clock, faults, limits and log."""
        self.clock.reset()
        self.faults.clear()
        self.limiter.set(enabled=False)
        self.journal.clear()
        replant(self.store, self.definition, self.clock)

    def answer(self, incoming: Incoming) -> Reply:
        """The reply in its wire envelope; refusals are replies too."""
        match = self.router.match(incoming.method, incoming.raw_path)
        operation = match.operation if isinstance(match, Match) else None
        caller = ANONYMOUS
        kept: Refusal | None = None
        try:
            with (
                self.store.transaction()
            ):  # of its own: time that has passed stays passed, whatever comes of the request
                caller = self._caller(match, incoming)
                limits = self.limiter.admit(caller) if caller.key_id else {}
                self._let_time_pass(caller)
            with self.store.transaction():
                try:
                    reply = self._run(match, caller, incoming)
                except Refusal as refusal:
                    if not refusal.keep:
                        raise
                    kept = refusal
            if kept is not None:
                raise kept
            reply = replace(reply, headers={**limits, **reply.headers})
        except Refusal as refusal:
            status, body = self.definition.wire.refusal(refusal)
            reply = Reply(body, status, headers=refusal.headers)
        self.note(incoming, operation, caller, reply.status)
        self._log_for_tenant(incoming, operation, caller, reply.status)
        return reply

    def note(self, incoming: Incoming, operation: OperationDef | None, caller: Caller, status: int | None) -> None:
        """Write the request log; `status` None stands for a connection that was dropped instead."""
        self.journal.add(
            {
                "method": incoming.method,
                "host": incoming.headers.get("host"),
                "path": incoming.raw_path,
                "query": self.journal.query(incoming.query),
                "tool": operation.name if operation else None,
                "tenant": caller.tenant or None,
                "role": caller.role or None,
                "status": status,
                "fault": incoming.fault,
                "body": self.journal.body(incoming.body, operation),
            }
        )

    def _log_for_tenant(self, incoming: Incoming, operation: OperationDef | None, caller: Caller, status: int) -> None:
        """The product's own request log, where it shows one to its users; bodies masked as in ours."""
        collection = self.definition.request_log
        if collection is None or not caller.tenant:
            return
        with self.store.transaction():
            self._records(caller).insert(
                collection,
                {
                    "method": incoming.method,
                    "endpoint": incoming.raw_path,
                    "status_code": status,
                    "user_agent": incoming.headers.get("user-agent"),
                    "request_body": self.journal.body(incoming.body, operation),
                },
            )

    def _records(self, caller: Caller) -> Records:
        return Records(self.store, self.definition, caller.tenant, self.clock, caller.key_id or "system")

    def _let_time_pass(self, caller: Caller) -> None:
        if self._before is not None and caller.tenant:
            self._before(self._records(caller))

    def _caller(self, match: Match | Miss, incoming: Incoming) -> Caller:
        if isinstance(match, Miss):
            if match.allow:
                raise Refusal(
                    405, "METHOD_NOT_ALLOWED", "Method not allowed here", headers={"Allow": ", ".join(match.allow)}
                )
            raise Refusal(404, "NOT_FOUND", "No such route")
        if match.operation.public:
            return ANONYMOUS
        return authenticate(self.store, self.definition, self.clock, incoming.headers)

    def _run(self, match: Match | Miss, caller: Caller, incoming: Incoming) -> Reply:
        if isinstance(match, Miss):
            raise Refusal(404, "NOT_FOUND", "No such route")
        operation = match.operation
        if operation.public:
            arguments: JsonObject = dict(match.values)
            sent = frozenset(arguments)
        else:
            authorize(self.definition, caller, operation)
            decoded = decode(match, incoming.query, incoming.headers, incoming.body)
            self._checker.arguments(operation, decoded)
            sent = frozenset(decoded)
            arguments = with_defaults(operation, decoded)
        call = Call(
            operation=operation,
            arguments=arguments,
            sent=sent,
            caller=caller,
            records=self._records(caller),
            definition=self.definition,
            checker=self._checker,
            headers=incoming.headers,
            body=incoming.body,
            origin=incoming.origin,
            path=incoming.raw_path,
        )
        return _enveloped(operation, self._handlers[operation.name](call))


def _enveloped(operation: OperationDef, reply: Reply) -> Reply:
    """Put the part that the manifest calls `data_as` under `data`; a created thing answers 201."""
    if reply.events is not None or reply.content is not None:
        return reply
    parts = dict(reply.parts)
    body: JsonObject = {} if operation.bare else {"success": True}
    if operation.data_as in parts:
        body["data"] = parts.pop(operation.data_as)
    status = 201 if operation.effect == "create" and reply.status == 200 else reply.status
    return replace(reply, parts={**body, **parts}, status=status)


def _handlers(definition: Definition) -> dict[str, Handler]:
    found: dict[str, Handler] = {}
    wrong: list[str] = []
    for operation in definition.operations.values():
        if operation.handler:
            handler = _imported(definition.handlers, operation.handler)
            if handler is None:
                wrong.append(f"{operation.name}: no handler {definition.handlers}.{operation.handler}")
            else:
                found[operation.name] = handler
        else:
            wrong += verbs.unknown_words(operation, definition)
            found[operation.name] = verbs.run
    if wrong:
        raise DefinitionError("\n".join(sorted(wrong)))
    return found


def _before(definition: Definition) -> Callable[[Records], None] | None:
    if definition.before is None:
        return None
    found: Callable[[Records], None] | None = _imported(definition.handlers, definition.before)
    if found is None:
        raise DefinitionError(f"before: no function {definition.handlers}.{definition.before}")
    return found


def _imported(package: str, dotted: str) -> Any:
    module, _, function = dotted.rpartition(".")
    try:
        return getattr(import_module(f"{package}.{module}"), function, None)
    except ModuleNotFoundError as error:
        if error.name and f"{package}.{module}".startswith(error.name):
            return None
        raise
