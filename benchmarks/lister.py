"""Clients that list without end and write one byte for each list; behind the calls, whose times are measured.

python -m benchmarks.lister URL TOOLS CLIENTS
"""

from __future__ import annotations

import asyncio
import os
import sys

from benchmarks.contenders import HEADERS
from benchmarks.wire import Connection, Endpoint, check_list

_LONGEST_S = 120


async def client(endpoint: Endpoint, tools: int) -> None:
    connection = await Connection(endpoint).open()
    request = connection.list()
    while True:
        check_list(await connection.send(request), endpoint, tools)
        os.write(1, b".")


async def main(url: str, tools: str, clients: str) -> None:
    endpoint = Endpoint(url, "modern", HEADERS)
    async with asyncio.timeout(_LONGEST_S):
        await asyncio.gather(*(client(endpoint, int(tools)) for _ in range(int(clients))))


if __name__ == "__main__":
    os.nice(19)  # it shares a core with the client that measures
    asyncio.run(main(*sys.argv[1:]))
