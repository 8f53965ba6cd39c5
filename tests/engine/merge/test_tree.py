"""A merge inside one logical line."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from helpers_merge import EXPRESSIONS, unit
from hgport.engine.merge import textual, tree
from hgport.engine.merge.units import Unit


def merge(base: str, patched: str, target: str) -> str:
    return said(unit(base), unit(patched), unit(target))


def said(base: Unit, patched: Unit, target: Unit) -> str:
    return " ".join(taken.canon.decode() for taken in tree.merge(base, patched, target))


@pytest.mark.parametrize(
    ("base", "patched", "target", "expected"),
    [
        ("f(a, b)", "f(a, c)", "f(d, b)", "f ( d , c )"),
        ("f(a)", "f(a, b)", "g(a)", "g ( a , b )"),
        ("x = f(a)", "y = f(a)", "x = f(a.b)", "y = f ( a . b )"),
        ("def f(a):", "def f(a, b=None):", "def g(a):", "def g ( a , b = None ) :"),
        ("x = f(g(a), h(b))", "x = f(g(a, 1), h(b))", "x = f(g(a), h(b, 2))", None),
        ("raise E('x')", "raise E(_('x'))", "raise error.E(b'x')", "raise error . E ( _ ( 'x' ) )"),
        ("x = a", "x = a", "x = b", "x = b"),
        ("x = a", "x = b", "x = b", "x = b"),
    ],
)
def test_changes_in_different_places(
    base: str, patched: str, target: str, expected: str | None
) -> None:
    wanted = expected or "x = f ( g ( a , 1 ) , h ( b , 2 ) )"
    assert merge(base, patched, target) == wanted
    assert merge(base, target, patched) == wanted


@pytest.mark.parametrize(
    ("base", "patched", "target"),
    [
        ("x = a", "x = b", "x = c"),
        ("f(a)", "f(a, b)", "f(a, c)"),
        ("f(a)", "f(b, a)", "f(c, a)"),
        ("x = a + b", "x = a", "x = a + c"),
        # the brackets that one side removes are those that the other works in
        ("f(g(a))", "f(a)", "f(g(a, b))"),
        ("x = 'a b'", "x = 'a c'", "x = 'd b'"),
        # which of the two a is gone?
        ("f(a, a)", "f(a)", "f(a, a, b)"),
    ],
)
def test_changes_in_one_place(base: str, patched: str, target: str) -> None:
    for one, other in ((patched, target), (target, patched)):
        with pytest.raises(tree.Differs):
            merge(base, one, other)


@settings(max_examples=150)
@given(st.tuples(EXPRESSIONS, EXPRESSIONS, EXPRESSIONS))
def test_no_bracket_moves_without_the_other(three: tuple[bytes, bytes, bytes]) -> None:
    base, patched, target = (unit(b"x = " + one + b"\n") for one in three)
    try:
        found = tree.merge(base, patched, target)
    except tree.Differs:
        with pytest.raises(tree.Differs):
            tree.merge(base, target, patched)
        return
    assert [t.canon for t in found] == [t.canon for t in tree.merge(base, target, patched)]
    depth = 0
    for taken in found:
        depth += (taken.canon in (b"(", b"[")) - (taken.canon in (b")", b"]"))
        assert depth >= 0
    assert depth == 0


def test_tokens_are_the_targets_where_it_has_them() -> None:
    base, patched, target = unit("f(a, b)"), unit("f(a, b, 'c')"), unit("g(a,\n  b)")
    found = tree.merge(base, patched, target)
    assert [t.side for t in found] == ["target"] * 5 + ["patched"] * 2 + ["target"]
    for taken in found:
        side = target if taken.side == "target" else patched
        assert side.tokens[taken.index].text == taken.canon


def test_a_comment_merges_by_words_and_a_docstring_by_lines() -> None:
    assert merge("# a b c d", "# a b c x", "# y b c d") == "# y b c x"
    three = ('"""a\nb\nc\nd"""', '"""a\nb\nc\nx"""', '"""y\nb\nc\nd"""')
    assert merge(*three) == '""" y b c x'
    with pytest.raises(tree.Differs):
        merge('"""a b c"""', '"""a b x"""', '"""y b c"""')


def test_a_command_merges_by_words_and_one_with_input_by_lines() -> None:
    def command(text: str) -> Unit:
        (one,) = textual.cut("a.t", text.encode()).units
        return one

    three = [command(f"  $ hg {flag} -r {rev} f\n") for flag, rev in ("ab", "xb", "ay")]
    assert said(*three).replace(" ", "") == "$hgx-ryf\n"
    three = [command(f"  $ cat {a}\n  > {b}\n") for a, b in ("ab", "xb", "ay")]
    with pytest.raises(tree.Differs):
        said(*three)
    three = [command(f"  $ cat {a}\n  > -\n  > {b}\n") for a, b in ("ab", "xb", "ay")]
    assert "cat x" in said(*three) and "> y" in said(*three)


def test_likeness_counts_what_two_have_in_common() -> None:
    assert tree.likeness([b"a", b"b"], [b"b", b"a"]) == 1
    assert tree.likeness([b"a", b"a"], [b"a", b"b"]) == 0.5
    assert tree.likeness([b"a"], [b"b"]) == tree.likeness([], [b"a"]) == 0
