"""The grammar: help that lists and shows, and one line for a wrong word."""

from __future__ import annotations

import contextlib
import io
import re
import shlex
from importlib import import_module

import pytest

from tests.cli.conftest import Command
from toolpress.cli.parser import parse


def page(*words: str) -> str:
    """The help that is printed for these words."""
    with contextlib.redirect_stdout(io.StringIO()) as printed, pytest.raises(SystemExit) as leaving:
        parse([*words, "--help"])
    assert leaving.value.code == 0
    return printed.getvalue()


def accepted() -> list[str]:
    """The commands that the parser accepts, as it lists them when it refuses another."""
    with contextlib.redirect_stderr(io.StringIO()) as refusal, pytest.raises(SystemExit):
        parse(["no-such-command"])
    return re.findall(r"[a-z]+", refusal.getvalue().partition("choose from")[2].partition(")")[0])


def examples(text: str) -> list[str]:
    below = text.partition("\nexamples:\n")[2]
    return [line.strip() for line in below.splitlines() if line.startswith("  toolpress ")]


COMMANDS = accepted()


def test_help_lists_every_command_in_one_group() -> None:
    listing = page().partition("\nexamples:\n")[0]
    groups = dict(re.findall(r"^([a-z]+):\n((?:  .*\n)+)", listing, re.MULTILINE))
    listed = [line.split()[0] for group in ("run", "look", "build", "check") for line in groups[group].splitlines()]
    assert sorted(listed) == sorted(COMMANDS)
    assert len(COMMANDS) > 1


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_shows_examples_that_it_accepts(command: str) -> None:
    shown = examples(page(command))
    assert shown
    for line in shown:
        args = parse(shlex.split(line)[1:])
        assert args.command == command
        assert callable(import_module(f"toolpress.cli.{args.module}").run)


def test_the_examples_of_the_first_page_are_accepted() -> None:
    shown = [line for line in examples(page()) if "COMMAND" not in line]
    assert {parse(shlex.split(line)[1:]).command for line in shown} <= set(COMMANDS)
    assert len(shown) > 1


@pytest.mark.parametrize("command", COMMANDS)
def test_debug_stands_before_or_behind_any_command(command: str) -> None:
    words = shlex.split(examples(page(command))[0])[1:]
    assert parse(words).debug is False
    assert parse(["--debug", *words]).debug is True
    assert parse([*words, "--debug"]).debug is True


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["no-such-command"], r"toolpress: .*'no-such-command'.* \(choose from .*\). Try: toolpress --help"),
        (["--no-such-option"], r"toolpress: .*--no-such-option\. Try: toolpress --help"),
        (["serve"], r"toolpress serve: .*CATALOG\. Try: toolpress serve --help"),
        (["serve", "zihin", "--port", "65536"], r"toolpress serve: .*from 0 to 65535\. Try: toolpress serve --help"),
        (["serve", "zihin", "--workers", "0"], r"toolpress serve: .*number of processes from 1\. Try: .*"),
        (["serve", "zihin", "--port", "http"], r"toolpress serve: .*from 0 to 65535\. Try: .*"),
        (["serve", "zihin", "--transport", "pigeon"], r"toolpress serve: .*'pigeon'.*"),
        (["drive", "zihin"], r"toolpress drive: .*--sandbox\. Try: toolpress drive --help"),
        (["call", "whoami", "--role", "owner"], r"toolpress call: .*--role owner\. Try: toolpress call --help"),
        (["version", "now"], r"toolpress version: .*now\. Try: toolpress version --help"),
    ],
)
def test_wrong_usage_is_one_line_and_a_fix(toolpress: Command, words: list[str], expected: str) -> None:
    ran = toolpress(*words)
    assert ran.code == 2
    assert re.fullmatch(expected, ran.complaint)


def test_arguments_of_a_call_may_stand_behind_its_options() -> None:
    args = parse(["call", "list_agents", "a=1", "--sandbox", "b=2", "--catalog", "zihin", "c=3"])
    assert (args.tool, args.arguments) == ("list_agents", ["a=1", "b=2", "c=3"])
    assert (args.sandbox, args.catalog) == (True, "zihin")


def test_ports_are_numbers() -> None:
    assert [parse(["serve", "zihin", "--port", text]).port for text in ("0", "65535")] == [0, 65535]
