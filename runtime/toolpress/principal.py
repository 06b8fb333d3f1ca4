"""Who is calling."""

from __future__ import annotations

import hashlib
import secrets
from contextvars import ContextVar
from dataclasses import dataclass, field

_SALT = secrets.token_bytes(16)


@dataclass(frozen=True, slots=True)
class Principal:
    """The owner of a key as the upstream told it. `fingerprint` names the key in logs and caches."""

    role: str
    tenant: str
    fingerprint: str


@dataclass(frozen=True, slots=True)
class Caller:
    """A principal and the key that is passed upstream on its behalf; the key never shows in a repr.

    `catalog` names the product that the key belongs to: it is never sent to another.
    """

    catalog: str
    principal: Principal
    key: str = field(repr=False)


CALLER: ContextVar[Caller | None] = ContextVar("toolpress_caller", default=None)
"""The caller of the current request, set by the gate."""


def fingerprint(key: str) -> str:
    """A name for the key that means nothing outside this process: salted, 16 hex digits."""
    return hashlib.blake2b(key.encode("utf-8", "surrogatepass"), key=_SALT, digest_size=8).hexdigest()
