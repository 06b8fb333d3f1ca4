"""`toolpress generate` and `toolpress lint` hand over to the compiler, when it is there."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest

from tests.cli.conftest import Command


@pytest.mark.parametrize(
    ("words", "handed"),
    [
        ([], (None, False, False, None, None, True)),
        (["zihin", "--check", "--diff"], ("zihin", True, True, None, None, True)),
        (
            ["--root", "elsewhere", "--shuffle", "7", "--no-cache"],
            (None, False, False, Path("elsewhere"), 7, False),
        ),
    ],
)
def test_generate_hands_its_options_over(
    toolpress: Command, monkeypatch: pytest.MonkeyPatch, words: list[str], handed: tuple[Any, ...]
) -> None:
    seen: list[Any] = []
    monkeypatch.setattr("toolpress_codegen.press.run_generate", lambda *given: seen.append(given) or 1)
    assert toolpress("generate", *words).code == 1
    assert seen == [handed]


def test_lint_of_the_shipped_manifests_is_silent(toolpress: Command) -> None:
    assert toolpress("lint", "zihin").code == 0


@pytest.mark.parametrize("words", [["generate", "--check"], ["lint"]], ids=" ".join)
@pytest.mark.parametrize("missing", ["yaml", "jinja2"])
def test_without_the_compilers_libraries_it_says_what_to_install(
    toolpress: Command, monkeypatch: pytest.MonkeyPatch, words: list[str], missing: str
) -> None:
    for name in [name for name in sys.modules if name.partition(".")[0] == "toolpress_codegen"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, missing, None)
    ran = toolpress(*words)
    assert ran.code == 3
    assert ran.complaint.endswith(f"needs {missing}, which is not installed. Run: pip install 'toolpress[codegen]'")


def test_a_compiler_that_lacks_its_own_module_is_a_fault(toolpress: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "toolpress_codegen.lint", None)
    ran = toolpress("lint")
    assert ran.code == 1
    assert "ModuleNotFoundError: import of toolpress_codegen.lint halted" in ran.complaint
