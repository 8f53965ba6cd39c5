"""A whole file: the steps of a merge, and the pitfalls that are known of them."""

from __future__ import annotations

import ast
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from helpers_merge import (
    MARKS,
    PATH,
    STATEMENTS,
    disputed,
    merged,
    python_files,
    resolved,
    source,
)
from hgport.engine.merge.canon import canonical_lines
from hgport.engine.merge.dialect import Dialect
from hgport.engine.merge.merge import _Merger, merge_file
from hgport.engine.merge.result import Sides, Step

# a file of which the tests change the middle, with literals enough to tell its style
NEW = source("""
    from __future__ import absolute_import

    from . import error


    def first(repo, ui):
        ui.write(b'one', b'two')
        return ui.config(b'ui', b'three', b'four')


    def second(repo, ui):
        MIDDLE
        return True
    """)
OLD = NEW.replace(b"b'", b"'").replace(b"\n\n\ndef", b"\n\ndef")


def with_middle(file: bytes, text: str) -> bytes:
    """The file with these lines in its middle."""
    lines = source(text).splitlines()
    block = b"".join(b"    " + line + b"\n" if line else b"\n" for line in lines)
    return file.replace(b"    MIDDLE\n", block)


def three(base: str, patched: str, target: str, *files: bytes) -> tuple[bytes, bytes, bytes]:
    """Three sides that differ in the middle; the target's file may be another than the base's."""
    here, there = files or (NEW, NEW)
    return with_middle(here, base), with_middle(here, patched), with_middle(there, target)


# short cuts


def test_nothing_to_merge() -> None:
    base, patched, target = three("a = 1", "a = 2", "b = 3")
    for content in (target, b"", b"x = (", b"\xff\r\n\x00"):
        found = merged(base, base, content)
        assert (found.content, found.hunks, found.conflicts) == (content, (), ())
    found = merged(base, patched, base)
    assert (found.content, found.step) == (patched, Step.EXACT)
    found = merged(base, patched, patched)
    assert (found.content, found.step) == (patched, Step.APPLIED)


@pytest.mark.parametrize(
    ("here", "there"), [("4.5.3", "5.2.2"), ("5.2.2", "7.2.4"), ("7.2.4", "4.5.3")]
)
def test_a_patch_of_nothing_and_a_target_that_is_the_base(here: str, there: str) -> None:
    ours, theirs = python_files(here), python_files(there)
    assert len(ours.keys() & theirs.keys()) > 300
    dialect = Dialect.of(there.rpartition(".")[0])
    for path, base in ours.items():
        other = theirs.get(path, b"")
        assert merge_file(Sides(path, base, base, other), dialect).content == other, path
        assert merge_file(Sides(path, base, other, base), dialect).content == other, path


@pytest.mark.parametrize(("here", "there"), [("5.1.2", "5.2.2"), ("6.2.3", "6.3.3")])
def test_the_same_without_short_cuts(here: str, there: str) -> None:
    ours, theirs = python_files(here), python_files(there)
    paths = [path for path in ours if path in theirs and ours[path] != theirs[path]]
    paths.sort(key=lambda path: len(ours[path]) + len(theirs[path]))
    restyled = refused = 0
    for path in paths[:25]:
        base, other = ours[path], theirs[path]
        kept = _Merger(Sides(path, base, base, other), Dialect.of(there[:3]), None)._by_units()
        assert kept is not None and not kept.conflicts and kept.content == other, path
        taken = _Merger(Sides(path, base, other, base), Dialect.of(here[:3]), None)._by_units()
        if taken is None:
            refused += 1
            continue
        assert not taken.conflicts, path
        assert canonical_lines(path, taken.content) == canonical_lines(path, other), path
        restyled += taken.content != other
    assert refused <= 1
    # only across the reformat may anything be written otherwise, and hardly anything is
    assert restyled <= (1 if here == "5.1.2" else 0)


# style


def test_literals_are_marked_from_the_reformat_on_and_plain_below() -> None:
    change = ("ui.warn('a')", "ui.warn('a', 'new')")
    b, p, t = three(change[0], change[1], "ui.warn(b'a')", OLD, NEW)
    assert b"ui.warn(b'a', b'new')\n" in resolved(b, p, t, "5.2")
    b, p, t = three("ui.warn(b'a')", "ui.warn(b'a', b'new')", "ui.warn('a')", NEW, OLD)
    assert b"ui.warn('a', 'new')\n" in resolved(b, p, t, "5.1")


def test_style_goes_by_file() -> None:
    # a file of 5.1 that was byteified already
    sides = three("ui.warn('a')", "ui.warn('a')\nui.note('new')", "ui.warn(b'a')", OLD, NEW)
    assert b"    ui.note(b'new')\n" in resolved(*sides, line="5.1")


@pytest.mark.parametrize(
    ("line", "path", "expected"),
    [
        ("5.1", "mercurial/a.py", b"f(r'native', 'bytes')"),
        ("5.0", "hgext/a.py", b"f(r'native', 'bytes')"),
        ("5.0", "tests/a.py", b"f('native', 'bytes')"),
        ("4.9", "mercurial/a.py", b"f('native', 'bytes')"),
    ],
)
def test_native_literals(line: str, path: str, expected: bytes) -> None:
    sides = three("a = g()", "a = g()\nf('native', b'bytes')", "a = g()\nz = 2", NEW, OLD)
    base, patched, target = sides
    target = target.replace(b"    z = 2\n", b"").replace(b"return True", b"return False")
    assert expected in resolved(base, patched, target, line, path)


def test_what_is_merged_is_laid_out_as_black_does() -> None:
    base, patched, target = three(
        "ui.write('some text', repo)",
        "ui.write('some text', repo, _('an argument that is rather long'), 'other', 12)",
        "ui.write(b'some text', repo)",
        OLD,
        NEW,
    )
    assert resolved(base, patched, target) == with_middle(
        NEW,
        """
        ui.write(
            b'some text', repo, _(b'an argument that is rather long'), b'other', 12
        )
        """,
    )
    base, patched, target = three(
        "ui.write('some text',\n         repo)",
        "ui.write('some text')",
        "ui.write(\n    b'some text', repo\n)",
        OLD,
        NEW,
    )
    assert resolved(base, patched, target) == with_middle(NEW, "ui.write(b'some text')")


def test_what_is_merged_has_no_lone_parenthesis_before_black() -> None:
    new = """
        a = 1
        ui.write(
            _(b'an argument that is rather long'), b'and another one of these'
        )
        if (
            repo
            and ui
        ):
            ui.write(b'x')
        """
    base, patched, target = three("a = 1", new, "a = 1", NEW, OLD)
    target = target.replace(b"True", b"False")
    base, patched = (side + b"f(\n    g(1), h(2)\n)\n" for side in (base, patched))
    target += b"f(g(1), h(2))\n"
    old = """
        a = 1
        ui.write(
            _('an argument that is rather long'), 'and another one of these')
        if (
            repo
            and ui):
            ui.write('x')
        """
    expected = with_middle(OLD, old).replace(b"True", b"False") + b"f(g(1), h(2))\n"
    assert resolved(base, patched, target, "4.6") == expected


def test_a_patch_that_only_rewrites() -> None:
    split, joined = "a = g(1,\n      2)", "a = g(1, 2)"
    # what the target has as it was takes the new form, as any line would
    base, patched, target = three(f"{split}\nb = 2", f"{joined}\nb = 2", f"{split}\nb = 3")
    assert resolved(base, patched, target) == with_middle(NEW, f"{joined}\nb = 3")
    # and what it writes in a third one, or changed, nobody rewrites
    for other in ("a = g(\n    1,\n    2,\n)", "a = g(1,\n      3)"):
        found = merged(*three(split, joined, other))
        assert "only how it is written" in found.conflicts[0].why


# places


def test_two_deletions_of_imports_are_both_made() -> None:
    def imports(*names: str) -> bytes:
        return b"from . import (\n" + b"".join(b"    %c,\n" % ord(n) for n in names) + b")\n"

    found = resolved(
        imports("a", "b", "c", "d"), imports("a", "c", "d", "e"), imports("a", "b", "d", "f")
    )
    assert found == imports("a", "d", "e", "f")


def test_no_bracket_is_moved() -> None:
    base, patched, target = three(
        "a = g(b, c) + h(d)", "a = g(b, c + h(d))", "a = g(b, c, e) + h(d)"
    )
    disputed(base, patched, target)
    base, patched, target = three("a = g(b, h(c))", "a = g(h(c), b)", "a = g(b, h(c), d=1)")
    for found in (merged(base, patched, target), merged(base, target, patched)):
        assert found.conflicts or b"a = g(h(c), b, d=1)" in found.content


def test_lines_that_the_patch_puts_into_a_block() -> None:
    base, patched, target = three(
        "repo.lock()\nui.write(b'a', 1)\nrepo.close()",
        "try:\n    repo.lock()\n    ui.write(b'a', 1)\nfinally:\n    repo.close()",
        "repo.lock()\nui.write(b'a', 2)\nrepo.close()",
    )
    assert resolved(base, patched, target) == patched.replace(b"b'a', 1", b"b'a', 2")


def test_lines_that_the_target_has_in_a_block_are_never_left_outside() -> None:
    base, patched, target = three(
        "repo.lock()\nui.write(b'a', 1)\nrepo.close()",
        "repo.lock()\nui.write(b'a', 2)\nui.note(b'n')\nrepo.close()",
        "if repo:\n    repo.lock()\n    ui.write(b'a', 1)\n    repo.close()",
    )
    right = target.replace(b"b'a', 1)\n", b"b'a', 2)\n        ui.note(b'n')\n")
    found = merged(base, patched, target)
    assert found.conflicts or found.content == right


def test_two_insertions_at_one_place() -> None:
    sides = three("a = 1\nb = 2", "a = 1\nmine = 3\nb = 2", "a = 1\nyours = 4\nb = 2")
    found = disputed(*sides)
    (conflict,) = found.conflicts
    assert (conflict.base, conflict.patched, conflict.target) == (
        b"",
        b"    mine = 3\n",
        b"    yours = 4\n",
    )


@pytest.mark.parametrize(
    ("base", "patched", "target", "right"),
    [
        (
            "g()\nh()\ng()\nh()",
            "g()\nh()\nn()\ng()\nh()",
            "g()\nh()\ng()\nh()\ng()\nh()",
            None,
        ),
        (
            "g(1)\ng(1)\ng(1)",
            "g(1)\ng(2)\ng(1)",
            "g(1)\ng(1)",
            None,
        ),
    ],
)
def test_a_tie_is_no_reason_to_guess(
    base: str, patched: str, target: str, right: str | None
) -> None:
    found = merged(*three(base, patched, target))
    if right is None or found.conflicts:
        assert found.conflicts, found.content.decode()
    else:
        assert found.content == with_middle(NEW, right)


def test_a_comment_that_is_filled_otherwise() -> None:
    base, patched, target = three(
        "# a comment that is long, and that\n# goes on and on until it ends",
        "# a comment that is long, and that\n# goes on and on until it stops",
        "# a comment that is long,\n# and that goes on and on until it ends",
    )
    found = resolved(base, patched, target)
    expected = with_middle(NEW, "# a comment that is long, and that goes on and on until it stops")
    assert canonical_lines(PATH, found) == canonical_lines(PATH, expected)
    assert all(len(line) <= 80 for line in found.splitlines())


def test_the_first_lines_of_a_script_are_no_prose() -> None:
    text = "#!/usr/bin/env python\n# -*- coding: utf-8 -*-\n# one two three\n\nx = 1\n"
    base = text.encode()
    found = resolved(
        base, base.replace(b"three", b"four"), base.replace(b"python\n# -", b"python3\n# -")
    )
    assert found == base.replace(b"python", b"python3").replace(b"three", b"four")


def test_lines_of_a_docstring() -> None:
    doc = '"""What it does.\n\nOne line.\n{}\n"""\na = g(1)'
    base, patched, target = three(
        doc.format("Another line."), doc.format("Some line."), doc.format("Another line.")
    )
    target = target.replace(b"What it does.", b"What it did.")
    assert resolved(base, patched, target) == patched.replace(b"does.", b"did.")
    disputed(base, patched, target.replace(b"Another line.", b"No line."))


# what is told


def test_conflicts_are_marked_exactly() -> None:
    base, patched, target = three("a = f(1)\nb = 2\nc = 3\nd = 4\ne = f(5)", *["x"] * 2)
    patched = base.replace(b"f(1)", b"f(10)").replace(b"f(5)", b"f(50)")
    target = base.replace(b"f(1)", b"f(11)").replace(b"f(5)", b"f(55)").replace(b"True", b"False")
    found = disputed(base, patched, target)
    lines = found.content.splitlines(keepends=True)
    assert [c.line for c in found.conflicts] == [
        number for number, line in enumerate(lines, 1) if line == MARKS[0]
    ]
    for conflict in found.conflicts:
        block = [MARKS[0], conflict.target, MARKS[1], conflict.base]
        block += [MARKS[2], conflict.patched, MARKS[3]]
        assert b"".join(lines[conflict.line - 1 :]).startswith(b"".join(block))
    assert [c.target for c in found.conflicts] == [b"    a = f(11)\n", b"    e = f(55)\n"]
    assert taking(found.content, "target") == target
    assert taking(found.content, "patch") == patched.replace(b"True", b"False")


def taking(content: bytes, side: str) -> bytes:
    """A merged file with one side of each conflict."""
    block = re.compile(
        rb"<<<<<<< target\n(.*?)\|\|\|\|\|\|\| base\n(.*?)=======\n(.*?)>>>>>>> patch\n", re.S
    )
    return block.sub(lambda found: found[{"target": 1, "base": 2, "patch": 3}[side]], content)


def test_a_conflict_is_shown_in_the_targets_style() -> None:
    base, patched, target = three("a = f(b'1')", "a = f(b'2')", "a = f('3')", NEW, OLD)
    (conflict,) = disputed(base, patched, target, "4.6").conflicts
    assert (conflict.base, conflict.patched) == (b"    a = f('1')\n", b"    a = f('2')\n")


def test_a_conflict_at_the_end_of_a_file_without_a_newline() -> None:
    found = disputed(b"a\nx = f(1)", b"a\nx = f(2)", b"a\nx = f(3)")
    assert found.content == b"a\n" + b"".join(
        [MARKS[0], b"x = f(3)\n", MARKS[1], b"x = f(1)\n", MARKS[2], b"x = f(2)\n", MARKS[3]]
    )


def test_each_change_is_told_with_its_step() -> None:
    gap = "\n".join(f"k{n} = {n}" for n in range(8))
    base, patched, target = three(
        f"a = 1\n{gap}\nb = g(1, 2)\n{gap}x\nc = 3\n{gap}y\nd = 4\n{gap}z\ne = 5", *["x"] * 2
    )
    patched, target = base, base
    for side, changes in (
        ("p", ["a = 10", "b = g(10, 2)", "c = 30", "d = 40", "e = 50"]),
        ("t", ["a = 1", "b = g(1, 20)", "c = 30", "d = 41", "e = 5"]),
    ):
        made = base
        for old, new in zip(["a = 1", "b = g(1, 2)", "c = 3", "d = 4", "e = 5"], changes):
            made = made.replace(f"    {old}\n".encode(), f"    {new}\n".encode())
        patched, target = (made, target) if side == "p" else (patched, made)
    target = target.replace(b"    k0 = 0\n    k1", b"    k1", 1)
    found = disputed(base, patched, target)
    first = base.splitlines().index(b"    a = 1") + 1
    assert [(h.number, h.line) for h in found.hunks] == [
        (number, first + 9 * (number - 1)) for number in range(1, 6)
    ]
    assert [h.step for h in found.hunks] == [
        Step.FORMAT,
        Step.FORMAT,
        Step.APPLIED,
        Step.CONFLICT,
        Step.EXACT,
    ]
    assert found.step is Step.CONFLICT
    assert all(h.why for h in found.hunks)


def test_the_step_of_a_file_is_its_hardest() -> None:
    base, patched, target = three("a = 1", "a = 2", "a = 1")
    target += b"more = 1\n"
    found = merged(base, patched, target)
    assert found.step is Step.EXACT and found.hunks[0].line == 12
    found = merged(base, patched, base.replace(b"return True", b"return False"))
    assert found.step in (Step.LINES, Step.FORMAT)


# what bad input gets


@pytest.mark.parametrize("end", [b"\r\n", b"\n"])
@pytest.mark.parametrize("indent", [b"\t", b"  "])
def test_line_ends_and_tabs_stay(end: bytes, indent: bytes) -> None:
    def file(line: bytes) -> bytes:
        return (
            b"if x:\n\ty = 1\n\tLINE\n".replace(b"LINE", line)
            .replace(b"\t", indent)
            .replace(b"\n", end)
        )

    found = resolved(file(b"f(1, 2)"), file(b"f(1, 3)"), file(b"f(4, 2)"), "4.6")
    assert found == file(b"f(4, 3)")


def test_a_byte_order_mark_stays() -> None:
    base, patched, target = (
        b"\xef\xbb\xbf" + side for side in three("a = f(1, 2)", "a = f(1, 3)", "a = f(4, 2)")
    )
    found = merged(base, patched, target)
    assert found.content == target.replace(b"4, 2", b"4, 3") and found.notes == ()


def test_bytes_that_are_no_utf8_stay() -> None:
    sides = three("a = f('\u00ff', 1, 2)", "a = f('\u00ff', 1, 3)", "a = f('\u00ff', 4, 2)")
    base, patched, target = (side.replace("\u00ff".encode(), b"\xff\xfe") for side in sides)
    assert b"a = f('\xff\xfe', 4, 3)\n" in resolved(base, patched, target)


def test_no_newline_at_the_end_of_the_file() -> None:
    assert resolved(b"x = 1\ny = f(1, 2)", b"x = 1\ny = f(1, 3)", b"x = 1\ny = f(4, 2)") == (
        b"x = 1\ny = f(4, 3)"
    )
    found = resolved(b"x = 1\ny = 2", b"x = 1\ny = 2\nz = 3", b"w = 1\nx = 1\ny = 2")
    assert found == b"w = 1\nx = 1\ny = 2\nz = 3"


def test_empty_files() -> None:
    assert resolved(b"", b"x = 1\n", b"") == b"x = 1\n"
    assert resolved(b"x = 1\n", b"", b"x = 1\n") == b""
    assert disputed(b"", b"x = 1\n", b"y = 1\n").conflicts[0].line == 1


def test_form_feeds_stay() -> None:
    sides = three("a = f(1, 2)", "a = f(1, 3)", "a = f(4, 2)")
    base, patched, target = (side.replace(b"\n\n\ndef", b"\n\x0c\ndef") for side in sides)
    assert resolved(base, patched, target) == target.replace(b"(4, 2)", b"(4, 3)")


@pytest.mark.parametrize("side", range(3))
def test_what_is_no_python_merges_by_lines_and_says_so(side: int) -> None:
    sides = list(
        three("a = f(1)\nb = 2\nc = 3", "a = f(1)\nb = 2\nc = 4", "a = f(2)\nb = 2\nc = 3")
    )
    sides[side] += b"x = (\n"
    found = merged(*sides)
    assert not found.conflicts and b"a = f(2)\n    b = 2\n    c = 4\n" in found.content
    (note,) = found.notes
    assert "cannot be read as Python" in note and "by lines" in note
    assert str(sides[side].count(b"\n") + 1) in note


def test_python_2_is_merged_as_python() -> None:
    text = "print >>f, 'x' %% (%s)\nexec a in b\nif a <> 0777:\n    raise E, ur'y'"
    found = merged(*three(text % "1, 2", text % "1, 3", text % "4, 2", OLD, OLD), line="4.6")
    assert found.notes == () and not found.conflicts
    assert found.content == with_middle(OLD, text % "4, 3")


def test_python_is_known_by_its_first_line_too() -> None:
    sides = [b"#!/usr/bin/env python\n\nx = f(%s)\n" % one for one in (b"1, 2", b"1, 3", b"4, 2")]
    assert resolved(*sides, path="hg").endswith(b"\n\nx = f(4, 3)\n")


# other texts


def test_a_command_and_its_output_changed_by_different_sides() -> None:
    text = "  $ hg log -r {} f\n  {}\n  end\n"
    base = text.format(0, "changeset: 0").encode()
    patched = text.format("0 -v", "changeset: 0").encode()
    target = text.format(0, "changeset: 0:1234").encode()
    expected = text.format("0 -v", "changeset: 0:1234").encode()
    assert resolved(base, patched, target, path="tests/test-a.t") == expected
    assert resolved(base, target, patched, path="tests/test-a.t") == expected


def test_output_that_both_changed_is_nobodys_to_merge() -> None:
    text = "  $ hg log\n  files: {} updated, {} removed\n"
    sides = [text.format(*two).encode() for two in ((1, 1), (2, 1), (1, 2))]
    (conflict,) = disputed(*sides, path="tests/test-a.t").conflicts
    assert conflict.line == 2 and b"$ hg" not in conflict.base


def test_c_and_plain_text() -> None:
    text = "int f(int a)\n{{\n\tint x = {};\n\n\treturn g({}, {});\n}}\n"
    base, patched, target = (
        text.format(*two).encode() for two in ((1, 2, 3), (1, 2, 4), (5, 2, 3))
    )
    expected = text.format(5, 2, 4).encode()
    assert resolved(base, patched, target, path="mercurial/a.c") == expected
    found = disputed(base, patched, base.replace(b"3)", b"7)"), path="mercurial/a.c")
    assert found.conflicts[0].line == 5 and found.notes == ()
    assert taking(found.content, "target") == base.replace(b"3)", b"7)")


# judgement


def test_what_does_not_compile_is_no_merge() -> None:
    base, patched, target = three("a = f(1, 2)", "a = f(1, 3)", "a = f(4, 2)")
    asked = []

    def refuses(path: str, content: bytes) -> str:
        asked.append(path)
        return "no" if b"4, 3" in content else ""

    found = merged(base, patched, target, compiles=refuses)
    assert found.conflicts and set(asked) == {PATH}
    assert taking(found.content, "target") == target
    # a target that never compiled is nothing to go by
    assert not merged(base, patched, target, compiles=lambda path, content: "no").conflicts


def changed(data: st.DataObject, lines: list[bytes]) -> list[bytes]:
    """Lines with one or two changes."""
    made = list(lines)
    for _ in range(data.draw(st.integers(1, 2))):
        at = data.draw(st.integers(0, len(made) - 1))
        new = data.draw(STATEMENTS)
        change = data.draw(st.sampled_from(["insert", "replace", "remove"]))
        made[at : at + (change != "insert")] = [] if change == "remove" else [new]
        made = made or [b"pass"]
    return made


def function(lines: list[bytes]) -> bytes:
    return b"def f(repo):\n" + b"".join(b"    " + one + b"\n" for one in lines) + b"    pass\n"


@settings(max_examples=150, deadline=None)
@given(st.lists(STATEMENTS, min_size=2, max_size=8), st.data())
def test_what_both_directions_resolve_is_the_same_and_compiles(
    lines: list[bytes], data: st.DataObject
) -> None:
    base = function(lines)
    patched, target = function(changed(data, lines)), function(changed(data, lines))
    one, other = merged(base, patched, target), merged(base, target, patched)
    if not one.conflicts:
        ast.parse(one.content)
        assert other.conflicts or canonical_lines(PATH, one.content) == canonical_lines(
            PATH, other.content
        )


@settings(max_examples=100, deadline=None)
@given(st.lists(STATEMENTS, min_size=3, max_size=6, unique=True), st.data())
def test_a_conflict_does_not_depend_on_the_direction(
    lines: list[bytes], data: st.DataObject
) -> None:
    at = data.draw(st.integers(0, len(lines) - 1))
    one, other = data.draw(st.lists(STATEMENTS, min_size=2, max_size=2, unique=True))
    span = data.draw(st.sampled_from([0, 1]))  # insert, or replace
    sides = [function([*lines[:at], new, *lines[at + span :]]) for new in (one, other)]
    first = merged(function(lines), *sides)
    second = merged(function(lines), *sides[::-1])
    assert bool(first.conflicts) == bool(second.conflicts)


def test_blocks_that_the_target_swapped_are_no_ground() -> None:
    base = source("""
        def f():
            start()
            if a:
                return
            if b:
                return
            end()
        """)
    patched = base.replace(b"    if b:\n", b"    if b:\n        g()\n")
    target = base.replace(b"if a", b"if c").replace(b"if b", b"if a").replace(b"if c", b"if b")
    assert merged(base, patched, target).conflicts


def test_an_import_that_only_one_side_still_needs() -> None:
    base = b"import os\nimport sys\n\ndef f():\n    return os.x\n\ndef g():\n    return 1\n"
    patched = base.replace(b"import os\n", b"").replace(b"os.x", b"0")
    target = base.replace(b"return 1", b"return os.y")
    found = disputed(base, patched, target)
    assert found.notes == ("the patch uses os, which the target does not have there",)


def test_a_module_is_not_known_by_the_names_that_come_from_it() -> None:
    base = b"from . import common\n\ndef f():\n    start(1)\n    end(2)\n"
    patched = base.replace(b"start(1)\n", b"start(1)\n    common.check()\n")
    target = base.replace(b"from . import common", b"from common import check")
    found = disputed(base, patched, target)
    assert found.notes == ("the patch uses common, which the target does not have there",)


def test_parameters_that_one_side_annotates() -> None:
    base = b"def f(exe, abort=True):\n    pass\n"
    patched = base.replace(b"True)", b"True, name=None)")
    disputed(base, patched, b"def f(exe: bytes, abort: bool = True) -> None:\n    pass\n")


def test_what_the_target_has_elsewhere_is_not_added_again() -> None:
    base = b"def f():\n    pass\n\ndef g():\n    pass\n"
    new = b"def new(a, b, c):\n    return a\n\n"
    found = disputed(base, new + base, base + b"\n" + new)
    assert found.notes == ("the target has, in another place, what the patch adds",)


def test_operators_of_both_sides_do_not_mix() -> None:
    base = b"def f(a):\n    if a:\n        return 1\n"
    disputed(base, base.replace(b"if a", b"if a or c"), base.replace(b"if a", b"if x and a"))
    both = resolved(
        base, base.replace(b"if a", b"if a and c"), base.replace(b"if a", b"if x and a")
    )
    assert b"if x and a and c:" in both


@pytest.mark.parametrize(
    ("origin", "wanted"), [("5.1", b"g(b'new')"), ("5.2", b"g('new')"), (None, b"g('new')")]
)
def test_what_a_plain_literal_means_is_told_by_the_line_of_the_base(
    origin: str | None, wanted: bytes
) -> None:
    base = source("""
        def f():
            ui.write(b'one', b'two', b'three', b'four')
            g(x)
            h(y)
        """)
    target = base.replace(b"h(y)", b"h(y, z)")
    sides = Sides(PATH, base, base.replace(b"g(x)", b"g('new')"), target)
    known = Dialect.of(origin) if origin else None
    found = merge_file(sides, Dialect.of("5.3"), origin=known)
    assert not found.conflicts
    assert wanted in found.content


def test_two_insertions_at_the_end() -> None:
    disputed(b"a = 1\n", b"a = 1\nb = 1\n", b"a = 1\nc = 1\n")
    disputed(b"", b"b = 1\n", b"c = 1\n", path="x.t")


def test_text_beside_a_removed_item() -> None:
    base = b"intro\n\none\n  the first\n\ntwo\n  the second\n\nend\n"
    without = base.replace(b"one\n  the first\n\n", b"")
    after = base.replace(b"two\n", b"new\n  another\n\ntwo\n", 1)
    assert resolved(base, without, after, path="x.txt") == after.replace(
        b"one\n  the first\n\n", b""
    )
    # what is further right may be about the item that is gone
    disputed(base, base.replace(b"first\n", b"first\n  more\n"), without, path="x.txt")


WRAPPED = source("""
    def f(a):
        with a.lock():
            one(a)
            two(a)
            three(a)
    """)
PLAIN = WRAPPED.replace(b"    with a.lock():\n", b"").replace(b"        ", b"    ")


def test_what_the_target_adds_goes_into_the_block_that_the_patch_puts_around_it() -> None:
    target = PLAIN.replace(b"    two(a)\n", b"    two(a)\n    more(a, 1)\n")
    wanted = WRAPPED.replace(b"        two(a)\n", b"        two(a)\n        more(a, 1)\n")
    found = merged(PLAIN, WRAPPED, target)
    assert found.conflicts or found.content == wanted


def test_what_one_side_adds_at_the_end_of_a_block_that_the_other_puts_around() -> None:
    disputed(PLAIN, WRAPPED, PLAIN + b"    four(a)\n")


def test_a_clause_of_a_statement_that_is_gone() -> None:
    base = source("""
        def f(x):
            if x:
                a(1)
            if foo(x):
                b(2)
            c(3)
        """)
    patched = base.replace(b"        b(2)\n", b"        b(2)\n    else:\n        d(4)\n")
    target = base.replace(b"    if foo(x):\n        b(2)\n", b"")
    disputed(base, patched, target)


def test_a_function_of_c_that_is_gone() -> None:
    def function(name: str) -> bytes:
        return f"int {name}(void)\n{{\n\tgo();\n\treturn 1;\n}}\n\n".encode()

    f, g, h = (function(name) for name in "fgh")
    patched = g.replace(b"\treturn", b"\tif (x)\n\t\treturn 2;\n\treturn")
    for base, changed, target in ((f + g + h, f + patched + h, f + h), (f + g, f + patched, f)):
        assert merged(base, changed, target, path="x.c").conflicts
