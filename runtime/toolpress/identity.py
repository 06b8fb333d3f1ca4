"""Ask the upstream who a key belongs to, at most once per `ttl_s`.

Only answers are kept, never refusals: a key that was just created works at once. A
credential is known by its fingerprint; the key itself is held no longer than the question.
"""

from __future__ import annotations

import asyncio
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable

from toolpress.principal import Credential, Principal

Ask = Callable[[Credential], Awaitable[Principal]]
OnLearned = Callable[[Credential, Principal], None]
"""Told of every answer that is believed from now on."""


class IdentityCache:
    """Principals by credential, bounded in number and age (seconds from the moment the question was asked)."""

    def __init__(
        self, ask: Ask, *, ttl_s: float, max_size: int = 1024, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._ask = ask
        self._ttl_s = ttl_s
        self._max_size = max_size
        self._clock = clock
        self._known: OrderedDict[str, tuple[float, Principal]] = OrderedDict()
        self._asking: dict[str, asyncio.Task[Principal]] = {}
        self.on_learned: OnLearned = lambda _credential, _principal: None

    async def principal(self, credential: Credential) -> Principal:
        """The owner of the key; callers that come while a question is under way share its answer.

        Raises:
            Unauthenticated: The upstream does not know the key.
            UpstreamError: It could not be asked.
        """
        name = credential.fingerprint
        known = self._known.get(name)
        if known is not None and self._clock() < known[0]:
            self._known.move_to_end(name)
            return known[1]
        task = self._asking.get(name)
        if task is None:
            task = asyncio.get_running_loop().create_task(self._learn(name, credential))
            self._asking[name] = task
            task.add_done_callback(lambda done: self._settle(name, done))
        return await asyncio.shield(task)

    def drop(self, credential: Credential) -> None:
        """Forget the credential, and any answer that is still on its way: the upstream has just refused it."""
        name = credential.fingerprint
        self._known.pop(name, None)
        self._asking.pop(name, None)

    async def _learn(self, name: str, credential: Credential) -> Principal:
        expires = self._clock() + self._ttl_s
        principal = await self._ask(credential)
        if self._asking.get(name) is asyncio.current_task():
            self._known[name] = (expires, principal)
            self._known.move_to_end(name)
            while len(self._known) > self._max_size:
                self._known.popitem(last=False)
            self.on_learned(credential, principal)
        return principal

    def _settle(self, name: str, task: asyncio.Task[Principal]) -> None:
        if self._asking.get(name) is task:
            del self._asking[name]
        if not task.cancelled():
            task.exception()  # marks it as seen when every caller has gone away
