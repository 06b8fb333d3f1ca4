"""Templates print and do nothing else."""

from __future__ import annotations

from pathlib import Path

import pytest
from jinja2 import Environment, nodes

import toolpress_codegen

FOLDER = Path(toolpress_codegen.__file__).parent / "templates"
TEMPLATES = sorted(FOLDER.rglob("*.j2"))
PRINTING = (
    nodes.Template,
    nodes.Output,
    nodes.TemplateData,
    nodes.Name,
    nodes.Getattr,
    nodes.For,
    nodes.If,
)


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: path.relative_to(FOLDER).as_posix())
def test_template_only_prints(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert len(text.splitlines()) < 60
    tree = Environment(autoescape=False).parse(text)
    strange = [type(node).__name__ for node in tree.find_all(nodes.Node) if not isinstance(node, PRINTING)]
    assert strange == []
    assert all(isinstance(node.test, nodes.Name | nodes.Getattr) for node in tree.find_all(nodes.If))
