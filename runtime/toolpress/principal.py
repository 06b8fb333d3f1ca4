"""Who is calling."""

from __future__ import annotations

import hashlib
import secrets
from contextvars import ContextVar
from dataclasses import dataclass, field

_SALT = secrets.token_bytes(16)


@dataclass(frozen=True, slots=True)
class Credential:
    """A key and, for products with a host for each tenant, the tenant it is sent to; the key never shows in a repr."""

    key: str = field(repr=False)
    tenant: str | None = None

    @property
    def fingerprint(self) -> str:
        """A name for both that means nothing outside this process: salted, 16 hex digits."""
        text = f"{self.tenant or ''}\0{self.key}"
        return hashlib.blake2b(text.encode("utf-8", "surrogatepass"), key=_SALT, digest_size=8).hexdigest()


class Names:
    """Names for credentials and tenants, the same wherever `key` is; whoever lacks it cannot try who is meant."""

    def __init__(self, key: str) -> None:
        self._key = hashlib.blake2b(key.encode(), digest_size=32, person=b"toolpress-names").digest()

    def owner(self, credential: Credential) -> str:
        return self._name(f"{credential.tenant or ''}\0{credential.key}")

    def tenant(self, tenant: str) -> str:
        return self._name(tenant)

    def _name(self, text: str) -> str:
        return hashlib.blake2b(text.encode("utf-8", "surrogatepass"), key=self._key, digest_size=16).hexdigest()


@dataclass(frozen=True, slots=True)
class Principal:
    """The owner of a key as the upstream told it. `fingerprint` names the key in logs and caches.

    `plan` is known where the catalogue has sessions that depend on it.
    """

    role: str
    tenant: str
    fingerprint: str
    plan: str | None = None


@dataclass(frozen=True, slots=True)
class Caller:
    """A principal and what is passed upstream on its behalf.

    `catalog` names the product that the credential belongs to: it is never sent to another.
    """

    catalog: str
    principal: Principal
    credential: Credential


CALLER: ContextVar[Caller | None] = ContextVar("toolpress_caller", default=None)
"""The caller of the current request, set by the gate."""
