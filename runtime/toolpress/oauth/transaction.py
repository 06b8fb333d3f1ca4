"""Tie the form of the consent page to the browser that the page was shown to, without keeping anything here.

Each page has a transaction: a random secret in a cookie of its own (HttpOnly, SameSite=Strict) and a form that carries
the authorization request with an HMAC under that secret. Another site can neither read the page nor make the browser
send the cookie along with its own form, so only the person's own click is taken. A decision takes the cookie away: one
page, one decision. The request inside is checked anew with every post, so the HMAC says where it came from, not that it
is good.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections.abc import Mapping
from dataclasses import dataclass

from starlette.responses import Response

LIFE_S = 1800


@dataclass(frozen=True, slots=True)
class Transaction:
    """What the form carries; `request` is the query of the authorization request."""

    name: str
    began: int
    request: str
    proof: str

    @property
    def fields(self) -> dict[str, str]:
        return {"transaction": self.name, "began": str(self.began), "request": self.request, "proof": self.proof}


def begin(request: str, now: float) -> tuple[Transaction, str]:
    """A transaction for a new page, and the secret for its cookie."""
    secret, name, began = secrets.token_urlsafe(32), secrets.token_hex(8), int(now)
    return Transaction(name, began, request, _proof(secret, name, began, request)), secret


def resume(fields: Mapping[str, str], cookies: Mapping[str, str], now: float, *, secure: bool) -> Transaction | None:
    """The transaction of a posted form; None if the form is not from a page that this browser was shown of late."""
    name, began, request = fields.get("transaction", ""), fields.get("began", ""), fields.get("request", "")
    secret = cookies.get(cookie_name(name, secure=secure))
    if not (secret and began.isascii() and began.isdigit() and len(began) <= 15):
        return None
    whole = Transaction(name, int(began), request, fields.get("proof", ""))
    expected = _proof(secret, name, whole.began, request)
    if not hmac.compare_digest(expected.encode(), whole.proof.encode()) or now >= whole.began + LIFE_S:
        return None
    return whole


def cookie_name(name: str, *, secure: bool) -> str:
    """The `__Host-` form can be set over https by this very host alone; the other, by its neighbours as well."""
    return f"__Host-consent-{name}" if secure else f"consent-{name}"


def set_cookie(response: Response, transaction: Transaction, secret: str, *, secure: bool) -> None:
    _cookie(response, transaction, secret, LIFE_S, secure=secure)


def clear_cookie(response: Response, transaction: Transaction, *, secure: bool) -> None:
    _cookie(response, transaction, "", 0, secure=secure)


def _cookie(response: Response, transaction: Transaction, value: str, max_age: int, *, secure: bool) -> None:
    name = cookie_name(transaction.name, secure=secure)
    response.set_cookie(name, value, max_age=max_age, path="/", secure=secure, httponly=True, samesite="strict")


def _proof(secret: str, name: str, began: int, request: str) -> str:
    return hmac.new(secret.encode(), f"{name}\n{began}\n{request}".encode(), hashlib.sha256).hexdigest()
