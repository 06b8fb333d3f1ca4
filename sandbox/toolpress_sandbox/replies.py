"""What an operation answers: a reply, or a refusal that leaves the state as it was; `wire` says how it is spelt."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from toolpress.contract import JsonObject


@dataclass(frozen=True, slots=True)
class Event:
    """One server-sent event."""

    name: str
    payload: JsonObject


@dataclass(frozen=True, slots=True)
class Reply:
    """A success, named part by part as the tool's result is documented; the engine puts it in the wire envelope.

    With `events` the answer is a stream. With `content` the bytes are sent as they are and `parts` is ignored.
    """

    parts: JsonObject = field(default_factory=dict)
    status: int = 200
    events: tuple[Event, ...] | None = None
    content: bytes | None = None
    media_type: str = "application/json"
    headers: Mapping[str, str] = field(default_factory=dict)


class Refusal(Exception):  # noqa: N818 - an answer of the API, not a malfunction
    """An error answer. Everything that the request wrote is rolled back.

    `keep` commits instead: for a failure that is itself recorded, such as a trigger run that went wrong.
    """

    def __init__(
        self,
        status: int,
        code: str,
        message: str,
        details: JsonObject | None = None,
        *,
        headers: Mapping[str, str] | None = None,
        keep: bool = False,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message
        self.details = details
        self.headers = dict(headers or {})
        self.keep = keep


def not_found(what: str) -> Refusal:
    """The same answer for a missing row and for another tenant's row."""
    return Refusal(404, "NOT_FOUND", f"{what} not found")


def invalid(field_name: str, message: str, **details: object) -> Refusal:
    """A 400 that names the field; `message` says what was expected, without repeating the value."""
    return Refusal(
        400, "VALIDATION_ERROR", f"{field_name}: {message}", {"field": field_name, "message": message, **details}
    )
