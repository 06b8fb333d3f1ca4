"""A configuration file as data in which every member knows its line."""

from __future__ import annotations

import json
import re
import tomllib
from dataclasses import dataclass
from typing import Any

from toolpress.hosts.known import Host

Where = tuple[str, ...]
_BLANK = re.compile(r"\s*")
_BLANK_OR_COMMENT = re.compile(r"(?:\s|//[^\n]*|/\*.*?\*/)*", re.DOTALL)
_TOML_LINE = re.compile(r"line (\d+)")


@dataclass(frozen=True, slots=True)
class Document:
    """What a file holds, and the lines of its members."""

    data: Any
    lines: dict[Where, int]

    def line(self, where: Where) -> int:
        """The line of a member, or of the nearest one that holds it."""
        while where and where not in self.lines:
            where = where[:-1]
        return self.lines.get(where, 1)


class UnreadableError(Exception):
    """The file is not what its name says."""

    def __init__(self, line: int, problem: str, fix: str) -> None:
        super().__init__(problem)
        self.line = line
        self.problem = problem
        self.fix = fix


def read(host: Host, text: str) -> Document:
    """The text of a host's file.

    Raises:
        UnreadableError: It is no JSON, or no TOML.
    """
    text = text.removeprefix("\ufeff")
    return _toml(text) if host.toml else _Json(text, comments=host.comments).document()


class _Json:
    """Objects and arrays are read here, for the lines of their members; what stands in them by the standard library."""

    def __init__(self, text: str, *, comments: bool) -> None:
        self._text = text
        self._at = 0
        self._comments = comments
        self._skipped = _BLANK_OR_COMMENT if comments else _BLANK
        self._lines: dict[Where, int] = {}
        self._decoder = json.JSONDecoder()

    def document(self) -> Document:
        data = self._value(())
        if self._next():
            raise self._wrong("something stands behind the end", "remove it, or put it inside")
        return Document(data, self._lines)

    def _value(self, where: Where) -> Any:
        if self._next() == "{":
            return self._object(where)
        if self._next() == "[":
            return self._array(where)
        try:
            value, self._at = self._decoder.raw_decode(self._text, self._at)
        except (json.JSONDecodeError, RecursionError) as error:
            raise self._wrong("a value is expected here", self._advice()) from error
        return value

    def _object(self, where: Where) -> dict[str, Any]:
        found: dict[str, Any] = {}
        self._at += 1
        while not self._closes("}", first=not found):
            if self._next() != '"':
                raise self._wrong("a name in double quotes is expected here", self._advice())
            line = self._line()
            name = self._value(where)
            if name in found:
                raise self._wrong(f"{name} stands here for the second time", "keep one of them")
            if self._next() != ":":
                raise self._wrong(f"a colon is expected behind {name}", 'write "name": value')
            self._at += 1
            self._lines[*where, name] = line
            found[name] = self._value((*where, name))
        return found

    def _array(self, where: Where) -> list[Any]:
        found: list[Any] = []
        self._at += 1
        while not self._closes("]", first=not found):
            self._next()
            self._lines[*where, str(len(found))] = self._line()
            found.append(self._value((*where, str(len(found)))))
        return found

    def _closes(self, bracket: str, *, first: bool) -> bool:
        """Whether the bracket comes now; steps over it, or over the comma before the next member."""
        following = self._next()
        if following == bracket:
            self._at += 1
            return True
        if first:
            return False
        if following != ",":
            raise self._wrong(
                f"a comma or {bracket} is expected here", "separate members by commas, close each bracket"
            )
        self._at += 1
        if self._next() != bracket:
            return False
        if not self._comments:
            raise self._wrong("a comma stands before the end", "remove it")
        self._at += 1
        return True

    def _next(self) -> str:
        """The next character that counts."""
        blank = self._skipped.match(self._text, self._at)
        self._at = blank.end() if blank else self._at
        return self._text[self._at : self._at + 1]

    def _line(self) -> int:
        return self._text.count("\n", 0, self._at) + 1

    def _advice(self) -> str:
        if self._text.startswith("//", self._at):
            return "remove the comment: this file is plain JSON"
        if self._text.startswith("'", self._at):
            return "use double quotes"
        return "look for a missing quote, bracket or value"

    def _wrong(self, problem: str, fix: str) -> UnreadableError:
        return UnreadableError(self._line(), f"not JSON: {problem}", fix)


def _toml(text: str) -> Document:
    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        line = _TOML_LINE.search(str(error))
        end = text.count("\n") + 1
        problem = f"not TOML: {str(error).partition(' (at')[0]}"
        raise UnreadableError(int(line[1]) if line else end, problem, "correct the line") from error
    return Document(data, _toml_lines(text))


def _toml_lines(text: str) -> dict[Where, int]:
    """The lines of tables and of the members that begin a line."""
    lines: dict[Where, int] = {}
    table: Where = ()
    for number, line in enumerate(text.splitlines(), 1):
        if header := re.match(r"\s*\[\[?\s*(.+?)\s*\]", line):
            table = _names(header[1])
            lines.setdefault(table, number)
        elif member := re.match(r"""\s*((?:[\w.-]|"[^"]*"|'[^']*')+)\s*=""", line):
            lines.setdefault((*table, *_names(member[1])), number)
    return lines


def _names(dotted: str) -> Where:
    found = re.findall(r"""([\w-]+)|"([^"]*)"|'([^']*)'""", dotted)
    return tuple(bare or double or single for bare, double, single in found)
