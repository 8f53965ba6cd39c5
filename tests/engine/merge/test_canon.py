"""What stays the same however a line is written, and what does not."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from helpers_merge import EXPRESSIONS, unit
from hgport.engine.merge import canon
from hgport.engine.merge.lexer import tokens

SAME = [
    ("x = 'a'", 'x = b"a"'),
    ("x = u'a'", "x = 'a'"),
    ("x = r'a'", "x = 'a'"),
    (r"x = r'\d'", r"x = '\\d'"),
    (r"x = 'it\'s'", '''x = "it's"'''),
    ("x = '''a'''", "x = 'a'"),
    ("x = 0777", "x = 0o777"),
    ("x = 10L", "x = 10"),
    ("x = 0XFF", "x = 0xff"),
    ("if a <> b: pass", "if a != b: pass"),
    ("f(a, b)", "f(\n    a,\n    b,\n)"),
    ("x = [a, b]", "x = [\n    a,\n    b,\n]"),
    ("x = {a: b}", "x = {\n    a: b,\n}"),
    ("x = a + b", "x = (\n    a + b\n)"),
    ("x = a + b", "x = a + \\\n    b"),
    ("return a and b", "return (\n    a\n    and b\n)"),
    ("return a, b", "return (\n    a,\n    b\n)"),
    ("for x in a, b: pass", "for x in (a, b): pass"),
    ("if a and b: pass", "if (\n    a\n    and b\n): pass"),
    ("assert a, b % c", "assert a, (\n    b % c\n)"),
    ("from a import b, c", "from a import (\n    b,\n    c,\n)"),
    ("x.y = a or b", "x.y = (\n    a or b\n)"),
    ("x = (a.b(c)\n     .d())", "x = a.b(c).d()"),
    ("f(a)#  why not", "f(a)  # why  not"),
    ("def f(a, b=1):\n", "def f(\n    a, b=1,\n):\n"),
]
DIFFERENT = [
    ("if x in (a or b): pass", "if x in a or b: pass"),
    ("x = y in (a or b)", "x = y in a or b"),
    ("return x in (a, b)", "return x in a, b"),
    ("assert x == (a or b)", "assert x == a or b"),
    ("assert not (a or b)", "assert not a or b"),
    ("assert a, not (b or c)", "assert a, not b or c"),
    (r"x = rf'\n'", r"x = f'\n'"),
    ("x = 'a'", "x = 'b'"),
    (r"x = '\n'", r"x = r'\n'"),
    (r"x = '\x41'", r"x = 'B'"),
    ("x = f'{a}'", "x = '{a}'"),
    ("x = (a,)", "x = (a)"),
    ("x = (a,)", "x = a"),
    ("x = a[b,]", "x = a[b]"),
    ("f((a, b))", "f(a, b)"),
    ("x = (a + b) * c", "x = a + b * c"),
    ("x = a * (b + c)", "x = a * b + c"),
    ("x = ()", "x = "),
    ("f(x for x in y)", "f((x for x in y), z)"),
    ("x = (a for a in b)", "x = a for a in b"),
    ("x = (yield)", "x = yield"),
    ("assert (a, b)", "assert a, b"),
    ("if not (a or b): pass", "if not a or b: pass"),
    ("if (a or b) and c: pass", "if a or b and c: pass"),
    ("x = (a, b), c", "x = a, b, c"),
    ("x = lambda: (a, b)", "x = lambda: a, b"),
    ("return (a, b)[0]", "return a, b[0]"),
    ("x = (a).b", "x = a.b.b"),
    ("x = 0o10", "x = 10"),
    ("f(a)  # why", "f(a)  # who"),
    ("f(a)  # why", "f(a)"),
    ("print (a, b)", "print a, b"),
    ("x = a, ", "x = a"),
]


@pytest.mark.parametrize(("one", "other"), SAME)
def test_style_is_hidden(one: str, other: str) -> None:
    assert unit(one).key == unit(other).key


@pytest.mark.parametrize(("one", "other"), DIFFERENT)
def test_meaning_is_not(one: str, other: str) -> None:
    assert unit(one).key != unit(other).key


def test_an_atom_points_to_the_token_that_it_stands_for() -> None:
    line = tokens(b"x = (f(a, b'c',))\n")
    found = canon.atoms(line)
    assert [atom.canon for atom in found] == [b"x", b"=", b"f", b"(", b"a", b",", b"'c'", b")"]
    assert all(canon.canonical_token(line[atom.number]) == atom.canon for atom in found)


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        (b"b'x'", (b"b", b"'", b"x")),
        (b"''", (b"", b"'", b"")),
        (b'Ur"""a\n"b"""', (b"Ur", b'"""', b'a\n"b')),
        (b"'\\''", (b"", b"'", b"\\'")),
    ],
)
def test_a_literal_in_its_parts(text: bytes, parts: tuple[bytes, ...]) -> None:
    assert canon.split_string(text) == parts


@settings(max_examples=60)
@given(EXPRESSIONS)
def test_a_right_hand_side_in_parentheses_is_the_same(expression: bytes) -> None:
    plain = unit(b"x = " + expression + b"\n")
    assert unit(b"x = (\n    " + expression + b"\n)\n").key == plain.key
    assert unit(b"x = " + expression.replace(b", ", b",\n  ") + b"\n").key == plain.key


@settings(max_examples=60)
@given(st.lists(EXPRESSIONS, min_size=1, max_size=4))
def test_a_call_may_have_one_comma_more(arguments: list[bytes]) -> None:
    joined = b", ".join(arguments)
    spread = b"".join(b"    " + one + b",\n" for one in arguments)
    assert unit(b"f(\n" + spread + b")\n").key == unit(b"f(" + joined + b")\n").key
    assert unit(b"f(" + joined + b", extra)\n").key != unit(b"f(" + joined + b")\n").key


def test_canonical_lines_of_python() -> None:
    data = b"def f(a,\n      b):\n\n    # one\n    # two\n    return (a or\n            b'x')\n"
    assert canon.canonical_lines("a.py", data) == [
        b"def f ( a , b ) :",
        b"    # one two",
        b"    return a or 'x'",
    ]


def test_canonical_lines_of_what_cannot_be_read() -> None:
    assert canon.canonical_lines("a.py", b"x = ( \ny\n") == [b"x = (", b"y"]
    assert canon.canonical_lines("a.c", b"int  x; \n\n") == [b"int  x;", b""]
    assert canon.canonical_lines("a.py", b"") == []
