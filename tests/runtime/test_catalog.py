"""Finding catalogues and tools, with errors that say what there is."""

from __future__ import annotations

import sys
from dataclasses import replace
from types import ModuleType
from typing import Any

import pytest

from tests.runtime.fixture_catalog.catalog import CATALOG
from toolpress.catalog import CatalogIndex, find_catalog, installed, load_operation
from toolpress.embedded import default_credential, require_sandbox, running_sandbox, seeded_keys
from toolpress.errors import ConfigurationError, UnknownTool
from toolpress.examples import cases
from toolpress.principal import Credential

REFERENCE = "tests.runtime.fixture_catalog.catalog:CATALOG"


def test_by_reference_and_by_name() -> None:
    assert find_catalog(REFERENCE) is CATALOG
    name = next(iter(installed()))
    assert find_catalog(name).name == name


@pytest.mark.parametrize("name", ["nope", "no.such:CATALOG", "json:CATALOG", "json:dumps", ":", "a:b:c"])
def test_what_is_not_there(name: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        find_catalog(name)
    assert caught.value.fix
    if name == "nope":
        assert all(known in caught.value.message for known in installed())


def test_tools_by_name() -> None:
    index = CatalogIndex(CATALOG)
    assert [tool.name for tool in index.tools] == [tool.name for tool in CATALOG.tools]
    assert index.operation(index.require("get_note")).route.path == "/api/notes/{note_id}"
    assert index.get("nothing") is None
    with pytest.raises(UnknownTool) as caught:
        index.require("list_note")
    assert caught.value.fix == "Did you mean list_notes?"
    with pytest.raises(UnknownTool, match="Unknown tool: zzz"):
        index.require("zzz")


def test_broken_packages_name_the_repair(monkeypatch: pytest.MonkeyPatch) -> None:
    index = CatalogIndex(CATALOG)
    with pytest.raises(ConfigurationError, match=r"tools\.json has no tool"):
        index.listing("nothing")
    with pytest.raises(ConfigurationError, match=r"tools\.json cannot be read"):
        CatalogIndex(replace(CATALOG, package="no_such_package")).listing("whoami")
    with pytest.raises(ConfigurationError, match="has no operation"):
        load_operation(CATALOG.package, "notes", "nothing")
    odd: Any = ModuleType("odd.tools.notes")
    odd.OPERATIONS = {"x": 1}
    monkeypatch.setitem(sys.modules, "odd.tools.notes", odd)
    monkeypatch.setitem(sys.modules, "odd.tools", ModuleType("odd.tools"))
    monkeypatch.setitem(sys.modules, "odd", ModuleType("odd"))
    with pytest.raises(ConfigurationError, match="is not an operation"):
        load_operation("odd", "notes", "x")


def test_the_sandbox_and_its_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    index = CatalogIndex(CATALOG)
    assert default_credential(index) == Credential("nb_test_a_owner")
    assert [(key.key, key.role, key.tenant, key.usable) for key in seeded_keys(index)] == [
        ("nb_test_a_owner", "owner", "a", True),
        ("nb_test_a_editor", "editor", "a", True),
        ("nb_test_a_member", "member", "a", True),
        ("nb_test_a_revoked", "owner", "a", False),
        ("nb_test_b_owner", "owner", "b", True),
    ]
    monkeypatch.setitem(index.sandbox, "data", None)
    assert seeded_keys(index) == []
    with pytest.raises(ConfigurationError, match="default_key"):
        default_credential(index)
    with pytest.raises(ConfigurationError, match="cannot start"), running_sandbox(index):
        pass
    monkeypatch.setattr("toolpress.embedded.find_spec", lambda _: None)
    with pytest.raises(ConfigurationError, match="not installed"):
        require_sandbox()


def test_cases_of_a_catalogue() -> None:
    found = cases(CatalogIndex(CATALOG).sandbox)
    assert [
        (case.tool, case.code, case.role, case.revoked) for case in found if case.tool in ("create_note", "whoami")
    ] == [
        ("create_note", None, None, False),
        ("create_note", None, None, False),
        ("create_note", "WRITE_BLOCKED", "editor", False),
        ("whoami", None, None, False),
        ("whoami", "INVALID_API_KEY", None, True),
    ]
    assert cases({}) == []


def test_a_narrowed_index_keeps_resources_and_drops_texts_about_all_tools() -> None:
    catalog = find_catalog("zihin")
    modules = {tool.module for tool in catalog.tools}
    whole, part = CatalogIndex(catalog).surface, CatalogIndex(catalog, ["agents"]).surface
    assert CatalogIndex(catalog, modules).surface == whole
    assert (part.resources, part.templates) == (whole.resources, whole.templates)
    assert (part.prompts, part.instructions) == ((), ())


def test_a_surface_that_cannot_be_understood_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    index = CatalogIndex(find_catalog("zihin"))
    monkeypatch.setattr(index, "_json", lambda _name: {"resources": [{"uri": "x://a"}]})
    with pytest.raises(ConfigurationError, match="cannot be understood"):
        _ = index.surface
