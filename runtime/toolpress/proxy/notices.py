"""Lines for the person behind the host: on stderr, written at once, and never with a secret in them."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from typing import TextIO

_SHORTEST = 8
"""Shorter texts are left alone: they would hide half of every line, and are no keys."""


def masked(secret: str) -> str:
    """Three dots and the last six characters, where those are the smaller part."""
    return "..." + (secret[-6:] if len(secret) >= 2 * _SHORTEST else "")


class Notices:
    """Prints line by line; a host that has closed our stderr does not end us."""

    def __init__(self, secrets: Iterable[str] = (), stream: TextIO | None = None) -> None:
        longest_first = sorted((secret for secret in secrets if len(secret) >= _SHORTEST), key=len, reverse=True)
        self._masks = {secret: masked(secret) for secret in longest_first}
        self._stream = stream or sys.stderr

    def __call__(self, text: str) -> None:
        """What a server said may be in it: no character moves the cursor or changes colours."""
        lines = ("".join(letter if letter.isprintable() else " " for letter in line) for line in text.splitlines())
        self.write("".join(f"toolpress proxy: {line}\n" for line in lines if line.strip()))

    def write(self, text: str) -> None:
        for secret, mask in self._masks.items():
            text = text.replace(secret, mask)
        try:
            self._stream.write(text)
            self._stream.flush()
        except (OSError, ValueError):
            return

    def flush(self) -> None:
        """Nothing is held back; a log handler asks."""
