"""Printing a plan: every file with its mark, and what the sandbox must hide."""

from __future__ import annotations

import json
from typing import Any

import pytest
from jinja2 import UndefinedError

from tests.codegen.scratch import module, resolved, tool
from toolpress_codegen.plan import make_plan
from toolpress_codegen.render import environment, render, render_shared
from toolpress_codegen.write import MARK

TEXT = {"type": "string"}
SECRET = {"type": "string", "secret": True}


def printed(*tools: dict[str, Any]) -> dict[str, str]:
    return render(make_plan(resolved(module("things", *tools))))


def holding(**members: Any) -> dict[str, Any]:
    return {"type": "object", "properties": members}


def test_every_file_says_where_it_comes_from() -> None:
    for path, text in {**printed(tool("probe")), **render_shared()}.items():
        notice = text[:200]
        assert MARK in notice, path
        assert "do not edit. Run: nox -s regenerate" in notice, path


def test_files_lie_in_the_folders_of_the_catalogue() -> None:
    home, docs = "generated/toolpress_catalogs/fragment", "docs/reference/fragment"
    assert set(printed(tool("probe"))) == {
        *(f"{home}/{name}" for name in ("__init__.py", "catalog.py", "openapi.json", "sandbox.json")),
        *(f"{home}/{name}" for name in ("tools.json", "tools.lock", "tools/__init__.py", "tools/things.py")),
        *(f"{home}/{name}" for name in ("models/__init__.py", "models/things.py")),
        *(f"{docs}/{name}" for name in ("README.md", "things.md")),
    }


def test_secrets_are_found_wherever_they_stand() -> None:
    properties = {
        "plain": TEXT,
        "token": SECRET,
        "config": holding(user=TEXT, password=SECRET),
        "keys": {"type": "array", "items": SECRET},
        "rows": {"type": "array", "items": {"type": "array", "items": holding(key=SECRET, name=TEXT)}},
        "vault": {**holding(inner=SECRET), "secret": True},
        "pins": {"type": "array", "items": TEXT, "secret": True},
        "labels": {"type": "object", "additionalProperties": TEXT},
        "headers": {"type": "object", "additionalProperties": SECRET},
        "users": {"type": "object", "additionalProperties": holding(password=SECRET)},
    }
    files = printed(tool("probe", properties))
    (operation,) = json.loads(files["generated/toolpress_catalogs/fragment/sandbox.json"])["operations"]
    expected = "token config.password keys rows.key vault vault.inner pins headers users"
    assert operation["secrets"] == expected.split()


def test_documents_end_in_one_line_break() -> None:
    for path, text in printed(tool("probe")).items():
        assert text.endswith("\n"), path
        assert not text.endswith("\n\n"), path


def test_templates_may_not_ask_for_what_is_not_planned() -> None:
    with pytest.raises(UndefinedError):
        environment().from_string("{{ nothing }}").render()
