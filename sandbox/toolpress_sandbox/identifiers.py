"""Ids and tokens that look random and are the same in every run: a hash of a counter."""

from __future__ import annotations

import hashlib
import string

_ALPHABET = string.ascii_letters + string.digits


def uuid_of(seed: str, number: int) -> str:
    """The number-th id of a run, in the shape of a version 4 UUID."""
    text = hashlib.sha256(f"{seed}:{number}".encode()).hexdigest()
    variant = "89ab"[int(text[16], 16) % 4]
    return f"{text[:8]}-{text[8:12]}-4{text[13:16]}-{variant}{text[17:20]}-{text[20:32]}"


def token_of(seed: str, number: int, length: int = 32) -> str:
    """Letters and digits for a key or a webhook secret. A sandbox key opens only this sandbox."""
    digest = hashlib.sha512(f"token:{seed}:{number}".encode()).digest()
    return "".join(_ALPHABET[byte % len(_ALPHABET)] for byte in digest[:length])


def fingerprint(secret: str) -> str:
    """What is kept of a key: enough to recognise it, not to show it."""
    return hashlib.sha256(secret.encode()).hexdigest()
