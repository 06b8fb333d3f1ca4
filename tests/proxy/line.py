"""A wire before a server that can lose an answer: what was asked is done, and nobody hears of it."""

from __future__ import annotations

import socket
import struct
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress


class Line:
    """Passes bytes both ways; `lose_next` makes it swallow the answer to the next request of a tool and hang up."""

    def __init__(self, port: int) -> None:
        self._target = ("127.0.0.1", port)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._tool = b""
        self._before_hanging_up: Callable[[], object] = lambda: None
        self.port = int(self._listener.getsockname()[1])

    def lose_next(self, tool: str, before_hanging_up: Callable[[], object]) -> None:
        self._tool, self._before_hanging_up = tool.encode(), before_hanging_up

    def accept(self) -> None:
        """Runs in a thread until the line is closed."""
        while True:
            try:
                near, _ = self._listener.accept()
            except OSError:
                return
            try:
                far = socket.create_connection(self._target)
            except OSError:
                _hang_up(near)
                continue
            asked = threading.Event()
            for source, sink, answers in ((near, far, False), (far, near, True)):
                threading.Thread(target=self._pass, args=(source, sink, answers, asked), daemon=True).start()

    def _pass(self, source: socket.socket, sink: socket.socket, answers: bool, asked: threading.Event) -> None:
        """`asked`: the request whose answer is to be lost went over this connection."""
        with suppress(OSError):
            while data := source.recv(65536):
                if answers and asked.is_set():
                    self._before_hanging_up()
                    break
                if not answers and self._tool and self._tool in data:
                    self._tool = b""
                    asked.set()
                sink.sendall(data)
        _hang_up(source)
        _hang_up(sink)

    def close(self) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()


def _hang_up(end: socket.socket) -> None:
    """With a reset, as a process that is gone does it."""
    with suppress(OSError):
        end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        end.shutdown(socket.SHUT_RDWR)
    end.close()


@contextmanager
def line_to(url: str) -> Iterator[tuple[Line, str]]:
    """A line to the server at an address, and the address of its near end."""
    port = url.split(":")[2].partition("/")[0]
    line = Line(int(port))
    thread = threading.Thread(target=line.accept)
    thread.start()
    try:
        yield line, url.replace(port, str(line.port))
    finally:
        line.close()
        thread.join()
