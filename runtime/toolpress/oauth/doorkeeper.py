"""Ask the upstream whether a tenant and an API token belong together, and count the wrong answers.

An unknown tenant and a wrong secret take the same way and end in the same word, so neither tells which it was. An
attempt counts before it is made and is given back when it was right: a thousand at once get no further than one by one.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from toolpress.errors import Unauthenticated, UpstreamError
from toolpress.oauth.pair import Pair, VerifyPair
from toolpress.oauth.rate import Limiter, RateLimits
from toolpress.oauth.wire import too_many
from toolpress.tenancy import checked_tenant

_SECRET = re.compile(r"[\x21-\x7e]{1,512}")


class Doorkeeper:
    def __init__(self, verify: VerifyPair, limits: RateLimits, clock: Callable[[], float]) -> None:
        self._verify = verify
        self._of_client = Limiter(limits.failures, clock)
        self._of_address = Limiter(limits.failures_of_address, clock)

    async def admits(self, tenant: str, secret: str, address: str) -> Pair | None:
        """The pair if the upstream accepts it; what cannot be a tenant or a secret is not asked about.

        Raises:
            Refused: Too many wrong ones came before.
            UpstreamError: It could not be asked.
        """
        client = f"{address} {tenant[:64]}"
        self._count(client, address)
        try:
            good = _well_formed(tenant, secret) and await self._verify(tenant, secret)
        except UpstreamError:
            self._give_back(client, address)
            raise
        if not good:
            return None
        self._give_back(client, address)
        return Pair(tenant, secret)

    def _count(self, client: str, address: str) -> None:
        if wait := self._of_client.take(client):
            raise too_many(wait)
        if wait := self._of_address.take(address):
            self._of_client.give_back(client)
            raise too_many(wait)

    def _give_back(self, client: str, address: str) -> None:
        self._of_client.give_back(client)
        self._of_address.give_back(address)


def _well_formed(tenant: str, secret: str) -> bool:
    try:
        checked_tenant(tenant)
    except Unauthenticated:
        return False
    return _SECRET.fullmatch(secret) is not None
