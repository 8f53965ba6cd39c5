"""Which stacks a command works on, and whose catalogue goes with them."""

from __future__ import annotations

from pathlib import Path

import pytest

from helpers_engine import file_diff, patch_bytes, write_stack, write_tree
from hgport.errors import UsageError
from hgport.model import project

PATCH = patch_bytes(file_diff("x", b"a\n", b"b\n"))
CATALOGUE = """\
base = "5.2.2"
affected = "4.9..5.2"

[stacks.more]
affected = "5.0..6.1"
""" + "".join(
    f'[[release]]\nversion = "{line}"\nsdist = "m-{line}.tar.gz"\nsha256 = "{"0" * 64}"\nsize = 1\n'
    for line in ("4.9", "5.0", "5.2", "5.2.2", "6.1")
)


@pytest.fixture
def made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project with the stacks ``more`` and ``other`` beside its own."""
    root = tmp_path / "project"
    root.mkdir()
    write_stack(root, {"a": PATCH}, {"4.9": {"a": PATCH}})
    (root / "patches/releases.toml").write_text(CATALOGUE)
    for name, patch in (("more", "b"), ("other", "c")):
        files = {f"{name}/series": f"{patch}\n".encode(), f"{name}/{patch}": PATCH}
        write_tree(root / "patches", files)
    monkeypatch.setenv("HGPORT_PROJECT", str(root))
    return root


def test_a_further_stack_goes_on_top_by_its_name(made: Path) -> None:
    stack, catalogue = project.load(over=["more"])
    assert stack.names == ("a", "b")
    assert stack.top.path == made / "patches/more/series"
    assert [layer.base for layer in stack.layers] == ["5.2", "5.2"]
    assert catalogue.affected == "4.9..6.1"


def test_several_go_on_each_other_in_this_order(made: Path) -> None:
    assert project.load(over=["other", "more"])[0].names == ("a", "c", "b")


def test_a_further_stack_by_itself_is_of_its_project(
    made: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # whatever project is the default
    elsewhere = tmp_path / "elsewhere"
    write_tree(elsewhere, {"patches/releases.toml": b'base = "7.0"\naffected = "7.0..7.0"\n'})
    monkeypatch.setenv("HGPORT_PROJECT", str(elsewhere))
    for series in (made / "patches/more", made / "patches/more/series"):
        stack, catalogue = project.load(series)
        assert (stack.names, stack.base) == (("b",), "5.2")
        assert catalogue.affected == "5.0..6.1"
    # what the catalogue says nothing more of has the bug where the first stack has it
    assert project.load(made / "patches/other")[1].affected == "4.9..5.2"


def test_a_port_by_itself_is_a_plain_series(made: Path) -> None:
    assert project.load(made / "patches/4.9")[0].base is None


def test_a_series_of_a_persons_goes_on_top_by_its_path(made: Path, tmp_path: Path) -> None:
    write_stack(tmp_path, {"mine": PATCH}, {})
    stack, _catalogue = project.load(over=["more", str(tmp_path / "series")])
    assert stack.names == ("a", "b", "mine")
    # nobody knows what that one is written for
    assert [layer.base for layer in stack.layers] == ["5.2", "5.2", None]


def test_a_stack_of_another_project_does_not_have_our_base(made: Path, tmp_path: Path) -> None:
    other = tmp_path / "other"
    write_stack(other, {"z": PATCH}, {})
    (other / "patches/releases.toml").write_text(CATALOGUE)
    assert project.load(over=[str(other / "series")])[0].base is None


@pytest.mark.parametrize(
    "over, problem",
    [
        (["mroe"], "there is no stack mroe"),
        (["4.9"], "there is no stack 4.9"),
        (["more", "more"], "is already one of the stacks"),
        (["."], "there is no series file"),
        ([""], "--with names no stack"),
    ],
)
def test_what_is_no_stack(
    made: Path, monkeypatch: pytest.MonkeyPatch, over: list[str], problem: str
) -> None:
    monkeypatch.chdir(made.parent)
    with pytest.raises(UsageError, match=problem):
        project.load(over=over)


def test_an_unknown_stack_is_answered_with_the_known_ones(made: Path) -> None:
    with pytest.raises(UsageError) as raised:
        project.load(over=["mroe"])
    assert raised.value.hint == "name a series file, or a stack of the project: more, other"
