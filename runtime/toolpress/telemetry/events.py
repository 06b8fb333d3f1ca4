"""What happens in a server, in the words in which whoever watches it is told.

Names come from the catalogue alone. Arguments, keys, tenants and what a client calls its requests are never told.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext
from dataclasses import dataclass, field
from typing import Any, Literal

from toolpress.request import UpstreamRequest

Method = Literal["tools/call", "resources/read"]
Stream = Literal["session", "subscription"]
"""Opened with GET for a session, or with `subscriptions/listen`."""
RawHeaders = Iterable[tuple[bytes, bytes]]
Span = AbstractContextManager[object]
"""What lasts from its entry to its exit; an exception that leaves it is how it ended."""

_NOTHING: Span = nullcontext()


@dataclass(slots=True)
class Exchange:
    """One attempt at a request upstream; `headers` are to be sent with it, `status` is set once it is answered."""

    request: UpstreamRequest
    base_url: str
    attempt: int
    headers: dict[str, str] = field(default_factory=dict)
    status: int | None = None


class Observer:
    """Watches the server of one catalogue. This one sees nothing; others override what they care for."""

    def asked(self, meta: Mapping[str, Any] | None, version: str, headers: RawHeaders | None) -> None:
        """A message has come; what this task does from now on is for it. Over stdio there are no headers."""

    def call(self, method: Method, name: str) -> Span:  # noqa: ARG002 - for those who override
        """A tool is called, or a resource is read."""
        return _NOTHING

    def unknown_tool(self) -> None:
        """A tool was called that there is not, or not for this caller."""

    def exchange(self, exchange: Exchange) -> Span:  # noqa: ARG002 - the same
        """A request to the upstream."""
        return _NOTHING

    def listed(self, method: str) -> None:
        """Something was listed."""

    def refused(self, status: int) -> None:
        """An HTTP request got no further than the entrance."""

    def session(self, change: Literal["opened", "ended"]) -> None:
        """A session was opened, or ended by its client."""

    def stream(self, kind: Stream) -> Span:  # noqa: ARG002 - the same
        """An event stream is open."""
        return _NOTHING

    def draining(self) -> None:
        """The server was told to stop."""


SILENT = Observer()
Observe = Callable[[str], Observer]
"""The observer of a catalogue, by its name."""


class Several(Observer):
    """Tells each of several."""

    def __init__(self, *observers: Observer) -> None:
        self._observers = observers

    def asked(self, meta: Mapping[str, Any] | None, version: str, headers: RawHeaders | None) -> None:
        for observer in self._observers:
            observer.asked(meta, version, headers)

    def call(self, method: Method, name: str) -> Span:
        return _all(observer.call(method, name) for observer in self._observers)

    def unknown_tool(self) -> None:
        for observer in self._observers:
            observer.unknown_tool()

    def exchange(self, exchange: Exchange) -> Span:
        return _all(observer.exchange(exchange) for observer in self._observers)

    def listed(self, method: str) -> None:
        for observer in self._observers:
            observer.listed(method)

    def refused(self, status: int) -> None:
        for observer in self._observers:
            observer.refused(status)

    def session(self, change: Literal["opened", "ended"]) -> None:
        for observer in self._observers:
            observer.session(change)

    def stream(self, kind: Stream) -> Span:
        return _all(observer.stream(kind) for observer in self._observers)

    def draining(self) -> None:
        for observer in self._observers:
            observer.draining()


@contextmanager
def _all(spans: Iterable[Span]) -> Iterator[None]:
    with ExitStack() as stack:
        for span in spans:
            stack.enter_context(span)
        yield
