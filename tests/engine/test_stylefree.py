"""What two diffs of a file do, told apart from how it is written."""

from __future__ import annotations

import time

import pytest

from helpers_engine import file_diff, patch_bytes
from hgport.engine.hunks import FileDiff, file_diffs
from hgport.engine.stylefree import changes
from hgport.model.patch import Patch

OLD = b"""\
class sender(object):
    def __init__(self, ui):
        self._ui = ui

    def send(self, body):
        if self._ui:
            self._ui.write(_('sending %s') % body)
        return self._send(body)
"""
ADDED = b"        self.check(body, 'the whole of it', len(body), retries=self._retries)\n"
NEW = OLD.replace(b"        if self._ui:\n", ADDED + b"        if self._ui:\n")
BLACK = b"""\
        self.check(
            body,
            b"the whole of it",
            len(body),
            retries=self._retries,
        )
"""


def black(data: bytes) -> bytes:
    """The same in another style."""
    return data.replace(b"'sending %s'", b'b"sending %s"').replace(ADDED, BLACK)


def diff(old: bytes, new: bytes, path: str = "x.py", context: int = 3) -> FileDiff:
    patch = Patch.parse("a.patch", patch_bytes(file_diff(path, old, new, context)))
    ((_change, found),) = file_diffs(patch)
    return found


def same(one: FileDiff, other: FileDiff, path: str = "x.py") -> bool:
    first, second = changes(path, one, other)
    assert first and second
    return first == second


@pytest.mark.parametrize("context", [0, 1, 3, 9])
def test_the_same_change_in_another_style(context: int) -> None:
    assert same(diff(OLD, NEW, context=context), diff(black(OLD), black(NEW), context=context))


def test_context_that_differs_is_of_no_interest() -> None:
    other = OLD.replace(b"        if self._ui:\n", b"        if self._verbose:\n")
    new = NEW.replace(b"        if self._ui:\n", b"        if self._verbose:\n")
    assert same(diff(OLD, NEW), diff(other, new))


@pytest.mark.parametrize(
    "old, new",
    [
        (b"len(body)", b"len(self)"),
        (b"        self.check", b"            self.check"),
        (b"'the whole of it'", b"'a part of it'"),
    ],
)
def test_another_change_shows(old: bytes, new: bytes) -> None:
    other = NEW.replace(old, new)
    assert other != NEW
    assert not same(diff(OLD, NEW), diff(OLD, other))


def test_what_is_told_is_logical_lines() -> None:
    told, _other = changes("x.py", diff(black(OLD), black(NEW)), diff(OLD, NEW))
    line = b"self . check ( body , 'the whole of it' , len ( body ) , retries = self . _retries )"
    assert told == [b"+        " + line]


def test_lines_that_move_to_another_depth_are_changed() -> None:
    new = OLD.replace(b"        return", b"    return")
    told, _other = changes("x.py", diff(OLD, new), diff(OLD, new))
    assert told == [
        b"-        return self . _send ( body )",
        b"+    return self . _send ( body )",
    ]


def test_comments_that_flow_differently() -> None:
    comment = b"        # all of this has to be sent\n        # in one go\n"
    other = b"        # all of this\n        # has to be sent in one go\n"
    mark = b"        if self._ui:\n"
    one, two = (OLD.replace(mark, text + mark) for text in (comment, other))
    assert same(diff(OLD, one), diff(OLD, two))


DOCSTRING = (
    b'def f():\n    """All that\n\n    one\n    two\n    three\n    four\n    five\n    """\n'
)


def test_the_middle_of_a_docstring() -> None:
    new = DOCSTRING.replace(b"three\n", b"3, don't ask\n")
    other = DOCSTRING.replace(b"three\n", b"3, ask\n")
    assert same(diff(DOCSTRING, new, context=1), diff(DOCSTRING, new, context=1))
    assert not same(diff(DOCSTRING, new, context=1), diff(DOCSTRING, other, context=1))


def test_a_hunk_that_the_other_diff_has_as_two() -> None:
    apart = b"".join(b"x%d = %d\n" % (n, n) for n in range(12))
    near = apart.replace(b"x5 = 5\n", b"").replace(b"x6 = 6\n", b"").replace(b"x4 = 4\n", b"")

    def new(data: bytes) -> bytes:
        return data.replace(b"x1 = 1\n", b"y = 1\n").replace(b"x10 = 10\n", b"z = f(1)\n")

    first, second = diff(apart, new(apart)), diff(near, new(near))
    assert (len(first.hunks), len(second.hunks)) == (2, 1)
    assert same(first, second)


def test_what_is_no_python_is_told_line_by_line() -> None:
    told, other = changes("t.t", diff(b"a\n", b"b  \n", "t.t"), diff(b"a\n", b"b\n", "t.t"))
    assert told == other == [b"-a", b"+b"]


def test_values_do_not_break_lines() -> None:
    told, _other = changes("x.py", *[diff(b"a = 1\n", b"a = 'x\\n\\x1b'\n")] * 2)
    assert told == [b"-a = 1", b"+a = 'x\\x0a\\x1b'"]


def test_much_context_takes_little_time() -> None:
    # a text that cannot be read however much of it is left out
    lines = b"".join(b"x%d = ))\n" % n for n in range(1000))
    made = diff(lines, lines.replace(b"x500 = ))\n", b"y = ))\n"), context=490)
    start = time.process_time()
    told, other = changes("x.py", made, made)
    assert time.process_time() - start < 3
    assert told == other == [b"-x500 = ) )", b"+y = ) )"]
