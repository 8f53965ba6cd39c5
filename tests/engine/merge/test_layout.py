"""Blanks, indentation and line breaks of what a merge makes."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from helpers_merge import EXPRESSIONS, source, unit
from hgport.engine.merge import layout
from hgport.engine.merge.layout import Word
from hgport.engine.merge.lexer import tokens
from hgport.engine.merge.units import Unit


def words(one: Unit, side: str = "target") -> list[Word]:
    blanks = layout.gaps(one)
    return [
        Word(token.text, blanks[number], side, number, token.kind)
        for number, token in enumerate(one.tokens)
    ]


@pytest.mark.parametrize(
    "text", ["x = f( a,b )  # c\n", "x = [a,\n     b]\n", "x = a \\\n  + b\n", "f(  # c\n  a)\n"]
)
def test_a_line_of_the_target_stays_as_it_is_written(text: str) -> None:
    assert layout.joined(words(unit(text))) + b"\n" == text.encode()


def test_what_comes_from_elsewhere_brings_no_line_break() -> None:
    target, patched = words(unit("x = f(a,\n      b)\n")), words(
        unit("x = f(\n  a,\n  c,\n)\n"), "p"
    )
    # f(a, c, b): "c" and its comma are the patch's
    mixed = [*target[:6], patched[6], patched[7], *target[6:]]
    assert layout.joined(mixed) == b"x = f(a, c,\n      b)"
    assert layout.joined([*target[:4], patched[6], target[-1]]) == b"x = f(c)"


def test_a_comment_ends_its_line() -> None:
    target, patched = words(unit("f(a,  # why\n  b)\n")), words(unit("f(c, b)\n"), "p")
    mixed = [*target[:5], patched[2], patched[3], *target[5:]]
    assert layout.joined(mixed).split(b"\n")[0] == b"f(a,  # why"


def test_moving_a_statement_moves_each_of_its_lines() -> None:
    one = unit("    x = [a,\n         b]\n")
    assert layout.reindented(one, one.text, b"  ") == b"  x = [a,\n       b]\n"
    assert layout.reindented(one, one.text, b"    ") == one.text
    assert layout.reindented(one, one.text, b" " * 8) == b"        x = [a,\n             b]\n"


def test_lines_within_a_literal_stay_but_for_a_docstring() -> None:
    text = '    f("""a\n    b\n    """,\n      c)\n'
    one = unit(text)
    assert layout.reindented(one, one.text, b"") == b'f("""a\n    b\n    """,\n  c)\n'
    doc = unit('    """a\n\n    b\n    """\n')
    assert layout.reindented(doc, doc.text, b"  ") == b'  """a\n\n  b\n  """\n'


def test_continuations_move_with_the_bracket_that_they_stand_under() -> None:
    before = source("""
        x = f(b'a', g(b'c',
                      d),
              e,
            h)
        """)
    line = unit(before).tokens
    after = [token.text.lstrip(b"b") if token.kind == "string" else token.text for token in line]
    after[2] = b"func"
    assert layout.aligned(before, line, after) == source("""
        x = func('a', g('c',
                        d),
                 e,
            h)
        """)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("f(\n    a\n)\n", "f(\n    a)\n"),
        ("def f(\n    a, b\n):\n", "def f(\n    a, b):\n"),
        ("f(\n    g(\n        a\n    )\n)\n", "f(\n    g(\n        a))\n"),
        ("f(\n    a,\n)\n", "f(\n    a,\n)\n"),  # one element a line: as it was before, too
        ("x = [\n    a\n]\n", "x = [\n    a\n]\n"),
        ("f(\n    a\n).b\n", "f(\n    a\n).b\n"),
        ("f(a)\n", "f(a)\n"),
    ],
)
def test_closing_parentheses_that_stand_alone(text: str, expected: str) -> None:
    data = text.encode()
    assert layout.closers_pulled_up(data) == expected.encode()
    assert layout.has_lone_closer(data) == (text != expected)


def test_a_closing_parenthesis_that_does_not_fit_stays_alone() -> None:
    data = b"f(\n    " + b"a" * 76 + b"\n)\n"
    assert layout.closers_pulled_up(data) == data
    assert (
        layout.closers_pulled_up(data.replace(b"aa", b"a"))
        == data.replace(b"aa", b"a")[:-3] + b")\n"
    )


def test_eighty_columns_are_not_too_many() -> None:
    assert not layout.is_too_long(b"a" * 80 + b"\n" + b"b" * 80)
    assert layout.is_too_long(b"a\n" + b"b" * 81 + b"\n")


def test_a_long_line_is_broken_under_its_bracket() -> None:
    text = b"        raise error.Abort"
    text += b"(_('this is what is wrong, see'), hint=_('this is what to do'))\n"
    assert layout.broken(text, tokens(text)) == (
        b"        raise error.Abort(_('this is what is wrong, see'),\n"
        b"                          hint=_('this is what to do'))\n"
    )
    for other in (b"f(a, b)\n", b"x = '" + b"a" * 90 + b"'\n", b"f('" + b"a" * 90 + b"', b)\n"):
        assert layout.broken(other, tokens(other)) == other


@settings(max_examples=100)
@given(EXPRESSIONS, st.integers(0, 40))
def test_no_layout_changes_what_is_said(expression: bytes, depth: int) -> None:
    text = b" " * depth + b"x = f(" + expression + b", b'the end of it')\n"
    one = unit(text)
    moved = layout.broken(text, tokens(text))
    spread = b"x = f(\n    " + expression + b"\n)\n"
    line = unit(spread).tokens
    for made, key in (
        (moved, one.key),
        (layout.reindented(one, text, b"\t"), one.key),
        (layout.joined(words(one)), one.key),
        (layout.closers_pulled_up(spread), unit(spread).key),
        (layout.aligned(spread, line, [token.text for token in line]), unit(spread).key),
    ):
        assert unit(made).key == key
