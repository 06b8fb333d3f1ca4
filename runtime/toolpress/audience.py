"""Who listens to the server in this process, and telling them what the bus says that has changed.

A listener is told of a resource that it wants, if it changed in its own tenant and its key may still see it; and that
its tools changed when its key has another role than before.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass
from typing import Any

from mcp.server.subscriptions import ResourceUpdated, ToolsListChanged

from toolpress.authorize import decide
from toolpress.bus import Bus, Changed, Missed, Notice, RoleSeen
from toolpress.contract import ToolInfo
from toolpress.errors import ToolpressError
from toolpress.executor import Executor
from toolpress.principal import Caller, Credential, Names, Principal

Wants = Callable[[str], Awaitable[bool]]
"""Whether a listener wants to hear of a URI; may raise ToolpressError, which counts as no."""

Event = ResourceUpdated | ToolsListChanged
Tell = Callable[[Event], Coroutine[Any, Any, None]]
Leave = Callable[[], None]
Join = Callable[[Caller, Wants, Tell], Leave]


@dataclass(slots=True, eq=False)
class _Listener:
    """`tenant` and `owner` are names as they travel, `role` is the one that it knows of."""

    credential: Credential
    tenant: str
    owner: str
    role: str
    wants: Wants
    tell: Tell


class Audience:
    """The listeners to one server. What its own calls change is told on the bus, and heard there like anybody's.

    `key` is any text, the same for all who are on the bus.
    """

    def __init__(self, executor: Executor, bus: Bus | None = None, key: str = "") -> None:
        self._executor = executor
        self._bus = bus or Bus()
        self._names = Names(key)
        self._resources = {item.uri: item for item in executor.index.surface.resources}
        self._listeners: set[_Listener] = set()
        self._due: dict[str, dict[str, None]] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        executor.on_change = self._changed
        executor.identities.on_learned = self._learned
        self._bus.on_notice = self._hear

    def join(self, caller: Caller, wants: Wants, tell: Tell) -> Leave:
        """Listen from now on, until what is returned is called; calling it again does nothing."""
        principal, credential = caller.principal, caller.credential
        tenant, owner = self._names.tenant(principal.tenant), self._names.owner(credential)
        listener = _Listener(credential, tenant, owner, principal.role, wants, tell)
        self._listeners.add(listener)
        return lambda: self._listeners.discard(listener)

    def may_see(self, caller: Caller, uri: str) -> bool:
        """Whether there is such a resource for the caller."""
        resource = self._resources.get(uri)
        return resource is not None and decide(caller.principal, resource, self._executor.index.catalog).visible

    def _changed(self, caller: Caller, tool: ToolInfo) -> None:
        for resource in self._resources.values():
            if tool.name in resource.changed_by:
                self._bus.tell(Changed(self._names.tenant(caller.principal.tenant), resource.uri))

    def _learned(self, credential: Credential, principal: Principal) -> None:
        if len(self._executor.index.catalog.roles) > 1:
            self._bus.tell(RoleSeen(self._names.owner(credential), principal.role))

    def _hear(self, notice: Notice) -> None:
        match notice:
            case RoleSeen(owner, role):
                for listener in self._listeners:
                    if listener.owner == owner and listener.role != role:
                        listener.role = role
                        self._start(listener.tell(ToolsListChanged()))
            case Changed(tenant, uri):
                self._mark(tenant, uri)
            case Missed():
                for tenant in {listener.tenant for listener in self._listeners}:
                    for uri in self._resources:
                        self._mark(tenant, uri)

    def _mark(self, tenant: str, uri: str) -> None:
        """Tell of it soon; what is marked again before that is told once."""
        if tenant in self._due:
            self._due[tenant][uri] = None
        elif self._of(tenant):
            self._due[tenant] = {uri: None}
            self._start(self._tell_due(tenant))

    async def _tell_due(self, tenant: str) -> None:
        due = self._due[tenant]
        try:
            while due:
                uri = next(iter(due))
                del due[uri]
                for listener in self._of(tenant):
                    if await self._concerns(listener, uri):
                        await listener.tell(ResourceUpdated(uri=uri))
        finally:
            del self._due[tenant]

    def _of(self, tenant: str) -> list[_Listener]:
        return [listener for listener in self._listeners if listener.tenant == tenant]

    async def _concerns(self, listener: _Listener, uri: str) -> bool:
        try:
            return await listener.wants(uri) and self.may_see(await self._executor.caller_of(listener.credential), uri)
        except ToolpressError:
            return False

    def _start(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
