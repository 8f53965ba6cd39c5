"""Tokens of Python 2 and 3."""

from __future__ import annotations

import keyword
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from helpers_merge import STATEMENTS
from hgport.engine.merge.lexer import NotPython, tokens


def texts(data: bytes) -> list[bytes]:
    return [token.text for token in tokens(data)]


def kinds(data: bytes) -> list[str]:
    return [token.kind for token in tokens(data)]


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        (b"x = 0777", b"x|=|0777"),
        (b"x = 10L + 0xFFL", b"x|=|10L|+|0xFFL"),
        (b"if a <> b:", b"if|a|<>|b|:"),
        (b"x = ur'\\d' + UR\"a\"", b"x|=|ur'\\d'|+|UR\"a\""),
        (b"print >>f, 'x',", b"print|>>|f|,|'x'|,"),
        (b"exec code in d", b"exec|code|in|d"),
        (b"raise E, 'x', tb", b"raise|E|,|'x'|,|tb"),
        (b"x = `y`", b"x|=|`|y|`"),
        (b"a //= b ** -c", b"a|//=|b|**|-|c"),
        (b"def f(a, /, *, b: c = 1) -> d: ...", b"def|f|(|a|,|/|,|*|,|b|:|c|=|1|)|->|d|:|..."),
        (b"if (n := f()) != 0o17_0:", b"if|(|n|:=|f|(|)|)|!=|0o17_0|:"),
        (b"x = f'{a}' + rb'\\x' + Br'y'", b"x|=|f'{a}'|+|rb'\\x'|+|Br'y'"),
        (b"x = 1.5e-3j + .5 + 1. + 1_000", b"x|=|1.5e-3j|+|.5|+|1.|+|1_000"),
        (b"@a.b", b"@|a|.|b"),
        (b"x = a @ b", b"x|=|a|@|b"),
        ("größe = é".encode(), "größe|=|é".encode()),
        (b"x = '\\'' + \"\\\\\"", b"x|=|'\\''|+|\"\\\\\""),
        (b"x = '''a\n'b' \\''''", b"x|=|'''a\n'b' \\''''"),
        (b"x = ''''a'''", b"x|=|''''a'''"),
        (b"x = ''", b"x|=|''"),
        (b"x = 'a\\\nb'", b"x|=|'a\\\nb'"),
        (b"x = a \\\n  + b", b"x|=|a|+|b"),
        (b"x = a \\\r\n  + b", b"x|=|a|+|b"),
    ],
)
def test_what_any_python_reads(line: bytes, expected: bytes) -> None:
    assert texts(line) == expected.split(b"|")


def test_kinds_and_places() -> None:
    data = b"\xef\xbb\xbfif x:  # why\r\n\ty = b'1' \n"
    found = tokens(data)
    assert [t.kind for t in found] == (
        ["name", "name", "op", "comment", "newline"] + ["name", "op", "string", "newline"]
    )
    assert all(data[t.start : t.end] == t.text for t in found)
    assert found[3].text == b"# why" and found[4].text == b"\r\n"


def test_a_prefix_belongs_to_its_literal_only() -> None:
    assert kinds(b"x = bar 'y'")[:4] == ["name", "op", "name", "string"]
    assert texts(b"rb = br''") == [b"rb", b"=", b"br''"]


@pytest.mark.parametrize(
    ("data", "line"),
    [
        (b"x = 1\ny = 'open\n", 2),
        (b"a\n\nb = $x\n", 3),
        (b"x = '''open\n\n", 1),
        (b"\x00", 1),
        (b"a = 1\n\\ b\n", 2),
    ],
)
def test_what_is_no_token_is_told_with_its_line(data: bytes, line: int) -> None:
    with pytest.raises(NotPython) as caught:
        tokens(data)
    assert caught.value.line == line
    assert f"line {line}" in str(caught.value)


@given(st.lists(STATEMENTS, max_size=6))
def test_only_blanks_lie_between_tokens(lines: list[bytes]) -> None:
    data = b"\n".join(lines)
    end = 0
    for token in tokens(data):
        assert not data[end : token.start].strip(b" \t\f")
        assert data[token.start : token.end] == token.text
        end = token.end
    assert not data[end:].strip(b" \t\f")


@given(st.text("abx01'\"#\\ \n(.", max_size=30))
def test_any_text_is_read_whole_or_refused(text: str) -> None:
    data = text.encode()
    try:
        found = tokens(data)
    except NotPython as err:
        assert 1 <= err.line <= data.count(b"\n") + 1
        return
    gaps = [data[a.end : b.start] for a, b in zip(found, found[1:])]
    assert all(re.fullmatch(rb"(?:[ \t\f]|\\\r?\n)*", gap) for gap in gaps)


def test_a_keyword_is_a_name() -> None:
    assert {kinds(word.encode())[0] for word in keyword.kwlist} == {"name"}
