"""The pieces of a merge as a file."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

import pytest

from helpers_merge import MARKS, cut, source
from hgport.engine.merge import textual, tree
from hgport.engine.merge.assemble import Writer, marked
from hgport.engine.merge.dialect import Dialect
from hgport.engine.merge.pieces import Disputed, FromPatch, FromTarget, Imports, Mixed, Piece
from hgport.engine.merge.prose import Unwritable
from hgport.engine.merge.units import Cut

BASE = cut(source("""
        x = f(a, b)  # why
        from y import a, b


        def g(repo):
            # one two
            return h(
                repo, b'k', b'l', b'm', b'n'
            )
        """))
TARGET = cut(source("""
        x = f(a,
              b)  # why
        from y import (
            a,
            b,
        )

        def g(repo):
          # one two
          return h(repo, 'k', 'l', 'm', 'n')
        """))


def write(
    pieces: Sequence[Piece], base: Cut = BASE, target: Cut = TARGET, line: str = "4.6"
) -> bytes:
    writer = Writer("mercurial/a.py", base, target, Dialect.of(line), python=True)
    return writer.write(pieces, target.tail).content


def mixed(patched: str, index: int = 0) -> Mixed:
    """A unit of the target with what a patched one changed in the base's."""
    (one,) = cut(patched).units[-1:]
    base, target = BASE.units[index], TARGET.units[index]
    taken = tuple(tree.merge(base, one, target))
    return Mixed(base, one, target, taken, target.depth)


def kept(*indexes: int) -> list[Piece]:
    return [FromTarget(TARGET.units[index]) for index in indexes]


def test_the_target_stays_as_it_is() -> None:
    assert write(kept(*range(len(TARGET.units)))) == TARGET.data
    again = [FromTarget(unit) for unit in BASE.units]
    assert write(again, BASE, BASE, "5.2") == BASE.data


def test_blank_lines_of_the_patch_and_of_the_target() -> None:
    unit = TARGET.units[0]
    assert write([FromTarget(unit, b"\n\n")]) == b"\n\n" + unit.text
    # two before a definition, where the target has one
    (found,) = (u for u in BASE.units if u.text.startswith(b"def"))
    assert write([*kept(0), FromPatch(found, 0)]) == unit.text + b"\ndef g(repo):\n"


def test_what_the_patch_brings_is_written_as_the_target_is() -> None:
    returns = BASE.units[-1]
    assert write([*kept(2), FromPatch(returns, 1)]) == (
        b"\ndef g(repo):\n  return h(\n      repo, 'k', 'l', 'm', 'n')\n"
    )


def test_a_line_that_both_changed() -> None:
    assert write([mixed("x = f(a, b, c)  # why\n")]) == b"x = f(a,\n      b, c)  # why\n"
    assert write([mixed("y = f(a, b)  # why\n")]) == b"y = f(a,\n      b)  # why\n"


def test_a_line_that_grew_too_long_is_broken() -> None:
    long = ", ".join(f"argument{n}" for n in range(8))
    base, patched = cut("x = f(a, b)\n").units[0], cut(f"x = f(a, b, {long})\n").units[0]
    target = cut("y = f(a, b)\n").units[0]
    found = write([Mixed(base, patched, target, tuple(tree.merge(base, patched, target)), 0)])
    assert found == source("""
        y = f(a, b, argument0, argument1, argument2, argument3, argument4, argument5,
              argument6, argument7)
        """)


def test_hidden_tokens_of_the_target_stay() -> None:
    base, patched = cut("x = f(a) + b\n").units[0], cut("x = f(a) + c\n").units[0]
    (target,) = cut("x = (\n    f(\n        a,\n    )\n    + b\n)\n").units
    piece = Mixed(base, patched, target, tuple(tree.merge(base, patched, target)), 0)
    assert write([piece]) == b"x = (\n    f(\n        a,\n    )\n    + c\n)\n"


def test_imports_are_written_in_the_form_of_the_target() -> None:
    names = ((b"a",), (b"b",), (b"c", b"as", b"d"))
    patched = BASE.units[1]
    piece = Imports(BASE.units[1], patched, TARGET.units[1], names)
    assert write([piece]) == b"from y import (\n    a,\n    b,\n    c as d,\n)\n"
    piece = Imports(BASE.units[1], patched, BASE.units[1], names)
    assert write([piece]) == b"from y import a, b, c as d\n"
    many = tuple((b"name%02d" % n,) for n in range(12))
    piece = Imports(BASE.units[1], patched, BASE.units[1], many)
    found = write([piece])
    assert found.startswith(b"from y import (\n    name00,\n") and found.endswith(b"name11,\n)\n")


def test_what_is_not_said_as_it_should_be_is_not_written() -> None:
    one = mixed("x = f(a, b, c)  # why\n")
    taken = (tree.Taken("target", 0, b"other"), *one.taken[1:])
    wrong = Mixed(one.base, one.patched, one.target, taken, 0)
    found = Writer("a.py", BASE, TARGET, Dialect.of("4.6"), python=True).write([wrong], b"")
    assert len(found.conflicts) == 1 and found.undecided == one.target.text
    lied = dataclasses.replace(BASE.units[0], key=b"x\0=\0other")
    with pytest.raises(Unwritable):
        write([FromPatch(lied, 0)])


def test_conflicts_stand_where_they_are_told() -> None:
    one = Disputed(BASE.units[:1], (), TARGET.units[:1], "why one")
    other = Disputed((), BASE.units[-1:], TARGET.units[-1:], "why other")
    writer = Writer("mercurial/a.py", BASE, TARGET, Dialect.of("4.6"), python=True)
    found = writer.write([one, *kept(1, 2, 3), other], b"\n")
    lines = found.content.splitlines(keepends=True)
    assert [(c.line, c.why) for c in found.conflicts] == [(1, "why one"), (15, "why other")]
    assert [n for n, line in enumerate(lines, 1) if line == MARKS[0]] == [1, 15]
    first, second = found.conflicts
    assert (first.base, first.patched) == (b"x = f(a, b)  # why\n", b"")
    assert first.target == TARGET.units[0].text
    # the patch's side as one who works on the target wants to read it
    assert second.patched == b"    return h(\n        repo, 'k', 'l', 'm', 'n')\n"
    assert found.undecided == TARGET.data + b"\n"
    assert found.content.endswith(MARKS[3] + b"\n")
    assert found.disputed == (one, other)


def test_markers_stand_on_lines_of_their_own() -> None:
    assert (
        marked(b"b\n", b"", b"t\n") == MARKS[0] + b"t\n" + MARKS[1] + b"b\n" + MARKS[2] + MARKS[3]
    )


def test_a_last_line_without_an_end_gets_one_if_others_follow() -> None:
    base, target = cut("x = 1\n"), cut("x = 1\ny = 2")
    (new,) = cut("z = 3\n").units
    pieces = [*(FromTarget(unit) for unit in target.units), FromPatch(new, 0)]
    assert write(pieces, base, target) == b"x = 1\ny = 2\nz = 3\n"
    assert write(pieces[:2], base, target) == b"x = 1\ny = 2"


def test_other_texts_are_written_as_they_are() -> None:
    base, target = textual.cut("a.c", b"a = 'x';\n"), textual.cut("a.c", b"a = 'x';\r\nlast")
    patched = textual.cut("a.c", b"  b( 'y' );\n")
    writer = Writer("a.c", base, target, Dialect.of("5.2"), python=False)
    pieces: list[Piece] = [FromTarget(target.units[0]), FromPatch(patched.units[0], 0)]
    found = writer.write([*pieces, FromTarget(target.units[1])], b"")
    assert found.content == b"a = 'x';\r\n  b( 'y' );\nlast"
    disputed = Disputed(base.units, patched.units, target.units[1:], "why")
    assert writer.write([disputed], b"").content == marked(
        b"a = 'x';\n", b"  b( 'y' );\n", b"last\n"
    )
