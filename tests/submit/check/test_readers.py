"""What tools print is read, or it is said that it cannot be."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hgport.submit.check import code, commits, flakes, importing
from hgport.submit.check.filetools import Unheard
from hgport.submit.check.remark import Remark

READERS = [code.read, commits.read, flakes.read, flakes.read_unreadable, importing.read]


def test_check_code() -> None:
    said = (
        "Skipping i18n/polib.py it has no-che?k-code (glob)\n"
        "a.py:7:\n > x = [ 1]\n gratuitous whitespace in () or []\n warning: other\n"
        "b.t:1:\n > foo\n bar\n"
    )
    assert code.read(said) == [
        Remark("a.py", 7, "gratuitous whitespace in () or []", "x = [ 1]"),
        Remark("a.py", 7, "warning: other", "x = [ 1]"),
        Remark("b.t", 1, "bar", "foo"),
    ]


def test_check_code_of_an_empty_line() -> None:
    assert code.read("a.py:7:\n > \n no empty line\n") == [Remark("a.py", 7, "no empty line", "")]


def test_check_commit() -> None:
    assert commits.read("6: summary line too long\n a: bc\n") == [
        Remark(None, 7, "summary line too long", "a: bc")
    ]


def test_pyflakes() -> None:
    assert flakes.read("a.py:3:10: undefined name 'y'\n\nb:1: 'os' imported but unused\n") == [
        Remark("a.py", 3, "undefined name 'y'"),
        Remark("b", 1, "'os' imported but unused"),
    ]
    assert flakes.read_unreadable("a.py:2:5: leading zeros\nx = 0777\n    ^\n") == [
        Remark("a.py", 2, "cannot be read: leading zeros")
    ]


def test_import_checker() -> None:
    said = "hgext/a.py:3: imports not sorted\nImport cycle: a -> b -> a\n"
    assert importing.read(said) == [
        Remark("hgext/a.py", 3, "imports not sorted"),
        Remark(None, None, "Import cycle: a -> b -> a"),
    ]


@pytest.mark.parametrize("read", READERS, ids=lambda f: f"{f.__module__}.{f.__name__}")
def test_what_nobody_understands(read: Callable[[str], list[Remark]]) -> None:
    with pytest.raises(Unheard, match="cannot be read|complains"):
        read("something else\n")


@pytest.mark.parametrize("read", READERS, ids=lambda f: f"{f.__module__}.{f.__name__}")
@given(said=st.text())
def test_anything_is_read_or_refused(read: Callable[[str], list[Remark]], said: str) -> None:
    try:
        found = read(said)
    except Unheard as err:
        assert "\n" not in err.message
        return
    assert found or not said.strip() or read is code.read
