"""What stacks are called."""

from __future__ import annotations

from pathlib import Path

import pytest

from helpers_engine import Project, file_diff, patch_bytes, write_stack
from hgport.model import project
from hgport.report.stacks import plain, series_names, serving

PATCH = patch_bytes(file_diff("f", b"a\n", b"b\n"))


@pytest.mark.parametrize(
    "files, names",
    [
        (["/p/series"], ["series"]),
        (["/p/series", "/p/patches/more/series"], ["series", "patches/more/series"]),
        (["/p/a/series", "/p/q/../b/series"], ["a/series", "b/series"]),
        (["/p/series", "/q/series"], ["/p/series", "/q/series"]),
        (["/series"], ["/series"]),
    ],
)
def test_series_files_in_a_table(files: list[str], names: list[str]) -> None:
    assert series_names([Path(file) for file in files]) == names


def test_the_series_files_that_serve_a_release(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = Project(tmp_path)
    monkeypatch.setenv("HGPORT_PROJECT", str(tmp_path))
    made.release("5.2", {"f": b"a\n"})
    own = made.write("5.2", {"1.patch": PATCH})
    more = made.further("more", {"2.patch": PATCH}, {"5.3": {"2.patch": PATCH}})
    stack = project.load(over=["more"])[0]
    assert serving(stack, "5.2") == f"{own} and {more}"
    assert serving(stack, "5.4") == f"{own} and {more.parent}/5.3/series"
    assert serving(project.load()[0], "5.4") == str(own)


def test_stacks_as_plain_data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made = Project(tmp_path)
    monkeypatch.setenv("HGPORT_PROJECT", str(tmp_path))
    made.release("5.2", {"f": b"a\n"})
    own = made.write("5.2", {"1.patch": PATCH})
    foreign = write_stack(tmp_path / "foreign", {"2.patch": PATCH}, {})
    assert plain(project.load(over=[str(foreign)])[0]) == {
        "stacks": [
            {"series": str(own), "base": "5.2", "patches": ["1.patch"]},
            {"series": str(foreign), "base": None, "patches": ["2.patch"]},
        ],
        "patches": ["1.patch", "2.patch"],
    }
