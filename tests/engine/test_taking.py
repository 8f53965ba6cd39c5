"""The names of patches that are made of changesets; the rest is seen in test_refresh."""

from __future__ import annotations

import pytest

from hgport.engine import taking


@pytest.mark.parametrize(
    "subject, name",
    [
        ("keepalive: refuse a body", "keepalive-refuse-a-body"),
        ("  Ünïcode & _more_ (issue12) ...", "unicode-more-issue12"),
        ("url.py: 3.x", "url.py-3.x"),
        ("x" * 150, "x" * 100),
        ("word " * 40, "-".join(["word"] * 20)),
        ("../../etc", "etc"),
        ("", ""),
    ],
)
def test_a_subject_as_a_name(subject: str, name: str) -> None:
    assert taking.slug(subject) == name
