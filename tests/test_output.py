"""Saying things to a terminal that cannot show everything."""

from __future__ import annotations

import io
import os
import sys

import pytest

from hgport.output import printable, say, warn


@pytest.mark.parametrize("encoding, shown", [("ascii", "a?b??"), ("utf-8", "aübä?")])
def test_what_cannot_be_encoded_is_a_question_mark(
    monkeypatch: pytest.MonkeyPatch, encoding: str, shown: str
) -> None:
    raw = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(raw, encoding=encoding))
    say("aübä\udcff", "second")
    assert raw.getvalue().decode(encoding).splitlines() == [shown, "second"]


def test_nobody_need_read_a_warning(monkeypatch: pytest.MonkeyPatch) -> None:
    raw = io.BytesIO()
    monkeypatch.setattr(sys, "stderr", io.TextIOWrapper(raw, encoding="utf-8"))
    warn("one", "two")
    assert raw.getvalue() == b"one\ntwo\n"
    here, there = os.pipe()
    os.close(here)
    # Python closes it in the end, and may well fail then
    monkeypatch.setattr(sys, "stderr", io.TextIOWrapper(io.FileIO(there, "w", closefd=False)))
    warn("one")
    monkeypatch.undo()
    os.close(there)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("schön", "schön"),
        ("a\x1b[2J\x1b[1Ab", "a [2J [1Ab"),
        ("a\r\nb\x9bc\u202ed\udc80", "a b c d"),
    ],
)
def test_what_does_nothing_to_a_terminal(text: str, shown: str) -> None:
    assert printable(text) == shown
