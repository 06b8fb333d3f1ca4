"""One Jinja file (a prompt) as text; pure, and never raises."""

from __future__ import annotations

from toolpress_codegen.diagnostics import Diagnostic, one_line
from toolpress_codegen.source_file import BOM, BOM_FAULT, Place, SourceFile, UnusableError, decode


def read_text(file: str, raw: bytes) -> SourceFile:
    """The text as it stands, with the place of each line by its number; `data` only says that it could be read."""
    try:
        if raw.startswith(BOM):
            raise UnusableError(*BOM_FAULT)
        text = decode(raw)
        lines = range(1, len(text.splitlines()) + 1)
        return SourceFile(file, text, {}, {(line,): Place((line, 1), (line, 1)) for line in lines})
    except UnusableError as problem:
        rule, spot, message, hint = problem.fault
        return SourceFile(file, "", None, {}, (Diagnostic(file, *spot, rule, one_line(message), hint),))
