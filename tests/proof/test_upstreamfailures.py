"""Failures before and after, compared."""

from __future__ import annotations

import pytest

from hgport.proof.upstreamfailures import Difference, difference, lines
from hgport.proof.upstreamreport import FAILED, Seen

HEAD = "--- tree/tests/test-x.t\n+++ out/test-x.t.err\n@@ -1,3 +1,3 @@\n   $ hg id\n"


def failed(*runs: str) -> Seen:
    text, *again = (HEAD + run for run in runs)
    return Seen(FAILED, 1.0, text, again=again[0] if again else None)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("+  in /x/tmpa1B2c3/hg", "+  in /x/tmpz9Y8x7/hg"),
        ("+  abort: localhost:20001 is gone", "+  abort: localhost:20950 is gone"),
        ("+  listening at port 20001", "+  listening at port 31999"),
        ("+  Ran 3 tests in 0.345s", "+  Ran 3 tests in 91.2s"),
        ("+  <object at 0x7f01ab>", "+  <object at 0x7f02cd>"),
        ('+  File "mercurial/url.py", line 12, in x', '+  File "mercurial/url.py", line 15, in x'),
        ("+  killed process 123", "+  killed process 4567"),
        ("+  at 2026-01-01 10:00:00", "+  at 2026-01-02 11:11:11"),
        # what is alike in the test, and where it is
        ("   $ hg log\n+  x", "   $ hg status\n+  x"),
    ],
)
def test_what_is_another_at_each_run_is_no_difference(one: str, other: str) -> None:
    assert difference(failed(one, one), failed(other, other)) is None


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("+  abort: a", "+  abort: b"),
        # what is no longer printed
        ("-  5fed3813f7f5", "-  5fed3813f7f5\n-  all is well"),
        # once more than it was
        ("+  abort: a", "+  abort: a\n   $ hg id\n+  abort: a"),
        # content has hashes, too
        ("+  5fed3813f7f5", "+  0fed3813f7f5"),
    ],
)
def test_what_is_new_each_time_is_one(one: str, other: str) -> None:
    found = difference(failed(one, one), failed(other, other))
    assert found is not None and found.sure
    assert found.after == other.splitlines()[-1]


def test_less_of_it_is_none() -> None:
    assert difference(failed("+  a\n+  b", "+  a\n+  b"), failed("+  b", "+  b")) is None


def test_what_was_there_before_once_is_none() -> None:
    assert difference(failed("+  a", "+  b"), failed("+  b", "+  b")) is None
    assert difference(failed("+  a", "+  a"), failed("+  b", "+  a")) is None


def test_one_run_of_each_makes_nothing_sure() -> None:
    assert difference(failed("+  a"), failed("+  b")) == Difference("+  a", "+  b", False)
    assert difference(failed("+  a", "+  a"), failed("+  b")) == Difference("+  a", "+  b", False)


def test_without_a_diff_every_line_counts() -> None:
    one, other = (Seen(FAILED, 1.0, text, again=text) for text in ("timed out", "no shell"))
    assert difference(one, one) is None
    assert difference(one, other) == Difference("timed out", "no shell", True)
    assert lines(HEAD + "+  a\n+  a\n-  b") == {"+  a": 2, "-  b": 1}
