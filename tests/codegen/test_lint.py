"""`toolpress lint`: all faults of what was named, in one run, as text, JSON or GitHub annotations."""

from __future__ import annotations

import io
import json
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from toolpress.catalog import find_catalog
from toolpress_codegen.lint import Format, run_lint

ROOT = Path(__file__).parents[2]
BASE = Path(__file__).parent / "rules" / "_base"
TOOL = "identity.yaml"
ONE_FAULT = "1 fault in 1 file; each [rule] is told in docs/lint-rules.md"


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A project with two sound catalogues, `desk` and `inn`."""
    for name in ("desk", "inn"):
        folder = tmp_path / "specs" / name
        shutil.copytree(BASE, folder)
        change(folder / "server.yaml", "catalog: desk", f"catalog: {name}")
    return tmp_path


def change(file: Path, old: str, new: str) -> None:
    text = file.read_text(encoding="utf-8")
    assert old in text
    file.write_text(text.replace(old, new, 1), encoding="utf-8", newline="\n")


def linted(home: Path, *targets: str, fmt: Format = "text") -> tuple[int, str]:
    out = io.StringIO()
    return run_lint(targets, fmt, out, home), out.getvalue()


def rules(home: Path, *targets: str) -> list[tuple[str, str]]:
    return [(fault["file"], fault["rule"]) for fault in json.loads(linted(home, *targets, fmt="json")[1])]


def test_sound_catalogues_are_silent(home: Path) -> None:
    assert linted(home) == (0, "4 files, no faults\n")
    assert linted(home, fmt="json") == (0, "[]\n")
    assert linted(home, fmt="github") == (0, "")


def test_shipped_catalogues_are_silent() -> None:
    folders = [path for path in (ROOT / "specs").iterdir() if path.is_dir()]
    kinds = ("*.yaml", "sandbox/*.yaml", "contracts/*.json", "prompts/*.md.j2")
    files = [file for folder in folders for kind in kinds for file in folder.glob(kind)]
    assert linted(ROOT) == (0, f"{len(files)} files, no faults\n")


def test_formats_say_the_same(home: Path) -> None:
    file = home / "specs" / "desk" / TOOL
    change(file, "category: all", "category: 'every: 100%, é'")
    name, message, hint = "specs/desk/identity.yaml", "there is no category 'every: 100%, é'", "use one of: all"
    assert linted(home) == (1, f"{name}:8:15 [category-known] {message} -> {hint}\n{ONE_FAULT}\n")
    status, text = linted(home, fmt="json")
    place = {"file": name, "line": 8, "column": 15}
    assert (status, json.loads(text)) == (1, [{**place, "rule": "category-known", "message": message, "hint": hint}])
    assert text.isascii()
    mark = f"::error file={name},line=8,col=15,title=category-known"
    assert linted(home, fmt="github") == (1, f"{mark}::there is no category 'every: 100%25, é' -> {hint}\n")


def test_github_file_names_are_escaped(home: Path) -> None:
    (home / "specs" / "desk" / "100%, a:b\nc.yaml").write_text("")
    _, text = linted(home, fmt="github")
    assert text == (
        "::error file=specs/desk/100%25%2C a%3Ab%0Ac.yaml,line=1,col=1,title=yaml-empty"
        "::the file is empty -> fill it or delete it\n"
    )


def test_terminal_that_lacks_a_letter_gets_an_escape(home: Path) -> None:
    change(home / "specs" / "desk" / TOOL, "category: all", "category: café")
    raw = io.BytesIO()
    with io.TextIOWrapper(raw, encoding="ascii", write_through=True) as out:
        assert run_lint((), "text", out, home) == 1
        assert b"there is no category 'caf\\xe9'" in raw.getvalue()


def test_faults_are_sorted_by_place(home: Path) -> None:
    for catalog in ("inn", "desk"):
        file = home / "specs" / catalog / TOOL
        change(file, "effect: read", "effect: reed")
        change(file, "category: all", "category: 7")
        (file.parent / "a.yml").touch()
        (file.parent / "z.yaml").touch()
    _, text = linted(home, "inn", "desk")
    *lines, summary = text.splitlines()
    places = [
        (file, int(line), int(column)) for file, line, column in (line.split(" ")[0].split(":") for line in lines)
    ]
    assert places == sorted(places)
    assert len(places) == 8
    assert summary.startswith("8 faults in 6 files; ")


def test_catalogue_is_linted_by_its_name(home: Path) -> None:
    (home / "specs" / "inn" / TOOL).write_text("")
    assert linted(home, "desk") == (0, "2 files, no faults\n")
    assert rules(home, "inn") == rules(home) == [("specs/inn/identity.yaml", "yaml-empty")]


def test_folder_is_linted_wherever_it_is(home: Path, tmp_path: Path) -> None:
    (home / "specs" / "inn").rename(home / "inn")
    assert linted(home, "inn") == (0, "2 files, no faults\n")
    assert linted(home, str(home / "inn"), "specs/desk/") == (0, "4 files, no faults\n")
    elsewhere = home / "specs"
    (home / "inn" / TOOL).write_text("")
    assert rules(elsewhere, "../inn") == [((home / "inn" / TOOL).as_posix(), "yaml-empty")]


def test_file_is_judged_with_its_folder_and_told_alone(home: Path) -> None:
    desk = home / "specs" / "desk"
    shutil.copy(desk / TOOL, desk / "other.yaml")
    change(desk / "other.yaml", "module: identity", "module: other")
    change(desk / TOOL, "title: Who am I", "titel: Who am I")
    assert rules(home, "desk") == [
        ("specs/desk/identity.yaml", "shape"),
        ("specs/desk/identity.yaml", "unknown-key"),
        ("specs/desk/other.yaml", "duplicate-tool"),
    ]
    assert rules(home, "specs/desk/other.yaml") == [("specs/desk/other.yaml", "duplicate-tool")]
    assert linted(home, "specs/desk/server.yaml") == (0, "1 file, no faults\n")
    assert linted(home, str(desk / "server.yaml"), "specs/desk/server.yaml", "inn") == (0, "3 files, no faults\n")


def test_contract_is_a_file_of_its_catalogue(home: Path) -> None:
    contracts = home / "specs" / "desk" / "contracts"
    contracts.mkdir()
    (contracts / "good.json").write_text("{}")
    (contracts / "bad.json").write_text("[]")
    assert linted(home, "specs/desk/contracts/good.json") == (0, "1 file, no faults\n")
    assert rules(home, "specs/desk/contracts/bad.json") == [("specs/desk/contracts/bad.json", "contract")]
    assert rules(home) == [("specs/desk/contracts/bad.json", "contract")]


@pytest.mark.parametrize("target", ["den", "specs/desk/den.yaml", "notes.txt", "specs/desk/contracts/den.json"])
def test_missing_target_is_told(home: Path, target: str) -> None:
    (home / "notes.txt").touch()
    message = f"{target} is no catalogue and no manifest"
    hint = "name a catalogue, a folder with a server.yaml, or a manifest, contract or prompt in it"
    assert linted(home, target) == (1, f"{target}:1:1 [file-missing] {message} -> {hint}\n{ONE_FAULT}\n")


def test_missing_target_does_not_hide_the_others(home: Path) -> None:
    (home / "specs" / "desk" / TOOL).write_text("")
    assert rules(home, "den", "desk") == [("den", "file-missing"), ("specs/desk/identity.yaml", "yaml-empty")]


def test_project_without_catalogues_is_told(tmp_path: Path) -> None:
    status, text = linted(tmp_path)
    assert status == 1
    assert text.startswith(
        f"specs:1:1 [file-missing] no catalogue under {tmp_path / 'specs'}; there is: none -> run it "
    )
    (tmp_path / "specs").mkdir()
    assert linted(tmp_path) == (status, text)


def test_what_the_system_refuses_is_told(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(path: Path) -> None:
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(Path, "iterdir", refused)
    assert linted(home)[1].startswith("specs:1:1 [file-unreadable] cannot be read: Permission denied -> ")
    assert linted(home, "desk")[1].startswith("desk:1:1 [file-unreadable] cannot be read: Permission denied -> ")


@pytest.mark.skipif(sys.platform != "linux", reason="other systems refuse such a name")
def test_file_name_that_is_no_text_is_told(home: Path) -> None:
    odd = home / "specs" / "desk" / b"a\xff.yaml".decode("utf-8", "surrogateescape")
    odd.touch()
    assert rules(home) == rules(home, str(odd)) == [("specs/desk/a\\udcff.yaml", "yaml-empty")]


def test_command_speaks_of_the_folder_it_runs_in(
    home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(home)
    assert run_lint() == 0
    assert capsys.readouterr().out == "4 files, no faults\n"


@dataclass(frozen=True)
class Mistake:
    """In `file` the first `old` becomes `new`; lint points to where `^` stands in it."""

    file: str
    old: str
    new: str
    rule: str
    hint: str


MISTAKES = (
    Mistake("agents.yaml", "effect: read", "effect: ^reed", "shape", "did you mean read?"),
    Mistake("api_keys.yaml", "effect: read", "effect: read\n    ^efect: read", "unknown-key", "did you mean effect?"),
    Mistake("approvals.yaml", "annotations: {readOnlyHint: true, ", "^annotations: {", "hints-written", "readOnlyHint"),
    Mistake("budgets.yaml", "'/api/agents/{agent_id}/", "^'/api/agents/{agent}/", "path-arguments", "input.properties"),
    Mistake("connections.yaml", "tools:", "^title: Two\ntools:", "yaml-duplicate-key", "keep"),
    Mistake("contracts/api_config.json", "{", "^x{", "contract", "it holds one JSON object"),
    Mistake("introspection.yaml", "category: builder-read", "category: ^builder", "category-known", "builder-read"),
    Mistake("mcp_servers.yaml", "format: uuid", "format: ^guid", "schema-format", "uuid"),
    Mistake("server.yaml", "[owner, admin, editor]", "[owner, admin, ^writer]", "roles-known", "editor"),
    Mistake("triggers.yaml", "tools:", "tools:\n^\t", "yaml-tab", "indent with spaces"),
)


@pytest.fixture(scope="module")
def spoilt(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[str]]:
    """A copy of the zihin manifests with every mistake, and where lint must find each."""
    home = tmp_path_factory.mktemp("spoilt")
    shutil.copytree(ROOT / "specs" / "zihin", home / "zihin")
    for mistake in MISTAKES:
        change(home / "zihin" / mistake.file, mistake.old, mistake.new.replace("^", ""))
    return home, [f"zihin/{mistake.file}:{place(mistake)} [{mistake.rule}] " for mistake in MISTAKES]


def place(mistake: Mistake) -> str:
    intact = (ROOT / "specs" / "zihin" / mistake.file).read_text(encoding="utf-8")
    before = intact.partition(mistake.old)[0] + mistake.new.partition("^")[0]
    lines = before.split("\n")
    return f"{len(lines)}:{len(lines[-1]) + 1}"


def test_ten_mistakes_are_told_in_one_run(spoilt: tuple[Path, list[str]]) -> None:
    home, places = spoilt
    status, text = linted(home, "zihin")
    *lines, summary = text.splitlines()
    assert status == 1
    assert summary == "10 faults in 10 files; each [rule] is told in docs/lint-rules.md"
    for line, start, mistake in zip(lines, places, MISTAKES, strict=True):
        assert line.startswith(start)
        assert mistake.hint in line.split(" -> ")[1]


def test_command_tells_the_same_and_ends_with_one(spoilt: tuple[Path, list[str]]) -> None:
    home, _ = spoilt
    command = [sys.executable, "-m", "toolpress", "lint", "zihin"]
    done = subprocess.run(command, cwd=home, capture_output=True, encoding="utf-8", timeout=60, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (*linted(home, "zihin"), "")


def test_no_hint_of_a_tool_whose_product_states_them_can_be_turned_round(tmp_path: Path) -> None:
    home, turned = tmp_path / "zihin", {"true": "false", "false": "true"}
    shutil.copytree(ROOT / "specs" / "zihin", home)
    flips = 0
    for file in home.glob("*.yaml"):
        text, found = re.subn(r"(Hint: )(true|false)", lambda hint: hint[1] + turned[hint[2]], file.read_text("utf-8"))
        file.write_text(text, encoding="utf-8")
        flips += found
    assert flips == 4 * len(find_catalog("zihin").tools)
    assert [rule for _, rule in rules(tmp_path, "zihin")].count("hints-stated") == flips
