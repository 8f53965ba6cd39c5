"""The virtual environment that newer releases look for, and what makes it."""

from __future__ import annotations

from pathlib import Path

import pytest

from helpers_proof import catalogue, interpreter
from hgport.process import run
from hgport.proof.upstreamvenv import provide, wanted
from hgport.upstream.contents import Contents

SCRIPT = "tests/run-tests.py"


@pytest.mark.parametrize(
    ("version", "name"),
    [
        ("4.5.3", None),
        ("5.2.2", None),
        ("6.9.5", None),
        ("7.0.3", ".venv_cpython3.11"),
        ("7.1.2", ".venv_cpython3.11"),
        ("7.2.4", ".local-venv"),
    ],
)
def test_what_each_release_looks_for(version: str, name: str | None) -> None:
    release = catalogue().release(version)
    with Contents() as contents:
        data = contents.read(release, [SCRIPT])[SCRIPT]
    assert data is not None
    assert wanted(data.decode(), interpreter(catalogue().release("7.2.4"), "3.11")) == name


def test_nothing_of_the_persons_makes_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    python = interpreter(catalogue().release("7.2.4"), "3.11")
    tree, place = tmp_path / "tree", tmp_path / "place"
    (tree / "tests").mkdir(parents=True)
    (tree / SCRIPT).write_text("venv = b'.local-venv'\n")
    planted = f"open({str(tmp_path / 'ran')!r}, 'w')\n"
    place.mkdir()
    for name in ("venv", "sysconfig", "ensurepip", "usercustomize", "sitecustomize"):
        (place / f"{name}.py").write_text(planted)
    monkeypatch.chdir(place)
    monkeypatch.setenv("PYTHONPATH", str(place))
    provide(tree, python)
    assert not (tmp_path / "ran").exists()
    # and it belongs to the tree
    made = tree / ".local-venv" / "bin" / "python3"
    told = run([made, "-I", "-c", "import sys; print(sys.prefix, *sys.path)"], env={}).stdout
    prefix, *paths = told.decode().split()
    assert prefix == str(tree / ".local-venv") and str(tree) in paths
