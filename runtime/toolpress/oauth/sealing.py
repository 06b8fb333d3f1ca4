"""Keep a secret so that only the bearer of a token can open it.

A token is 256 random bits. The store knows it by its SHA-256 and holds what it stands for under AES-256-GCM with a key
that HKDF-SHA256 derives from it. Neither hash nor key leads back to the token, so the store alone opens nothing.
"""

from __future__ import annotations

import base64
import hashlib
import json
import secrets

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from toolpress.contract import JsonObject

_NONCE_BYTES = 12
_BLOCK = 256
"""Texts are padded to a multiple of this, so that a length says nothing about a secret."""


def hashed(token: str) -> str:
    """The name of a token in the store."""
    return hashlib.sha256(token.encode()).hexdigest()


def seal(token: str, value: JsonObject, context: str) -> str:
    """The value in base64; it opens with the same token and context alone."""
    text = json.dumps(value, separators=(",", ":")).encode()
    padded = text.ljust(-(-len(text) // _BLOCK) * _BLOCK)
    nonce = secrets.token_bytes(_NONCE_BYTES)
    return base64.b64encode(nonce + AESGCM(_key(token)).encrypt(nonce, padded, context.encode())).decode()


def unseal(token: str, sealed: str, context: str) -> JsonObject | None:
    """The value, or None if it was sealed for another token or context, or changed since."""
    raw = base64.b64decode(sealed)
    try:
        text = AESGCM(_key(token)).decrypt(raw[:_NONCE_BYTES], raw[_NONCE_BYTES:], context.encode())
    except InvalidTag:
        return None
    value: JsonObject = json.loads(text)
    return value


def _key(token: str) -> bytes:
    return HKDF(algorithm=SHA256(), length=32, salt=None, info=b"toolpress oauth 1").derive(token.encode())
