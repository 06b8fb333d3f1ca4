"""Every shell command of the pages runs, and every terminal excerpt shows what a terminal shows."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest

from tests.docs.commands import Command, Place, output, parse
from tests.docs.pages import Block, blocks
from tests.docs.runners import ends, runner_of


def lines(text: str) -> Iterator[str]:
    """Command lines, those that end in a backslash joined, comments left out."""
    for line in text.replace("\\\n", " ").splitlines():
        if line.strip() and not line.lstrip().startswith("#"):
            yield line.strip()


COMMANDS = {str(command): command for block in blocks("sh") for line in lines(block.text) for command in parse(line)}
"""Each once, however many pages show it."""


@pytest.mark.parametrize("command", COMMANDS.values(), ids=str)
def test_command(command: Command, place: Place) -> None:
    runner_of(command)(command, place)


@pytest.mark.parametrize("block", blocks("console"), ids=str)
def test_terminal_excerpt(block: Block, place: Place) -> None:
    shown = ""
    for line in re.findall(r"^\$ (.*)$", block.text, re.MULTILINE):
        (command,) = parse(line)
        assert command.words[0] == "curl" or runner_of(command) is ends, "an excerpt shows commands that end"
        shown += f"$ {line}\n{place.shown(output(command, place)[1])}"
        shown += "" if shown.endswith("\n") else "\n"
    assert shown == block.text
