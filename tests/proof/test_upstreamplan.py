"""What of a release is to be run, in what."""

from __future__ import annotations

from pathlib import Path

import pytest

from helpers_engine import file_diff, patch_bytes, write_stack
from helpers_proof import interpreter
from hgport.errors import OutsideError, UsageError
from hgport.model import project
from hgport.model.ranges import select
from hgport.proof import interpreters, upstreamplan

STACK, CATALOGUE = project.load()


def test_every_way_to_name_an_interpreter() -> None:
    releases = select(CATALOGUE, "5.2,7.2")
    best = interpreter(releases[0], "2.7")
    full = best.full.split()[0]
    found = interpreters.find(["2.7"])["2.7"]
    for word in ("2.7", full, str(found.path)):
        machine = upstreamplan.machine(CATALOGUE, releases, [word])
        assert {one.version: python.version for one, python in machine.found.items()} == {
            releases[0].version: "2.7"
        }
        assert machine.gaps == () and machine.left_out == (releases[1],)


def test_the_name_of_a_program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    releases = select(CATALOGUE, "5.2")
    # a program that starts another as it is, whatever its own name
    (tmp_path / "python-old").write_text(
        f'#!/bin/sh\nexec "{interpreter(releases[0], "2.7").path}" "$@"\n'
    )
    (tmp_path / "python-old").chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    (python,) = upstreamplan.machine(CATALOGUE, releases, ["python-old"]).found.values()
    assert python.version == "2.7"


def test_what_is_no_interpreter() -> None:
    releases = select(CATALOGUE, "5.2")
    with pytest.raises(OutsideError, match=r"no Python 2\.7\.99"):
        upstreamplan.machine(CATALOGUE, releases, ["2.7.99"])
    with pytest.raises(UsageError, match=r"known to run on Python 3\.1"):
        upstreamplan.machine(CATALOGUE, releases, ["3.1"])


def test_what_this_machine_lacks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("PYENV_ROOT", str(tmp_path))
    monkeypatch.setenv("HOME", str(tmp_path))
    releases = select(CATALOGUE, "4.8..5.0")
    machine = upstreamplan.machine(CATALOGUE, releases, [])
    assert not machine.found and machine.left_out == ()
    assert {gap.pythons: [one.line for one in gap.releases] for gap in machine.gaps} == {
        ("2.7",): ["4.8", "4.9"],
        ("2.7", "3.7"): ["5.0"],
    }


def test_patches_up_to_one() -> None:
    releases = select(CATALOGUE, "5.2,7.2")
    first = STACK.names[0]
    assert [len(some) for some in upstreamplan.patches(STACK, releases, None).values()] == [3, 2]
    for name in (first, first.partition(".patch")[0]):
        found = upstreamplan.patches(STACK, releases, name)
        assert [[patch.name for patch in some] for some in found.values()] == [[first], [first]]
    with pytest.raises(UsageError, match="no patch nothing"):
        upstreamplan.patches(STACK, releases, "nothing")


def test_patches_of_stacks_on_each_other(tmp_path: Path) -> None:
    write_stack(tmp_path, {"more.patch": patch_bytes(file_diff("new", None, b"x\n"))}, {})
    stack, catalogue = project.load(over=[str(tmp_path)])
    releases = select(catalogue, "5.2,7.2")
    names = [
        [patch.name for patch in some]
        for some in upstreamplan.patches(stack, releases, None).values()
    ]
    assert [len(some) for some in names] == [4, 3]
    assert [some[-1] for some in names] == ["more.patch"] * 2
    # up to one of the lower stack is none of the upper
    for some in upstreamplan.patches(stack, releases, STACK.names[0]).values():
        assert [patch.name for patch in some] == [STACK.names[0]]
