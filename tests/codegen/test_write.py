"""The write stage: nothing half-done, foreign files untouched, unchanged files unwritten."""

from __future__ import annotations

from pathlib import Path

import pytest

from toolpress_codegen.write import MARK, Change, apply, compare, unified_diff

OWNED = ["out"]


def tree(root: Path) -> dict[str, str]:
    return {path.relative_to(root).as_posix(): path.read_text() for path in sorted(root.rglob("*")) if path.is_file()}


def put(root: Path, path: str, text: str) -> None:
    target = root / path
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(text)


def test_new_changed_and_stale_files(tmp_path: Path) -> None:
    put(tmp_path, "out/same.py", f"# {MARK}\nsame")
    put(tmp_path, "out/old.py", f"# {MARK}\nold")
    put(tmp_path, "out/gone/left.py", f"# {MARK}\nleft over")
    put(tmp_path, "out/mine.py", "written by hand")
    files = {"out/same.py": f"# {MARK}\nsame", "out/old.py": f"# {MARK}\nnew", "out/sub/more.py": f"# {MARK}\nmore"}

    changes = compare(tmp_path, files, OWNED)
    assert [(change.kind, change.path) for change in changes] == [
        ("changed", "out/old.py"),
        ("new", "out/sub/more.py"),
        ("stale", "out/gone/left.py"),
    ]
    apply(tmp_path, changes)

    assert tree(tmp_path) == {**files, "out/mine.py": "written by hand"}
    assert not (tmp_path / "out/gone").exists()
    assert compare(tmp_path, files, OWNED) == ()


def test_unchanged_input_writes_nothing(tmp_path: Path) -> None:
    put(tmp_path, "out/a.py", "text")
    before = (tmp_path / "out/a.py").stat().st_mtime_ns
    apply(tmp_path, compare(tmp_path, {"out/a.py": "text"}, OWNED))
    assert (tmp_path / "out/a.py").stat().st_mtime_ns == before


@pytest.mark.parametrize("failing", [0, 1, 2])
def test_a_failing_step_leaves_the_old_tree_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, failing: int
) -> None:
    put(tmp_path, "out/a.py", f"# {MARK} a")
    put(tmp_path, "out/b.py", f"# {MARK} b")
    put(tmp_path, "out/c.py", f"# {MARK} c")
    before = tree(tmp_path)
    changes = compare(tmp_path, {"out/a.py": "A", "out/b.py": "B", "out/n.py": "N"}, OWNED)
    replace, calls = Path.replace, iter(range(100))

    def broken(source: Path, target: Path) -> Path:
        if next(calls) == failing:
            raise OSError(28, "No space left on device")
        return replace(source, target)

    monkeypatch.setattr(Path, "replace", broken)
    with pytest.raises(OSError, match="No space left"):
        apply(tmp_path, changes)
    assert tree(tmp_path) == before


def test_a_failing_stage_leaves_the_old_tree_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    put(tmp_path, "out/a.py", "a")
    before = tree(tmp_path)
    changes = compare(tmp_path, {"out/a.py": "A", "out/b.py": "B"}, OWNED)
    write, calls = Path.write_text, iter(range(100))

    def broken(self: Path, *arguments: object, **options: object) -> int:
        if next(calls) == 1:
            raise OSError(28, "No space left on device")
        return write(self, *arguments, **options)  # type: ignore[arg-type]  # passed through as they came

    monkeypatch.setattr(Path, "write_text", broken)
    with pytest.raises(OSError, match="No space left"):
        apply(tmp_path, changes)
    monkeypatch.undo()
    assert tree(tmp_path) == before


def test_diff_names_both_sides() -> None:
    assert unified_diff(Change("x.py", "a\n", "b\n")) == "--- a/x.py\n+++ b/x.py\n@@ -1 +1 @@\n-a\n+b\n"
    assert unified_diff(Change("x.py", None, "b\n")).startswith("--- /dev/null\n+++ b/x.py\n")
    assert unified_diff(Change("x.py", "a\n", None)).startswith("--- a/x.py\n+++ /dev/null\n")
