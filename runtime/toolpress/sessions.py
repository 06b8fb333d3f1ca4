"""Sessions without a memory: the id itself says who may use it, in which protocol version and until when.

It is sealed with a key that every replica has, so that any of them can read it and none has to remember it. What must
be remembered is which ones were ended before their time, and what each is subscribed to; the store has that until they
would have ended anyway.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import secrets
import struct
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from toolpress.contract import Sessions
from toolpress.oauth.store import Records
from toolpress.principal import Credential, Names

if TYPE_CHECKING:
    from key_value.aio.protocols.key_value import AsyncKeyValue

_NONCE_BYTES = 12
_ENDS = struct.Struct(">Q")
_ENDED = "ended-session"
_SUBSCRIBED = "session-subscription"
_OF_OWNER = "subscriptions-of-owner"


@dataclass(frozen=True, slots=True)
class Session:
    """A session that is open. `name` tells it from all others; `ends` is in POSIX seconds."""

    name: str
    protocol: str
    ends: float


class SessionBook:
    """The sessions of one catalogue; `key` is any secret text, the same for all replicas."""

    def __init__(
        self,
        catalog: str,
        rules: Sessions,
        store: AsyncKeyValue,
        key: str,
        clock: Callable[[], float] = time.time,
        *,
        most_subscriptions: int = 500,
    ) -> None:
        self._catalog = catalog
        self._seconds = {plan: hours * 3600 for plan, hours in rules.lifetime_hours}
        self._shortest = min(self._seconds.values())
        self._records = Records(store, catalog, clock)
        self._names = Names(key)
        self._most_subscriptions = most_subscriptions
        self._seal = AESGCM(hashlib.blake2b(key.encode(), digest_size=32, person=b"toolpress-sess").digest())
        self._clock = clock

    def open(self, credential: Credential, plan: str | None, protocol: str) -> str:
        """The id of a new session: visible ASCII, and good for this credential alone."""
        lifetime = self._seconds.get(plan or "", self._shortest)
        text = _ENDS.pack(int(self._clock() + lifetime)) + protocol.encode()
        nonce = secrets.token_bytes(_NONCE_BYTES)
        sealed = self._seal.encrypt(nonce, text, self._owner(credential))
        return base64.urlsafe_b64encode(nonce + sealed).decode().rstrip("=")

    async def read(self, identifier: str, credential: Credential) -> Session | None:
        """The session, or None: it is over, or was never this credential's; which of them is not told.

        Raises:
            StoreUnavailable: The store does not answer.
        """
        session = self._unsealed(identifier, credential)
        return session if session is not None and await self.lasts(session) else None

    async def lasts(self, session: Session) -> bool:
        """Whether a session that was read before is still open; raises like `read`."""
        return self._clock() < session.ends and await self._records.get(_ENDED, session.name) is None

    async def end(self, session: Session) -> None:
        """From now on no replica knows it; raises like `read`."""
        await self._records.put(_ENDED, session.name, {}, ends=session.ends)

    async def subscribe(self, session: Session, credential: Credential, uri: str) -> None:
        """Every replica knows of it while the session lasts, and while few newer ones are the credential's.

        Two at once may miss each other in the list, and are then above the limit; neither is lost. Raises like `read`.
        """
        name, owner = _subscription(session, uri), self._names.owner(credential)
        await self._records.put(_SUBSCRIBED, name, {}, ends=session.ends)
        kept = await self._records.get(_OF_OWNER, owner) or {"names": [], "ends": 0.0}
        names = [*(other for other in kept["names"] if other != name), name]
        for old in names[: -self._most_subscriptions]:
            await self._records.take(_SUBSCRIBED, old)
        newest = {"names": names[-self._most_subscriptions :]}
        await self._records.put(_OF_OWNER, owner, newest, ends=max(session.ends, kept["ends"]))

    async def unsubscribe(self, session: Session, uri: str) -> None:
        """Raises like `read`."""
        await self._records.take(_SUBSCRIBED, _subscription(session, uri))

    async def subscribed(self, session: Session, uri: str) -> bool:
        """Raises like `read`."""
        return await self._records.get(_SUBSCRIBED, _subscription(session, uri)) is not None

    def _unsealed(self, identifier: str, credential: Credential) -> Session | None:
        try:
            raw = base64.urlsafe_b64decode(identifier.encode("ascii") + b"=" * (-len(identifier) % 4))
            nonce, sealed = raw[:_NONCE_BYTES], raw[_NONCE_BYTES:]
            text = self._seal.decrypt(nonce, sealed, self._owner(credential))
        except (InvalidTag, ValueError, binascii.Error):
            return None
        return Session(nonce.hex(), text[_ENDS.size :].decode(), float(_ENDS.unpack(text[: _ENDS.size])[0]))

    def _owner(self, credential: Credential) -> bytes:
        """Sealed along with the id but not in it: with another credential or catalogue it does not open."""
        return "\0".join((self._catalog, credential.tenant or "", credential.key)).encode("utf-8", "surrogatepass")


@dataclass(frozen=True, slots=True)
class OpenSession:
    """The session of a request, to whoever answers it; both raise like `SessionBook.read`."""

    book: SessionBook
    session: Session
    credential: Credential

    async def subscribe(self, uri: str) -> None:
        await self.book.subscribe(self.session, self.credential, uri)

    async def unsubscribe(self, uri: str) -> None:
        await self.book.unsubscribe(self.session, uri)


def _subscription(session: Session, uri: str) -> str:
    return f"{session.name} {uri}"
