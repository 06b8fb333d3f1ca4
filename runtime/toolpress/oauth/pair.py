"""What a token stands for, and the question that proves it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Pair:
    """A tenant and its API token; the secret never shows in a repr."""

    tenant: str
    secret: str = field(repr=False)


VerifyPair = Callable[[str, str], Awaitable[bool]]
"""(tenant, secret) -> whether the upstream accepts them; raises UpstreamError when it could not be asked."""
