"""The rules on descriptions."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hgport.submit.check.description import problems

GOOD = "topic: do something (issue6123)\n\nWhy it is done, in prose.\nMore of it.\n\n    code\n"


def said(text: str) -> list[tuple[int, str]]:
    return list(problems(text.rstrip("\n")))


@pytest.mark.parametrize(
    "text",
    [
        GOOD,
        "topic: x",
        "a-b_c: lower 2.0",
        "lfs: HTTP is fine",
        "x: 1\n\nhttps://example.org/" + "a" * 90,
        "x: y\n\n---like this\n--- is none",
        "x: y (issue1) (issue22)",
    ],
)
def test_what_is_well(text: str) -> None:
    expected = [] if "--- is" not in text else [(3, "it reads as the start of a diff")]
    assert said(text) == expected


@pytest.mark.parametrize(
    ("text", "line", "why"),
    [
        ("", 0, "there is no description"),
        (" \n ", 0, "there is no description"),
        ("no topic here", 0, "one-word topic"),
        ("two words: here", 0, "one-word topic"),
        ("topic:no blank", 0, "one-word topic"),
        ("topic: Capital letter", 0, "capitalized"),
        ("Topic: lower", 0, "capitalized"),
        ("topic: ends.", 0, "ends with a period"),
        ("topic: " + "x" * 72, 0, "has 79 columns, of which 78"),
        ("topic: x\nat once", 1, "not empty"),
        ("topic: x\n\n" + "word " * 17, 2, "has 85 columns, of which 80"),
        ("topic: x (issue 12)", 0, "(issueNNNN)"),
        ("topic: x (bug12)", 0, "not as a bug"),
        ("topic: x (Issue12)", 0, "in lower case"),
        ("topic: x (bc)", 0, "upper case"),
        ("topic: x\n\nFrom here on", 2, "an mbox takes it"),
        ("topic: x\n\ny\n---\nz", 3, "no part of the description"),
        ("topic: x\n\ny\ndiff -r a b", 3, "start of a diff"),
        ("topic: x\n\ny\nIndex: f", 3, "start of a diff"),
        ("topic: x\n\ny\n# Parent 0", 3, "a header of hg export"),
        ("topic: x\n\nSubject: another", 2, "a header of the mail"),
        ("topic: x\n\ny \nz", 2, "white space"),
        ("topic: x\n\ny\r\nz", 2, "carriage return"),
        ("topic: x\n\na\x0bb", 2, "control character"),
    ],
)
def test_what_is_not(text: str, line: int, why: str) -> None:
    found = list(problems(text))
    assert [(n, w) for n, w in found if why in w and n == line], found


LINES = st.lists(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\n")))


@given(LINES)
def test_any_text_is_judged(lines: list[str]) -> None:
    for line, why in problems("\n".join(lines)):
        assert 0 <= line < max(1, len(lines))
        assert why and "\n" not in why
