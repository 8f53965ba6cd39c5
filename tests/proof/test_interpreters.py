"""Interpreters are found where they are, run before they are believed, and named if missing."""

from __future__ import annotations

import os
import sys
import venv
from pathlib import Path

import pytest

from hgport.errors import OutsideError, UsageError
from hgport.proof import interpreters

OURS = f"{sys.version_info[0]}.{sys.version_info[1]}"


@pytest.fixture(autouse=True)
def bare(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A machine with an empty PATH and no manager of interpreters; returns PATH's directory."""
    directory = tmp_path / "bin"
    directory.mkdir()
    monkeypatch.setenv("PATH", str(directory))
    for name in ("PYENV_ROOT", "ASDF_DATA_DIR", "UV_PYTHON_INSTALL_DIR", "XDG_DATA_HOME"):
        monkeypatch.delenv(name, raising=False)
    return directory


def put_python(directory: Path, version: str = OURS) -> Path:
    directory.mkdir(parents=True, exist_ok=True)
    path = directory / f"python{version}"
    # a script would be seen through; not our own, which may need its virtual environment
    path.symlink_to(Path(sys.executable).resolve())
    return path


def put_script(directory: Path, version: str, text: str) -> Path:
    directory.mkdir(parents=True, exist_ok=True)
    path = directory / f"python{version}"
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)
    return path


def test_on_path(bare: Path) -> None:
    path = put_python(bare)
    found = interpreters.find([OURS, OURS])
    assert list(found) == [OURS]
    assert found[OURS].path == path
    assert sys.version.split()[0] in found[OURS].full and "SSL" in found[OURS].full


def test_nothing_there() -> None:
    assert interpreters.find([OURS, "2.7"]) == {}
    assert interpreters.find([]) == {}


@pytest.mark.parametrize(
    "text",
    [
        "echo 'pyenv: version not installed' >&2; exit 127",
        "exit 0",
        "echo nonsense",
        'echo "2.7"; echo "lies"; exit 1',
    ],
)
def test_what_does_not_work_is_passed_over(bare: Path, tmp_path: Path, text: str) -> None:
    put_script(tmp_path / "shims", OURS, text)
    os.environ["PATH"] = f"{tmp_path / 'shims'}{os.pathsep}{bare}"
    assert interpreters.find([OURS]) == {}
    path = put_python(bare)
    assert interpreters.find([OURS])[OURS].path == path


def test_what_is_another_version_is_passed_over(bare: Path) -> None:
    put_python(bare, "2.7")
    assert interpreters.find(["2.7"]) == {}


def test_what_may_not_be_run_is_passed_over(bare: Path) -> None:
    put_script(bare, OURS, f'exec {sys.executable} "$@"').chmod(0o644)
    assert interpreters.find([OURS]) == {}


def test_in_pyenv_the_newest(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    root = tmp_path / "pyenv"
    put_python(root / "versions" / f"{OURS}.9" / "bin")
    newest = put_python(root / "versions" / f"{OURS}.10" / "bin")
    monkeypatch.setenv("PYENV_ROOT", str(root))
    assert interpreters.find([OURS])[OURS].path == newest


def test_in_pyenv_by_its_place_on_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    root = tmp_path / "pyenv"
    path = put_python(root / "versions" / f"{OURS}.9" / "bin")
    put_script(root / "shims", OURS, "exit 127").rename(root / "shims" / "python")
    monkeypatch.setenv("PATH", str(root / "shims"))
    assert interpreters.find([OURS])[OURS].path == path


def test_in_pyenv_at_home() -> None:
    path = put_python(Path.home() / ".pyenv" / "versions" / f"{OURS}.9" / "bin")
    assert interpreters.find([OURS])[OURS].path == path


def test_nothing_of_the_persons_gets_in(bare: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    put_script(bare, OURS, f'test -z "$PYTHONPATH$HGRCPATH" && exec {sys.executable} "$@"')
    monkeypatch.setenv("PYTHONPATH", "/somewhere")
    assert list(interpreters.find([OURS])) == [OURS]


def test_pointed_at(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = put_python(tmp_path)
    monkeypatch.chdir(tmp_path)
    found = interpreters.named(Path(f"./{path.name}"))
    assert (found.version, found.path) == (OURS, path)
    with pytest.raises(UsageError, match="is no Python with ssl"):
        interpreters.named(tmp_path / "missing")


def test_advice_names_the_version() -> None:
    assert "pyenv install 2.7" in interpreters.advice("2.7")


FULL = sys.version.split()[0]


def test_asked_by_version() -> None:
    assert interpreters.asked(["3.8", "2.7", "3.8"]) == (("3.8", "2.7"), {})
    assert interpreters.asked([]) == ((), {})


def test_asked_by_path_and_by_name(bare: Path, tmp_path: Path) -> None:
    path = put_python(tmp_path / "elsewhere")
    on_path = put_python(bare)
    for word, found in ((str(path), path), (on_path.name, on_path)):
        versions, certain = interpreters.asked([word])
        assert versions == (OURS,) and certain[OURS].path == found
    with pytest.raises(UsageError, match="are both Python"):
        interpreters.asked([str(path), on_path.name])


def test_asked_by_full_version(bare: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    root = tmp_path / "pyenv"
    monkeypatch.setenv("PYENV_ROOT", str(root))
    # it lies about its version by its place, not by what it says of itself
    put_script(
        root / "versions" / FULL / "bin", OURS, f"printf '{OURS}\\n{OURS}.99 (x); SSL\\n$0\\n'"
    )
    path = put_python(bare)
    versions, certain = interpreters.asked([FULL])
    assert versions == (OURS,) and certain[OURS].path == path
    with pytest.raises(OutsideError, match=f"no Python {OURS}.77 found") as caught:
        interpreters.asked([f"{OURS}.77"])
    assert f"pyenv install {OURS}.77" in str(caught.value.hint)


def test_in_a_virtual_environment(tmp_path: Path) -> None:
    venv.create(tmp_path / "venv", with_pip=False)
    path = tmp_path / "venv" / "bin" / "python"
    _versions, certain = interpreters.asked([str(path)])
    # not what it is a link to, which would lose the environment
    assert certain[OURS].path == path and certain[OURS].full.startswith(FULL)


def test_no_module_that_lies_about_is_run(
    bare: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put_python(bare)
    planted = f"open({str(tmp_path / 'ran')!r}, 'w')\nraise ImportError\n"
    (tmp_path / "ssl.py").write_text(planted)
    monkeypatch.chdir(tmp_path)
    assert list(interpreters.find([OURS])) == [OURS]
    assert not (tmp_path / "ran").exists()


def test_of_a_shim_what_it_starts(bare: Path) -> None:
    shim = put_script(bare, OURS, f'exec {sys.executable} "$@"')
    found = interpreters.probe(shim)
    # its own virtual environment, if it is in one
    assert found is not None and found.path == Path(sys.executable)


def test_of_a_script_that_sets_something_up_itself(bare: Path, tmp_path: Path) -> None:
    say = f"printf '{OURS}\\n{OURS}.1 (x); SSL\\n'; echo $0"
    python = put_script(tmp_path, OURS, f'test "$KEY" && {say}')
    script = put_script(bare, OURS, f'KEY=1 exec {python} "$@"')
    found = interpreters.probe(script)
    assert found is not None and found.path == script
