"""The tokens that we mint: opaque, 256 bits, recognisable by their first letters.

The letters say whose and what a token is, so that a foreign bearer is never looked up and an expired one of ours is
known as such long after the store forgot it.
"""

from __future__ import annotations

import secrets
from typing import Literal

Kind = Literal["access", "refresh", "code"]

PREFIXES: dict[Kind, str] = {"access": "tpa_", "refresh": "tpr_", "code": "tpc_"}

ACCESS_LIFE_S = 3600
REFRESH_LIFE_S = 30 * 24 * 3600
"""From the person's consent: rotation does not prolong it."""
CODE_LIFE_S = 300


def new_token(kind: Kind) -> str:
    return PREFIXES[kind] + secrets.token_urlsafe(32)


def kind_of(text: str) -> Kind | None:
    """What the token is, or None if it is not one of ours."""
    return next((kind for kind, prefix in PREFIXES.items() if text.startswith(prefix)), None)
