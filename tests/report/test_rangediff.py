"""How two series compared are printed."""

from __future__ import annotations

import click

from helpers_engine import file_diff, numbered, patch_bytes
from hgport.engine.rangediff import compare
from hgport.model import project
from hgport.model.patch import Patch
from hgport.report.rangediff import plain, text

BASE = numbered(9)


def patch(name: str, path: str, line: str) -> Patch:
    diff = file_diff(path, BASE, numbered(9, line5=line), context=1)
    return Patch.parse(name, patch_bytes(diff))


OLD = [patch("a.patch", "f", "x"), patch("b.patch", "g", "y"), patch("c.patch", "h", "z")]
NEW = [patch("b.patch", "g", "y"), patch("n.patch", "h", "z"), patch("d.patch", "i", "1")]
NEW[0] = Patch.parse("b.patch", NEW[0].data.replace(b"+y\n", b"+2\n"))
FOUND = compare(OLD, NEW)
SAID = [
    "1 < -  a",
    "2 ! 1  b",
    "    @@ g @@",
    "     @@",
    "      line 4",
    "     -line 5",
    "    -+y",
    "    ++2",
    "      line 6",
    "3 = 2  c -> n",
    "- > 3  d",
    "4 patches: 1 the same, 1 changed, 1 dropped, 1 added",
]


def test_the_text() -> None:
    assert text(FOUND, colour=False) == SAID


def test_colours_change_nothing_but_colours() -> None:
    painted = text(FOUND, colour=True)
    assert [click.unstyle(line).rstrip() for line in painted] == SAID
    assert all("\x1b[" in line for line in painted[:3])
    assert click.style("+", fg="green", reverse=True) in painted[7]
    assert click.style("-", fg="red", reverse=True) in painted[6]


def test_numbers_are_aligned() -> None:
    many = [patch(f"{n}.patch", f"f{n}", "x") for n in range(10)]
    said = text(compare(many, many), colour=False)
    assert (said[0], said[9]) == (" 1 =  1  0", "10 = 10  9")


def test_nothing_at_all() -> None:
    assert text((), colour=False) == ["0 patches: none"]


def test_plain() -> None:
    stack = project.load()[0]
    told = plain(stack, FOUND)
    assert told["patches"] == list(stack.names)
    found = told["matches"]
    assert [(m["status"], m["old"], m["new"]) for m in found] == [
        ("dropped", "a.patch", None),
        ("changed", "b.patch", "b.patch"),
        ("same", "c.patch", "n.patch"),
        ("added", None, "d.patch"),
    ]
    assert [(m["old_number"], m["new_number"]) for m in found] == [
        (1, None),
        (2, 1),
        (3, 2),
        (None, 3),
    ]
    assert found[1]["diff"].splitlines()[-3:] == ["-+y", "++2", "  line 6"]
    assert found[2]["diff"] == ""
