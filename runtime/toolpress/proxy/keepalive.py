"""Ask the server from time to time whether it is there, knows the key and lists what it listed."""

from __future__ import annotations

import anyio

from toolpress.proxy.failures import lost
from toolpress.proxy.lists import Lists
from toolpress.proxy.upstream import Sleep, Upstream


async def keep_alive(upstream: Upstream, lists: Lists, interval_s: float, sleep: Sleep = anyio.sleep) -> None:
    """Never ends. While a call runs there is nothing to find out, and while there is no link one is being made."""
    while True:
        await sleep(interval_s)
        link = upstream.link
        if link is None or link.busy:
            continue
        try:
            await link.use(lambda client: lists.look(client, "tools"))
        except Exception as error:  # noqa: BLE001 - whatever it is, this link is no good
            upstream.report(link, lost(error))
