"""Where the records of one authorization server are kept: any py-key-value store, memory or Redis by default.

Records carry their own end by our clock; the store's time to live only clears them away.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING, Any, TypeVar

from toolpress.contract import JsonObject
from toolpress.errors import ConfigurationError, UpstreamUnavailable

if TYPE_CHECKING:
    from key_value.aio.protocols.key_value import AsyncKeyValue  # 400 modules, for those who open a store

MAX_ENTRIES = 100_000
"""Of each kind in memory; the least used go first."""

_WAIT_S = 5.0

T = TypeVar("T")


class StoreUnavailable(UpstreamUnavailable):
    """The token store does not answer; to a caller that is a reason to come back, as with any upstream."""

    default_code = "STORE_UNAVAILABLE"


@dataclass(frozen=True, slots=True)
class OpenStore:
    """A store and how to leave it."""

    keys: AsyncKeyValue
    aclose: Callable[[], Awaitable[None]]


def open_store(url: str | None) -> OpenStore:
    """Memory without a URL, else the Redis at `redis://`, `rediss://` or `unix://`; nothing connects before first use.

    Raises:
        ConfigurationError: The URL is of another kind, or Redis support is not installed.
    """
    if not url:
        from key_value.aio.stores.memory import MemoryStore

        return OpenStore(MemoryStore(max_entries_per_collection=MAX_ENTRIES), _nothing)
    # Our own client: the store's reading of a URL knows no escaped password, socket or timeout.
    client = open_redis(url)
    from key_value.aio.stores.redis import RedisStore

    return OpenStore(RedisStore(client=client), client.aclose)


def open_redis(url: str) -> Any:
    """A `redis.asyncio.Redis` that speaks text; raises like `open_store`."""
    if not url.startswith(("redis://", "rediss://", "unix://")):
        raise ConfigurationError(
            "The store must be a Redis URL.", fix="Set TOOLPRESS_STORE_URL=redis://host:6379/0, or leave it out."
        )
    try:
        redis = import_module("redis.asyncio")
    except ImportError as error:
        raise ConfigurationError(
            "Redis support is not installed.", fix="Install it with: pip install 'toolpress[redis]'"
        ) from error
    try:
        return redis.from_url(url, decode_responses=True, socket_timeout=_WAIT_S, socket_connect_timeout=_WAIT_S)
    except ValueError as error:
        raise ConfigurationError("The Redis URL cannot be read.", fix="Correct TOOLPRESS_STORE_URL.") from error


class Records:
    """The records of one server by kind and name; a kind is a collection of the store."""

    def __init__(self, store: AsyncKeyValue, server: str, clock: Callable[[], float]) -> None:
        self._store = store
        self._server = server
        self._clock = clock

    async def put(self, kind: str, name: str, value: JsonObject, *, ends: float) -> None:
        """Keep the value until `ends`, in POSIX seconds."""
        left = max(ends - self._clock(), 1.0)
        await _answered(
            self._store.put(name, {**value, "ends": ends}, collection=self._collection(kind), ttl=left),
        )

    async def get(self, kind: str, name: str) -> JsonObject | None:
        """The value, unless it ended."""
        found = await _answered(self._store.get(name, collection=self._collection(kind)))
        return found if found is not None and self._clock() < found["ends"] else None

    async def take(self, kind: str, name: str) -> bool:
        """Remove the record; of several callers at once just one is told True."""
        return await _answered(self._store.delete(name, collection=self._collection(kind)))

    def _collection(self, kind: str) -> str:
        return f"toolpress-{self._server}-{kind}"


async def _answered(answer: Awaitable[T]) -> T:
    try:
        async with asyncio.timeout(_WAIT_S):
            return await answer
    except Exception as error:
        raise StoreUnavailable("The token store does not answer.", fix="Try again later.", retryable=True) from error


async def _nothing() -> None:
    """Memory needs no leave-taking."""
