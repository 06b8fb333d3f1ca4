"""The upstream of every contender: a bare server that answers each request with the same JSON of about 1 KB.

python -m benchmarks.upstream PORT
"""

from __future__ import annotations

import asyncio
import json
import re
import sys

MARK = b"2f1c7c1e-upstream-answer"
"""What a good answer to a call must hold."""

COUNT_PATH = b"/__count__"

ANSWER = {
    "success": True,
    "message": "Retrieved successfully",
    "role": "owner",
    "tenant_id": "acme",
    "plan": "free",
    "data": {
        "id": MARK.decode(),
        "items": [
            {"id": f"a0000000-0000-4000-8000-00000000000{number}", "name": f"Item {number}", "status": "active", "n": 7}
            for number in range(8)
        ],
        "created_at": "2026-01-01T00:00:00Z",
        "note": "x" * 120,
    },
}
_LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)


def _answer(body: bytes) -> bytes:
    head = f"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    return head.encode() + body


class Upstream(asyncio.Protocol):
    """HTTP/1.1 with keep-alive and bodies of a stated length, which is all that the contenders send."""

    answered = 0
    fixed = _answer(json.dumps(ANSWER).encode())

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._held = b""

    def data_received(self, data: bytes) -> None:
        self._held += data
        while (end := self._held.find(b"\r\n\r\n")) >= 0:
            stated = _LENGTH.search(self._held, 0, end)
            whole = end + 4 + (int(stated[1]) if stated else 0)
            if len(self._held) < whole:
                return
            path = self._held.split(b" ", 2)[1]
            self._held = self._held[whole:]
            if path == COUNT_PATH:
                self._transport.write(_answer(str(Upstream.answered).encode()))
            else:
                Upstream.answered += 1
                self._transport.write(self.fixed)


async def main(port: int) -> None:
    server = await asyncio.get_running_loop().create_server(Upstream, "127.0.0.1", port)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1])))
