"""Literals of a patch as the target writes its own."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from helpers_merge import cut, unit
from hgport.engine.merge.canon import canonical_string
from hgport.engine.merge.dialect import Dialect
from hgport.engine.merge.lexer import tokens
from hgport.engine.merge.literals import Literals

MARKED = "f(b'a1', b'a2', b'a3', b'a4', b'a5')\n"
PLAIN = "f('a1', 'a2', 'a3', 'a4', 'a5')\n"
LONG_AGO, TRANSFORMED, NOW = "4.6", "5.0", "5.2"
LOADED = "mercurial/a.py"


def rewritten(line: str, target: str, base: str, release: str, path: str = LOADED) -> str:
    """A line of the base's style in the target's."""
    literals = Literals(path, cut(target).units, cut(base).units, Dialect.of(release))
    every = unit(line).tokens
    text = line
    for index in reversed(range(len(every))):
        if every[index].kind == "string":
            token = every[index]
            text = text[: token.start] + literals.rewrite(every, index).decode() + text[token.end :]
    return text


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("x = b'new'", "x = 'new'"),
        ('x = b"new"', 'x = "new"'),
        (r"x = br'\d'", r"x = r'\d'"),
        ("x = u'new'", "x = u'new'"),
        ("x = f'new'", "x = f'new'"),
        ("x = b'''a\nb'''", "x = '''a\nb'''"),
    ],
)
@pytest.mark.parametrize("release", [LONG_AGO, TRANSFORMED])
def test_bytes_lose_their_mark_below_the_reformat(line: str, expected: str, release: str) -> None:
    assert rewritten(line, PLAIN, MARKED, release) == expected


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("x = 'new'", "x = b'new'"),
        (r"x = r'\d'", r"x = br'\d'"),
        ("x = r'native'", "x = 'native'"),
        ("x = u'new'", "x = u'new'"),
        ("x = b'new'", "x = b'new'"),
        ("setattr(x, 'name', 'value')", "setattr(x, 'name', b'value')"),
        ("wrapfunction(mod.a(b, c), 'name', f)", "wrapfunction(mod.a(b, c), 'name', f)"),
        ("x.encode('ascii')", "x.encode('ascii')"),
        ("if __name__ == '__main__': pass", "if __name__ == '__main__': pass"),
        ("f(x, 'name')", "f(x, b'name')"),
    ],
)
def test_bytes_get_their_mark_from_the_reformat_on(line: str, expected: str) -> None:
    assert rewritten(line, MARKED, PLAIN, NOW) == expected


def test_native_literals_where_the_release_makes_bytes_of_plain_ones() -> None:
    line = "x = 'native'"
    assert rewritten(line, PLAIN, MARKED, TRANSFORMED) == "x = r'native'"
    assert rewritten(line, PLAIN, MARKED, TRANSFORMED, "hgext/a.py") == "x = r'native'"
    assert rewritten(line, PLAIN, MARKED, "5.1", "hgext/fsmonitor/a.py") == "x = r'native'"
    # no module that the release loads through its transformer
    for path in ("tests/a.py", "contrib/a.py", "setup.py", "i18n/a.py"):
        assert rewritten(line, PLAIN, MARKED, TRANSFORMED, path) == line
    # before Python 3 there was nothing to mark
    assert rewritten(line, PLAIN, MARKED, LONG_AGO) == line
    # r would change what it says, or is not needed
    assert rewritten(r"x = '\n'", PLAIN, MARKED, TRANSFORMED) == r"x = '\n'"
    assert rewritten("getattr(x, 'n')", PLAIN, MARKED, TRANSFORMED) == "getattr(x, 'n')"


def test_the_file_tells_its_style_and_not_the_release() -> None:
    # a file of 5.1 that was byteified already, and one of 5.2 that never was
    assert rewritten("x = b'new'", MARKED, MARKED, "5.1") == "x = b'new'"
    assert rewritten("x = 'new'", MARKED, PLAIN, "5.1") == "x = b'new'"
    assert rewritten("x = b'new'", PLAIN, MARKED, NOW) == "x = 'new'"


def test_the_share_of_literals_tells_and_not_presence() -> None:
    mixed = PLAIN + "g(b'm')\n"
    assert rewritten("x = b'new'", mixed, MARKED, LONG_AGO) == "x = 'new'"
    mixed = MARKED + "g('m')\n"
    assert rewritten("x = 'new'", mixed, PLAIN, NOW) == "x = b'new'"


def test_a_file_with_hardly_a_literal_is_as_its_release() -> None:
    assert rewritten("x = b'new'", "x = 1\n", MARKED, LONG_AGO) == "x = 'new'"
    assert rewritten("x = 'new'", "f('a', 'b', 'c')\n", PLAIN, NOW) == "x = b'new'"


def test_between_files_of_one_style_nothing_is_rewritten() -> None:
    for line in ("x = b'new'", "x = 'native'", "x = u'u'", r"x = r'\d'", "f(b'a1', 'a1')"):
        assert rewritten(line, MARKED, MARKED, NOW) == line
        assert rewritten(line, PLAIN, PLAIN, LONG_AGO) == line


def test_a_literal_that_the_target_has_is_written_as_there() -> None:
    known = PLAIN + "x = r'known'\n"
    assert rewritten("x = b'known'", known, MARKED, TRANSFORMED) == "x = r'known'"
    assert rewritten("x = 'a1'", MARKED, PLAIN, NOW) == "x = b'a1'"


def test_crossing_is_told() -> None:
    marked, plain = cut(MARKED).units, cut(PLAIN).units
    now, then = Dialect.of(NOW), Dialect.of(LONG_AGO)
    assert Literals(LOADED, marked, plain, now).crosses
    assert Literals(LOADED, plain, marked, then).crosses
    assert not Literals(LOADED, marked, marked, now).crosses
    assert Literals(LOADED, marked, plain, now).changes(cut("x = 'new'\n").units)
    assert not Literals(LOADED, marked, plain, now).changes(cut("x = b'new'\n# 'y'\n").units)


@settings(max_examples=200)
@given(
    st.sampled_from(["", "b", "r", "u", "br", "f", "B", "R"]),
    st.text("ab \\nx%{}", max_size=6).filter(lambda text: not text.endswith("\\")),
    st.sampled_from([MARKED, PLAIN]),
    st.sampled_from([MARKED, PLAIN]),
    st.sampled_from([LONG_AGO, TRANSFORMED, NOW]),
)
def test_no_rewriting_changes_what_a_literal_says(
    prefix: str, inner: str, target: str, base: str, release: str
) -> None:
    literal = f"{prefix}'{inner}'"
    (new,) = tokens(rewritten(literal, target, base, release).encode())
    assert canonical_string(new.text) == canonical_string(literal.encode())
