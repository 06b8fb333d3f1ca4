"""From words to an exit code, and what `--help` must not import."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from importlib.metadata import entry_points

import pytest

from tests import processes
from tests.cli.conftest import Command
from toolpress import errors
from toolpress.cli import exits, main

HEAVY = ("fastmcp", "mcp", "mcp_types", "httpx", "httpx2", "pydantic", "starlette", "uvicorn", "structlog", "jinja2")
HEAVY += ("yaml", "jsonschema", "asyncio", "toolpress_sandbox", "toolpress_codegen", "toolpress_catalogs")


def imported_by(*words: str) -> set[str]:
    """The top packages that a fresh interpreter holds after the command."""
    script = (
        "import json, sys\n"
        "from toolpress.cli import main\n"
        "try:\n    main(sys.argv[1:])\n"
        "except SystemExit as leaving:\n    assert not leaving.code\n"
        "print(json.dumps(sorted({name.partition('.')[0] for name in sys.modules})))\n"
    )
    done = subprocess.run([sys.executable, "-c", script, *words], capture_output=True, text=True, check=True)
    return set(json.loads(done.stdout.splitlines()[-1]))


@pytest.mark.parametrize("words", [["--help"], ["serve", "--help"], ["version"]], ids=" ".join)
def test_help_and_version_import_nothing_heavy(words: list[str]) -> None:
    found = imported_by(*words)
    assert "toolpress" in found
    assert found.isdisjoint(HEAVY)


@pytest.mark.parametrize("words", [["tools", "zihin"], ["describe", "whoami"]], ids=" ".join)
def test_looking_needs_no_server(words: list[str]) -> None:
    assert imported_by(*words).isdisjoint({"fastmcp", "mcp", "uvicorn", "toolpress_sandbox", "toolpress_codegen"})


def test_serving_imports_a_store_and_the_sandbox_only_where_they_are_needed() -> None:
    script = "import json, sys, toolpress.cli.serve; print(json.dumps(sorted(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    found = set(json.loads(done.stdout))
    assert "toolpress.server" in found
    assert found.isdisjoint({"key_value", "toolpress.oauth", "toolpress.sessions", "toolpress_sandbox"})


def test_without_a_command_the_help_is_shown(toolpress: Command) -> None:
    ran = toolpress()
    assert ran.code == exits.USAGE
    assert ran.out == toolpress("--help").out


def test_the_help_documents_every_exit_code(toolpress: Command) -> None:
    documented = toolpress("--help").out.partition("exit codes:\n")[2].partition("\n\n")[0]
    known = {value for name, value in vars(exits).items() if name.isupper() and isinstance(value, int)}
    assert {int(number) for number in re.findall(r"\d+", documented)} == known


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (errors.InvalidArguments("x"), exits.USAGE),
        (errors.UnknownTool("x"), exits.USAGE),
        (errors.ConfigurationError("x"), exits.CONFIGURATION),
        (errors.Unauthenticated("x"), exits.CONFIGURATION),
        (errors.Unauthenticated("x", status=401), exits.FOUND),
        (errors.Forbidden("x"), exits.FOUND),
        (errors.UpstreamUnavailable("x"), exits.UNREACHABLE),
        (errors.UpstreamTimeout("x"), exits.UNREACHABLE),
        (errors.UpstreamGarbled("x"), exits.FOUND),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Exception) else None,
)
def test_codes_of_errors(error: errors.ToolpressError, code: int) -> None:
    assert exits.code_of(error) == code


def test_an_error_is_one_line_with_its_fix_and_debug_raises_it(toolpress: Command) -> None:
    ran = toolpress("tools", "nothing")
    assert ran.code == exits.CONFIGURATION
    assert re.fullmatch(r"toolpress tools: No catalogue is called nothing; installed: .*zihin.*", ran.complaint)
    with pytest.raises(errors.ConfigurationError, match="nothing"):
        main(["tools", "nothing", "--debug"])


@pytest.mark.parametrize(
    ("problem", "complaint"),
    [
        (errors.ToolpressError("two\nlines"), "toolpress version: two lines"),
        (errors.ToolpressError("a", fix="Do\nb."), "toolpress version: a Do b."),
        (
            KeyError("two\nlines"),
            r"toolpress version: KeyError: 'two\nlines'. This is a fault of toolpress; --debug shows where.",
        ),
    ],
)
def test_whatever_happens_is_one_line(
    toolpress: Command, monkeypatch: pytest.MonkeyPatch, problem: Exception, complaint: str
) -> None:
    def fail(_args: object) -> int:
        raise problem

    monkeypatch.setattr("toolpress.cli.version.run", fail)
    ran = toolpress("version")
    assert (ran.code, ran.complaint) == (exits.FOUND, complaint)
    with pytest.raises(type(problem)):
        main(["--debug", "version"])


def test_an_interrupt_is_quiet(toolpress: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(_args: object) -> int:
        raise KeyboardInterrupt

    monkeypatch.setattr("toolpress.cli.version.run", interrupt)
    ran = toolpress("version")
    assert (ran.code, ran.out, ran.err) == (130, "", "")


def test_debug_shows_the_traceback() -> None:
    quiet, loud = processes.run("tools", "nothing"), processes.run("tools", "nothing", "--debug")
    assert "Traceback" not in quiet.stderr
    assert loud.stderr.startswith("Traceback (most recent call last):")
    assert "ConfigurationError: No catalogue is called nothing" in loud.stderr


@pytest.mark.parametrize("words", [["tools", "zihin"], ["version"], ["--help"]], ids=" ".join)
def test_a_reader_that_has_left_is_no_error(words: list[str]) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    done = processes.run(*words, stdout=writer)
    os.close(writer)
    assert (done.returncode, done.stderr) == (0, "")


def test_the_first_line_is_enough_for_head() -> None:
    with subprocess.Popen(
        [*processes.TOOLPRESS, "tools", "zihin", "--json"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        assert process.stdout.readline() == "[\n"
        process.stdout.close()
        assert process.stderr.read() == ""
        assert process.wait(20) == 0


def test_the_installed_command_answers() -> None:
    [script] = entry_points(group="console_scripts", name="toolpress")
    assert script.load() is main
    assert processes.run("version").stdout.startswith("toolpress ")
