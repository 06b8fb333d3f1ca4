"""An OAuth 2.1 authorization server in the same process, for products whose credential is a tenant and an API token.

The client id is the tenant and the client secret the API token; applications that have neither send the person to a
consent page, where both are entered. Tokens are opaque; what they stand for is sealed with the token itself. The
package knows no product: `AuthorizationServer` takes names, a store and the question that proves a pair.
"""

from __future__ import annotations

from toolpress.oauth.pair import Pair, VerifyPair
from toolpress.oauth.rate import Rate, RateLimits
from toolpress.oauth.server import AuthorizationServer
from toolpress.oauth.store import OpenStore, StoreUnavailable, open_redis, open_store

__all__ = [
    "AuthorizationServer",
    "OpenStore",
    "Pair",
    "Rate",
    "RateLimits",
    "StoreUnavailable",
    "VerifyPair",
    "open_redis",
    "open_store",
]
