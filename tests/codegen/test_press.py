"""`toolpress generate`: what it writes, what it leaves alone, and what it says."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.codegen.scratch import HINTS, ROOT, module, project, put_module, tool
from toolpress_codegen import formatting, press
from toolpress_codegen.cache import FOLDER
from toolpress_codegen.press import run_generate
from toolpress_codegen.write import MARK

HOME = "generated/toolpress_catalogs/fragment"
REPAIR = "Run: nox -s regenerate\n"


@pytest.fixture
def fresh(tmp_path: Path) -> Path:
    """A project that was never generated."""
    return project(tmp_path)


@pytest.fixture(scope="module")
def pressed_once(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = project(tmp_path_factory.mktemp("pressed"))
    assert run_generate(root=root) == 0
    return root


@pytest.fixture
def pressed(pressed_once: Path, tmp_path: Path) -> Path:
    """A project whose tree is up to date."""
    return Path(shutil.copytree(pressed_once, tmp_path / "pressed"))


def within(root: Path) -> Iterator[Path]:
    """All but the cache."""
    return (path for path in root.rglob("*") if FOLDER not in path.parts)


def tree(root: Path) -> dict[str, bytes]:
    return {path.relative_to(root).as_posix(): path.read_bytes() for path in within(root) if path.is_file()}


def times(root: Path) -> dict[str, int]:
    return {path.as_posix(): path.stat().st_mtime_ns for path in within(root)}


def test_first_run_writes_every_file_and_says_nothing_in_a_pipe(
    fresh: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = tree(fresh)
    assert run_generate(root=fresh) == 0
    written = tree(fresh).keys() - before.keys()
    assert written == press.press(fresh).files.keys()
    assert {f"{HOME}/tools/probes.py", f"{HOME}/tools.lock", "docs/reference/fragment/things.md"} <= written
    assert capsys.readouterr() == ("", "")


def test_every_written_file_carries_the_mark(pressed: Path) -> None:
    for path in press.press(pressed).files:
        assert MARK in (pressed / path).read_text(encoding="utf-8")[:400], path


def test_second_run_touches_nothing(pressed: Path) -> None:
    before = times(pressed)
    assert run_generate(root=pressed) == 0
    assert times(pressed) == before


def test_check_passes_on_a_tree_that_is_up_to_date(pressed: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = times(pressed)
    assert run_generate(check=True, diff=True, root=pressed) == 0
    assert times(pressed) == before
    assert capsys.readouterr() == ("", "")


@pytest.mark.parametrize("path", [f"{HOME}/tools.lock", f"{HOME}/models/probes.py", "specs/manifest.schema.json"])
def test_check_fails_on_one_changed_byte_and_says_how_to_repair(
    pressed: Path, capsys: pytest.CaptureFixture[str], path: str
) -> None:
    good = (pressed / path).read_bytes()
    (pressed / path).write_bytes(good[:-2] + bytes([good[-2] ^ 1]) + good[-1:])
    assert run_generate(check=True, root=pressed) == 1
    told = capsys.readouterr().err
    assert told == f"{path}: changed\nfiles that differ from the manifests: 1. {REPAIR}"
    assert run_generate(root=pressed) == 0
    assert (pressed / path).read_bytes() == good


def test_check_tells_new_changed_and_stale_files(pressed: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (pressed / HOME / "catalog.py").unlink()
    (pressed / HOME / "tools.json").write_text("{}", encoding="utf-8")
    (pressed / HOME / "tools" / "gone.py").write_text(f"# {MARK}\n", encoding="utf-8")
    assert run_generate(check=True, root=pressed) == 1
    *told, repair = capsys.readouterr().err.splitlines(keepends=True)
    assert told == [f"{HOME}/catalog.py: new\n", f"{HOME}/tools.json: changed\n", f"{HOME}/tools/gone.py: stale\n"]
    assert repair.endswith(REPAIR)


def test_diff_prints_what_changes(pressed: Path, capsys: pytest.CaptureFixture[str]) -> None:
    put_module(pressed, module("probes", tool("probe", title="Look around")))
    assert run_generate(check=True, diff=True, root=pressed) == 1
    told = capsys.readouterr().out
    assert f"--- a/{HOME}/tools/probes.py\n+++ b/{HOME}/tools/probes.py\n@@ " in told
    assert '-    """Probe.\n' in told
    assert '+    """Look around.\n' in told


def test_removed_module_takes_its_files_along(pressed: Path) -> None:
    (pressed / "specs" / "fragment" / "things.yaml").unlink()
    assert run_generate(root=pressed) == 0
    assert not [path for path in tree(pressed) if "things" in path]
    assert run_generate(check=True, root=pressed) == 0


@pytest.mark.parametrize("named", [None, "fragment"])
def test_only_files_with_the_mark_in_folders_of_ours_are_removed(pressed: Path, named: str | None) -> None:
    kept = {
        f"{HOME}/notes.txt": "mine",
        "docs/reference/fragment/guide.md": "mine",
        "docs/guide.md": f"<!-- {MARK} by hand, elsewhere -->",
    }
    removed = [f"{HOME}/tools/old.py", "docs/reference/fragment/old.md", f"{HOME}/.catalog.py.toolpress"]
    for path, text in {**kept, **dict.fromkeys(removed, f"# {MARK}\n")}.items():
        (pressed / path).write_text(text, encoding="utf-8")
    assert run_generate(named, root=pressed) == 0
    assert {path: text for path, text in tree(pressed).items() if path in kept} == {
        path: text.encode() for path, text in kept.items()
    }
    assert not tree(pressed).keys() & set(removed)


def test_removed_catalogue_goes_when_all_are_pressed(pressed: Path) -> None:
    for folder in (HOME.replace("fragment", "other"), "docs/reference/other"):
        (pressed / folder).mkdir(parents=True)
        (pressed / folder / "left.md").write_text(f"# {MARK}\n", encoding="utf-8")
    assert run_generate("fragment", root=pressed) == 0
    assert [path for path in tree(pressed) if "/other/" in path]
    assert run_generate(root=pressed) == 0
    assert not list(pressed.rglob("other"))


def test_bad_manifests_change_nothing_and_are_all_told(pressed: Path, capsys: pytest.CaptureFixture[str]) -> None:
    put_module(pressed, module("probes", tool("probe", effect="look")))
    put_module(pressed, module("things", tool("list_things", category="none")))
    before = times(pressed)
    assert run_generate(root=pressed) == 1
    *faults, last = capsys.readouterr().err.splitlines()
    assert [fault.split(":")[0] for fault in faults] == ["specs/fragment/probes.yaml", "specs/fragment/things.yaml"]
    assert last == f"faults: {len(faults)}; nothing was written. Run: toolpress lint"
    assert times(pressed) == before


def holding(**members: object) -> dict[str, object]:
    return {"type": "object", "description": "Holds some more.", "properties": members}


TEXT = {"type": "string", "description": "Some text."}
UNFAITHFUL = {
    "AddThingABC": {"a": holding(b_c=holding(d=TEXT)), "a_b": holding(c=holding(d=TEXT))},
    "id": {"id": {"type": "string", "format": "uuid", "maxLength": 9, "description": "Which thing."}},
}


@pytest.mark.parametrize("named", UNFAITHFUL)
def test_what_cannot_be_emitted_faithfully_is_refused_in_a_line(
    pressed: Path, capsys: pytest.CaptureFixture[str], named: str
) -> None:
    changes = {"effect": "create", "annotations": HINTS, "request": {"method": "POST", "path": "/things"}}
    put_module(pressed, module("things", tool("add_thing", UNFAITHFUL[named], **changes)))
    before = times(pressed)
    assert run_generate(root=pressed) == 1
    told = capsys.readouterr().err
    assert named in told
    assert "nothing was written" in told
    assert times(pressed) == before


@pytest.mark.parametrize(
    ("argument", "told"), [("nope", "no catalogue nope under {specs}; there is: fragment"), (None, None)]
)
def test_unknown_catalogue_names_the_known(
    fresh: Path, capsys: pytest.CaptureFixture[str], argument: str | None, told: str | None
) -> None:
    if told is None:
        (fresh / "specs" / "fragment").rename(fresh / "fragment")
        told = "no catalogue under {specs}; there is: none"
    assert run_generate(argument, root=fresh) == 1
    assert capsys.readouterr().err == f"{told.format(specs=fresh / 'specs')}; nothing was written\n"


def test_outside_a_project_it_says_where_to_go(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert run_generate() == 1
    assert capsys.readouterr().err == (
        f"no specs/ folder in {tmp_path} or above it: change to the project's folder; nothing was written\n"
    )


def test_the_project_is_found_from_a_folder_within(pressed: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(pressed / HOME / "tools")
    assert run_generate(check=True) == 0


def test_progress_is_told_to_a_person(
    fresh: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    assert run_generate(root=fresh) == 0
    size = len(press.press(fresh).files)
    assert capsys.readouterr() == (
        "",
        f"reading manifests\nfragment: pressing 2 modules\nwriting {size} of {size} files\n",
    )
    assert run_generate(root=fresh) == 0
    assert capsys.readouterr().err.endswith(f"writing 0 of {size} files\n")


@pytest.mark.parametrize("failing", [0, 3])
def test_a_failing_disk_leaves_the_tree_whole(
    pressed: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], failing: int
) -> None:
    put_module(pressed, module("probes", tool("probe", title="Look around")))
    before = tree(pressed)
    replace, calls = Path.replace, iter(range(100))

    def broken(source: Path, target: Path) -> Path:
        if next(calls) == failing:
            raise OSError(28, "No space left on device")
        return replace(source, target)

    monkeypatch.setattr(Path, "replace", broken)
    assert run_generate(root=pressed, cached=False) == 1
    assert capsys.readouterr().err == "[Errno 28] No space left on device; nothing was written\n"
    assert tree(pressed) == before


def test_an_interrupt_leaves_the_tree_whole(pressed: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    put_module(pressed, module("probes", tool("probe", title="Look around")))
    put_module(pressed, module("more", tool("list_more")))
    (pressed / HOME / "tools" / "gone.py").write_text(f"# {MARK}\n", encoding="utf-8")
    before = tree(pressed)
    unlink, calls = Path.unlink, iter(range(100))

    def interrupted(path: Path, missing_ok: bool = False) -> None:
        if next(calls) == 0:
            raise KeyboardInterrupt
        unlink(path, missing_ok=missing_ok)

    monkeypatch.setattr(Path, "unlink", interrupted)
    with pytest.raises(KeyboardInterrupt):
        run_generate(root=pressed)
    assert tree(pressed) == before


def test_a_reader_who_leaves_is_no_fault_of_the_press(pressed: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    put_module(pressed, module("probes", tool("probe", title="Look around")))
    before = times(pressed)

    def closed(text: str) -> int:
        raise BrokenPipeError

    monkeypatch.setattr(sys.stdout, "write", closed)
    with pytest.raises(BrokenPipeError):
        run_generate(diff=True, root=pressed)
    assert times(pressed) == before


def test_a_formatter_that_fails_is_told_in_a_line(
    pressed: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    before = times(pressed)
    monkeypatch.setattr(formatting, "_STYLE", ("--no-such-option",))
    assert run_generate(root=pressed, cached=False) == 1
    told = capsys.readouterr().err
    assert told.startswith("ruff check failed: ")
    assert "--no-such-option" in told
    assert told.endswith("; nothing was written\n")
    assert times(pressed) == before


def test_source_that_is_no_python_is_refused_by_the_formatter() -> None:
    with pytest.raises(formatting.FormatterError, match="ruff"):
        formatting.format_python({"a.py": "def (:\n"})


def test_formatting_leaves_other_files_alone() -> None:
    files = {"a.md": "x  =  1", "b/c.py": "import os\nx  =  1"}
    assert formatting.format_python(files) == {"a.md": "x  =  1", "b/c.py": "x = 1\n"}


def test_the_command_passes_on_to_the_press(fresh: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    command = [sys.executable, "-m", "toolpress", "generate", "--check"]
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    for arguments, last in (("--root", str(fresh)), REPAIR), ((), "nothing was written\n"):
        done = subprocess.run([*command, *arguments], cwd=elsewhere, capture_output=True, text=True, timeout=120)
        assert (done.returncode, done.stdout) == (1, "")
        assert done.stderr.endswith(last)


def test_this_tree_is_up_to_date(capsys: pytest.CaptureFixture[str]) -> None:
    assert run_generate(check=True, root=ROOT) == 0, capsys.readouterr().err
