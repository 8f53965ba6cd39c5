"""Python as logical lines."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from helpers_merge import STATEMENTS, cut, python_files, source
from hgport.engine.merge.lexer import NotPython

FILE = source('''
    # what it is
    # for

    """A module.

    More of it.
    """
    import os  # why


    class A(object):
        # goes on
        # here
        #
        # apart
        def f(self, a,
              b):
            return [a,

                    b]  # end

        # of the class
    # of the file
    x = 1
    ''')


def test_units() -> None:
    found = [(u.kind, u.depth, u.line, u.last, u.lead) for u in cut(FILE).units]
    assert found == [
        ("comment", 0, 1, 2, b""),
        ("docstring", 0, 4, 7, b"\n"),
        ("code", 0, 8, 8, b""),
        ("code", 0, 11, 11, b"\n\n"),
        ("comment", 1, 12, 13, b""),
        ("comment", 1, 14, 14, b""),
        ("comment", 1, 15, 15, b""),
        ("code", 1, 16, 17, b""),
        ("code", 2, 18, 20, b""),
        ("comment", 1, 22, 22, b"\n"),
        ("comment", 0, 23, 23, b""),
        ("code", 0, 24, 24, b""),
    ]


def test_tokens_stand_in_the_text_of_their_unit() -> None:
    units = cut(FILE).units
    assert all(u.text[t.start : t.end] == t.text for u in units for t in u.tokens)
    assert all(u.text.startswith(u.indent) for u in units)
    assert units[8].indent == b" " * 8 and units[8].text.count(b"\n") == 3


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\n",
        b"\n\n  \n",
        b"x = 1",
        b"x = 1\n\n\n",
        b"\xef\xbb\xbfx = 1\n",
        b"x = 1\r\nif x:\r\n    y = 2\r\n",
        b"if x:\n\ty = 1\n        z = 2\n",
        b"x = 1\n\x0c\ndef f():\n    pass\n",
        b"x = '\xff\xfe' # \xe9\n",
        b"if x: y; z\n",
        b"x = 1 \\\n  + 2\n",
        b"x = '''a\n  b\n'''\ny\n",
        b"# only a comment",
        b"x = [  # one\n  # two\n  1]\n",
    ],
)
def test_nothing_is_lost(data: bytes) -> None:
    assert cut(data).data == data


def test_line_ends_a_mark_and_form_feeds_are_no_content() -> None:
    plain = cut(b"if x:\n    y = 1\n").units
    for data in (
        b"if x:\r\n    y = 1\r\n",
        b"\xef\xbb\xbfif x:\n    y = 1\n",
        b"\x0c\nif x:\n\x0c    y = 1\n",
        b"if x:\n\ty = 1\n",
        b"if x:\n  y = 1",
    ):
        assert [u.identity for u in cut(data).units] == [u.identity for u in plain], data


def test_a_tab_reaches_the_next_eighth_column() -> None:
    units = cut(b"if x:\n        if y:\n\t    z\n").units
    assert [u.depth for u in units] == [0, 1, 2]


def test_a_comment_is_one_however_it_is_filled() -> None:
    one = cut(b"# a b\n# c d\n").units
    other = cut(b"# a\n#b   c\n#   d\n").units
    assert [u.key for u in one] == [u.key for u in other]
    assert cut(b"# a b\n#\n# c d\n").units[0].key != one[0].key


def test_the_lines_of_a_docstring_count_and_their_indentation_does_not() -> None:
    first = cut('def f():\n    """A\n\n    b\n    """\n').units[1]
    assert first.kind == "docstring"
    assert first.key == cut('class A:\n  def f():\n    """A\n\n        b"""\n').units[2].key
    assert first.key != cut('def f():\n    """A b\n    """\n').units[1].key


def test_a_literal_in_an_expression_keeps_every_blank() -> None:
    one, other = cut("x = '''a\n b'''\n").units, cut("x = '''a\n  b'''\n").units
    assert one[0].key != other[0].key


@pytest.mark.parametrize(
    ("data", "line"),
    [
        (b"x = (1\ny = 2\n", 3),
        (b"x = 1)\n", 1),
        (b"x = 1\n\nf(a))\n", 3),
        (b"x = 1\n    y = 2\n", 2),
        (b"<<<<<<< target\nx = 'a\n", 2),
    ],
)
def test_what_is_no_python(data: bytes, line: int) -> None:
    with pytest.raises(NotPython) as caught:
        cut(data)
    assert caught.value.line == line


@settings(max_examples=60)
@given(st.lists(st.tuples(STATEMENTS, st.sampled_from([b"\n", b"\n\n", b"  # c\n", b"\r\n"]))))
def test_generated_python_comes_back(lines: list[tuple[bytes, bytes]]) -> None:
    body = b"".join(b"    " + text + end for text, end in lines)
    data = b"def f():\n" + body
    found = cut(data)
    assert found.data == data
    code = sum(unit.kind != "comment" for unit in found.units)
    assert code == 1 + sum(not text.startswith(b"#") for text, _end in lines)


@settings(max_examples=150)
@given(st.text("ab01'\"#\\ \n\t\r():,\x0c", max_size=40))
def test_any_text_comes_back_or_is_refused(text: str) -> None:
    data = text.encode()
    try:
        found = cut(data)
    except NotPython:
        return
    assert found.data == data


@pytest.mark.parametrize("part", range(4))
@pytest.mark.parametrize("version", ["4.5.3", "5.2.2", "7.2.4"])
def test_every_other_file_of_releases_comes_back(version: str, part: int) -> None:
    files = list(python_files(version).items())
    assert len(files) > 300
    for path, data in files[part * 2 :: 8]:
        found = cut(data)
        assert found.data == data, path
        line = 1
        for unit in found.units:
            line += unit.lead.count(b"\n")
            assert unit.line == line, path
            line += unit.text.count(b"\n")
