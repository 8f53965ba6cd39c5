"""Saying things to a terminal that cannot show everything."""

from __future__ import annotations

import io
import sys

import pytest

from hgport.output import say


@pytest.mark.parametrize("encoding, shown", [("ascii", "a?b??"), ("utf-8", "aübä?")])
def test_what_cannot_be_encoded_is_a_question_mark(
    monkeypatch: pytest.MonkeyPatch, encoding: str, shown: str
) -> None:
    raw = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(raw, encoding=encoding))
    say("aübä\udcff", "second")
    assert raw.getvalue().decode(encoding).splitlines() == [shown, "second"]
