"""The cache of the press: never in the output, never believed where it may be wrong, never in the way."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from hashlib import sha256
from pathlib import Path

import pytest

from tests.codegen.scratch import module, project, put_module, tool
from toolpress_codegen import cache as caching
from toolpress_codegen import models
from toolpress_codegen.cache import FOLDER, Cache
from toolpress_codegen.press import SCHEMA_FILE, press, run_generate

FALSE = "# this is from the cache"
PACKAGE = Path(caching.__file__).parent
RUN = "import sys; from pathlib import Path; from toolpress_codegen.press import run_generate"
RUN += "; code = run_generate(root=Path(sys.argv[1]))"
HEAVY = {"pydantic", "jinja2", "jsonschema", "datamodel_code_generator"}


@pytest.fixture(scope="module")
def pressed_once(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = project(tmp_path_factory.mktemp("cached"))
    assert run_generate(root=root) == 0
    return root


@pytest.fixture
def pressed(pressed_once: Path, tmp_path: Path) -> Path:
    """A project that was pressed, with its cache."""
    return Path(shutil.copytree(pressed_once, tmp_path / "pressed"))


def entries(folder: Path) -> list[Path]:
    found = [path for path in folder.iterdir() if path.name != ".gitignore"]
    assert found
    return found


def emitted(root: Path) -> dict[str, str]:
    """All that the press wrote."""
    written = [path for folder in ("generated", "docs") for path in (root / folder).rglob("*") if path.is_file()]
    return {
        path.relative_to(root).as_posix(): path.read_text(encoding="utf-8") for path in (*written, root / SCHEMA_FILE)
    }


def falsify(root: Path) -> None:
    """Give every entry another value that looks sound, so that a run that believes one can be told by its output."""
    for path in entries(root / FOLDER):
        _, _, body = path.read_bytes().partition(b"\n")
        value = json.loads(body)
        files = {name: f"{text}{FALSE}" for name, text in value.items()} if isinstance(value, dict) else value + FALSE
        body = json.dumps(files).encode()
        path.write_bytes(sha256(body).hexdigest().encode() + b"\n" + body)


def run(code: str, root: Path, *before: Path) -> str:
    """What a fresh process prints that looks for modules in the folders `before` first."""
    words = [sys.executable, "-c", code, str(root)]
    env = {**os.environ, "PYTHONPATH": os.pathsep.join(map(str, before))}
    return subprocess.run(words, env=env, capture_output=True, text=True, check=True, timeout=120).stdout


def test_what_was_made_before_is_taken(pressed: Path) -> None:
    falsify(pressed)
    assert run_generate(root=pressed) == 0
    assert all(text.endswith(FALSE) for text in emitted(pressed).values())


def test_a_check_and_no_cache_believe_nothing_and_keep_nothing(pressed: Path) -> None:
    falsify(pressed)
    assert run_generate(check=True, root=pressed) == 0
    assert run_generate(root=pressed, cached=False) == 0
    assert emitted(pressed) == press(pressed).files
    shutil.rmtree(pressed / FOLDER)
    assert run_generate(check=True, root=pressed) == 0
    assert run_generate(root=pressed, cached=False) == 0
    assert not (pressed / FOLDER).exists()


def edit(file: str) -> Callable[[Path], None]:
    def edited(site: Path) -> None:
        with (site / PACKAGE.name / file).open("a", encoding="utf-8") as stream:
            stream.write("\n")

    return edited


CHANGES: dict[str, Callable[[Path], None]] = {
    "a template": edit("templates/catalog.py.j2"),
    "a module of the compiler": edit("naming.py"),
    "a module of its rules": edit("rules/walk.py"),
    "a version of what is installed": lambda site: (site / "ruff-99.dist-info").mkdir(),
}


@pytest.mark.parametrize("change", [None, *CHANGES])
def test_nothing_is_taken_that_another_compiler_made(pressed: Path, tmp_path: Path, change: str | None) -> None:
    site = tmp_path / "site"
    shutil.copytree(PACKAGE, site / PACKAGE.name, ignore=shutil.ignore_patterns("__pycache__"))
    if change is not None:
        CHANGES[change](site)
    falsify(pressed)
    run(RUN, pressed, site)
    false = [path for path, text in emitted(pressed).items() if FALSE in text]
    assert bool(false) == (change is None)


DAMAGES: dict[str, Callable[[bytes], bytes]] = {
    "empty": lambda _: b"",
    "cut short": lambda raw: raw[: len(raw) // 2],
    "without its digest": lambda raw: raw.partition(b"\n")[2],
    "one bit": lambda raw: raw[:-2] + bytes([raw[-2] ^ 1]) + raw[-1:],
    "something else": lambda _: b"\x00\xff\n\xfe",
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_entry_is_made_again(pressed: Path, damage: str) -> None:
    sound = {path: path.read_bytes() for path in entries(pressed / FOLDER)}
    for path, raw in sound.items():
        path.write_bytes(DAMAGES[damage](raw))
    assert run_generate(root=pressed) == 0
    assert emitted(pressed) == press(pressed).files
    assert {path: path.read_bytes() for path in entries(pressed / FOLDER)} == sound


def test_an_unchanged_run_imports_nothing_heavy(pressed: Path) -> None:
    told = "; import json; print(json.dumps(sorted({name.partition('.')[0] for name in sys.modules})))"
    assert HEAVY.isdisjoint(json.loads(run(RUN + told, pressed)))
    shutil.rmtree(pressed / FOLDER)
    assert set(json.loads(run(RUN + told, pressed))) >= HEAVY


@pytest.fixture
def modelled(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """The last line of the header of each models module that is really made."""
    found: list[str] = []
    real = models.model_classes

    def counted(definitions: dict[str, object], header: str) -> str:
        found.append(header.splitlines()[-1])
        return real(definitions, header)

    monkeypatch.setattr(models, "model_classes", counted)
    return found


def test_only_what_a_change_touches_is_made_again(pressed: Path, modelled: list[str]) -> None:
    put_module(pressed, module("probes", tool("probe", title="Look around")))
    assert run_generate(root=pressed) == 0
    assert modelled == []
    put_module(pressed, module("probes", tool("probe", {"deep": {"type": "boolean", "description": "Deeper."}})))
    assert run_generate(root=pressed) == 0
    assert modelled == ['"""Argument models of probes."""']
    assert run_generate(check=True, root=pressed) == 0


def test_a_manifest_that_comes_back_is_known(pressed: Path, modelled: list[str]) -> None:
    before = emitted(pressed)
    path = put_module(pressed, module("more", tool("list_more")))
    assert run_generate(root=pressed) == 0
    assert emitted(pressed) != before
    modelled.clear()
    path.unlink()
    assert run_generate(root=pressed) == 0
    assert emitted(pressed) == before
    assert modelled == []


def test_faults_are_told_each_time(pressed: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (pressed / "specs" / "fragment" / "stray.yml").write_text("", encoding="utf-8")
    for _ in range(2):
        assert run_generate(root=pressed) == 1
        assert "stray.yml:1:1 [file-name]" in capsys.readouterr().err


def test_many_processes_share_it(pressed: Path) -> None:
    shutil.rmtree(pressed / FOLDER)
    code = "import sys; from pathlib import Path; from toolpress_codegen import press as p; root = Path(sys.argv[1])"
    code += "; cache = p.Cache(root / p.FOLDER); files = p.press(root, cache=cache).files; cache.store()"
    code += "; import json; print(json.dumps(dict(files)))"
    words = [sys.executable, "-c", code, str(pressed)]
    running = [subprocess.Popen(words, stdout=subprocess.PIPE, text=True) for _ in range(2)]
    printed = [json.loads(process.communicate(timeout=120)[0]) for process in running]
    assert printed == [press(pressed).files] * len(running)
    assert press(pressed, cache=Cache(pressed / FOLDER)).files == printed[0]
    assert all(len(path.suffix) == 0 for path in entries(pressed / FOLDER)), "a draft was left behind"


def test_an_interrupted_run_leaves_nothing_false(pressed: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shutil.rmtree(pressed / FOLDER)
    replace, calls = Path.replace, iter(range(100))

    def interrupted(source: Path, target: Path) -> Path:
        if next(calls) == 2:
            raise KeyboardInterrupt
        return replace(source, target)

    with monkeypatch.context() as patch:
        patch.setattr(Path, "replace", interrupted)
        with pytest.raises(KeyboardInterrupt):
            run_generate(root=pressed)
    assert run_generate(root=pressed) == 0
    assert emitted(pressed) == press(pressed).files


def test_the_entries_that_were_used_last_are_kept_within_the_bound(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def keep(*names: str) -> None:
        cache = Cache(tmp_path)
        for name in names:
            cache.put("x" * 100, name)
        cache.store()

    keep("old", "used")
    for age, path in enumerate(sorted(entries(tmp_path))):
        os.utime(path, (age, age))
    assert Cache(tmp_path).get("used")
    monkeypatch.setattr(caching, "MAX_BYTES", 400)
    keep("new")
    cache = Cache(tmp_path)
    assert [cache.get(name) is not None for name in ("old", "used", "new")] == [False, True, True]


def test_nothing_is_kept_of_a_run_during_which_the_compiler_changed(
    pressed: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.rmtree(pressed / FOLDER)
    digests = iter(("before", "after"))
    monkeypatch.setattr(caching, "maker", lambda: next(digests))
    assert run_generate(root=pressed) == 0
    assert not (pressed / FOLDER).exists()


def test_a_folder_that_cannot_be_written_is_no_fault(pressed: Path, capsys: pytest.CaptureFixture[str]) -> None:
    shutil.rmtree(pressed / FOLDER)
    (pressed / FOLDER).write_text("in the way", encoding="utf-8")
    assert run_generate(root=pressed) == 0
    assert capsys.readouterr() == ("", "")


def test_git_does_not_see_it(pressed: Path) -> None:
    assert (pressed / FOLDER / ".gitignore").read_text(encoding="utf-8") == "*\n"
