"""File names of exported patches."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hgport.submit.export import names

_NAME = st.lists(
    st.text("ab.-/äö %#2", min_size=1, max_size=6), min_size=1, max_size=6, unique=True
)


@given(_NAME)
def test_they_are_plain_and_all_different(given_names: list[str]) -> None:
    made = names.plain(given_names, ["series", "ab"])
    assert list(made) == given_names
    assert len(set(made.values())) == len(given_names)
    assert not {"series", "ab"} & set(made.values())
    assert all(re.fullmatch(r"[A-Za-z0-9_+][A-Za-z0-9._+-]*", name) for name in made.values())
    again = names.plain(list(made.values()), ["series", "ab"])
    assert all(one == other for one, other in again.items())


@pytest.mark.parametrize(
    ("given_names", "made"),
    [
        (["a.patch", "b.patch"], ["a.patch", "b.patch"]),
        (["sub/a.patch"], ["a.patch"]),
        (["x/a.patch", "y/a.patch", "b"], ["x-a.patch", "y-a.patch", "b"]),
        (["x/a.patch", "x-a.patch", "y/a.patch"], ["x-a-2.patch", "x-a.patch", "y-a.patch"]),
        (["schön.patch", "schün.patch"], ["sch-n.patch", "sch-n-2.patch"]),
        (["ü.patch", "-.diff"], ["patch.patch", "patch.diff"]),
        (["series", ".hidden", "-option", "ä"], ["series-2", "hidden", "option", "patch"]),
    ],
)
def test_what_becomes_of_them(given_names: list[str], made: list[str]) -> None:
    assert list(names.plain(given_names, ["series"]).values()) == made


def test_names_that_are_kept() -> None:
    assert names.kept(["sub/ä", "series"], ["series"]) == {"sub/ä": "sub/ä", "series": "series-2"}
