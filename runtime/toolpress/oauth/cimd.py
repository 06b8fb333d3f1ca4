"""Client ID metadata documents: a client whose id is the https URL of a document about itself.

FastMCP fetches and reads them: https alone, addresses looked up first and refused unless all are public, the connection
pinned to what was looked up, no redirects, at most 5 KiB, kept as long as their HTTP headers allow. We add a deadline
over all of it, the draft's rules for such a URL and its exact comparison.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable
from urllib.parse import urlsplit

from fastmcp.server.auth.cimd import CIMDDocument, CIMDFetcher, CIMDFetchError, CIMDValidationError

FetchDocument = Callable[[str], Awaitable[CIMDDocument]]
"""The checked document at a URL; raises DocumentRefused."""

DEADLINE_S = 5.0
_URL = re.compile(
    r"https://[a-z0-9.-]+(:[0-9]{1,5})?/[A-Za-z0-9._~!$&'()*+,;=:@%/-]+(\?[A-Za-z0-9._~!$&'()*+,;=:@%/?-]*)?"
)
_MAX_LENGTH = 512


class DocumentRefused(Exception):  # noqa: N818 - an exception is named for what happened
    """There is no usable document at that URL."""


def is_document_url(text: str) -> bool:
    """Whether a client id is such a URL: https, a path without dot segments, no user, no fragment."""
    if len(text) > _MAX_LENGTH or not _URL.fullmatch(text):
        return False
    parts = urlsplit(text).path.lower().replace("%2e", ".").split("/")
    return "." not in parts and ".." not in parts


def document_fetcher(deadline_s: float = DEADLINE_S) -> FetchDocument:
    """A fetcher with a cache of its own."""
    fetcher = CIMDFetcher(timeout=deadline_s)

    async def fetch(url: str) -> CIMDDocument:
        try:
            async with asyncio.timeout(deadline_s):
                document = await fetcher.fetch(url)
        except TimeoutError as error:
            raise DocumentRefused("The client's metadata document did not arrive in time.") from error
        except CIMDFetchError as error:
            raise DocumentRefused("The client's metadata document cannot be fetched.") from error
        except (CIMDValidationError, ValueError, RecursionError) as error:
            raise DocumentRefused("The client's metadata document is not valid.") from error
        if str(document.client_id) != url:
            raise DocumentRefused("The client's metadata document is that of another client.")
        return document

    return fetch
