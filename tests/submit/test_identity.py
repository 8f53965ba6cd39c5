"""Who submits."""

from __future__ import annotations

import pytest

from hgport.errors import UsageError
from hgport.submit.identity import Identity


@pytest.mark.parametrize(
    ("text", "name", "address"),
    [
        ("A Person <person@example.org>", "A Person", "person@example.org"),
        ('"Person, A." <person@example.org>', "Person, A.", "person@example.org"),
        ("person@example.org", "", "person@example.org"),
        ("  Zoë  Ångström <z@example.org> ", "Zoë Ångström", "z@example.org"),
        ("<person@example.org>", "", "person@example.org"),
    ],
)
def test_it_reads(text: str, name: str, address: str) -> None:
    assert Identity.parse(text) == Identity(name, address)
    assert Identity.parse(str(Identity.parse(text))) == Identity(name, address)


@pytest.mark.parametrize(
    "text",
    ["", "A Person", "A <>", "A <a b@example.org>", "A <a@example.org> and more", "@example.org"]
    + ["a@b <x>", "a@example.org, b@example.org", "A <a@example.org\n>", "A\r\nBcc: x <a@b.org>"]
    + ["A\udc80 <a@example.org>", 'A <a"b@example.org>'],
)
def test_it_refuses(text: str) -> None:
    with pytest.raises(UsageError):
        Identity.parse(text)
