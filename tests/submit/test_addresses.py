"""hgport.submit.addresses: what is an address, and that nothing else gets into a mail."""

from __future__ import annotations

import email.utils

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hgport.errors import UsageError
from hgport.submit import addresses
from hgport.submit.identity import Identity


def test_persons_are_read_from_one_text_or_several() -> None:
    assert addresses.read("a@example.org") == (Identity("", "a@example.org"),)
    assert addresses.read('"Doe, J." <j@example.org>, Zoë <z@example.org>,') == (
        Identity("Doe, J.", "j@example.org"),
        Identity("Zoë", "z@example.org"),
    )
    assert addresses.read_all(["a@x.org, b@x.org", "A <A@x.org>"]) == (
        Identity("", "a@x.org"),
        Identity("", "b@x.org"),
    )


def test_a_domain_goes_out_as_servers_know_it() -> None:
    (person,) = addresses.read("Zoë <zoe@bücher.example>")
    assert person == Identity("Zoë", "zoe@xn--bcher-kva.example")
    # idempotent: what is read again stays
    assert addresses.read(addresses.header(person)) == (person,)


@pytest.mark.parametrize(
    "text",
    [
        "a@example.org\nBcc: evil@example.org",
        "a@example.org\r\nBcc: evil@example.org",
        "A\nBcc: evil@example.org <a@example.org>",
        "A\x85B <a@example.org>",
        "A\u2028B <a@example.org>",
        "A\u202egro <a@example.org>",
        "A\0 <a@example.org>",
        "a@example.org\t,b@example.org",
        "",
        " , ",
        "A Person",
        "A Person <>",
        "a@",
        "@example.org",
        "a@b@example.org",
        "a b@example.org",
        "-oQ/tmp@example.org",
        "a@-example.org",
        "a@example..org",
        "a@exa_mple.org$(id)",
        "a@straße.example",
        "zoë@example.org",
        ".a@example.org",
        "a@" + "x" * 64 + ".org",
        "a" * 65 + "@example.org",
        "a@" + ".".join(["x" * 60] * 5),
        "=?utf-8?q?evil?= <a@example.org>",
        "A <a@example.org> <b@example.org>",
        '"A <a@example.org>',
        "\udcff <a@example.org>",
        "A" * 201 + " <a@example.org>",
    ],
)
def test_what_is_no_address_is_refused(text: str) -> None:
    with pytest.raises(UsageError):
        addresses.read(text)


@given(st.text(max_size=40))
def test_whatever_is_read_stays_one_person_in_a_header(text: str) -> None:
    try:
        persons = addresses.read(text)
    except UsageError:
        return
    for person in persons:
        assert person.address.isascii()
        assert not {"\n", "\r", "\0"} & set(addresses.header(person))
        assert addresses.read(addresses.header(person)) == (person,)


@given(
    st.text(st.characters(blacklist_categories=["C", "Zl", "Zp"]), max_size=20),
    st.sampled_from(["a@example.org", "o'neil+tag@x.example"]),
)
def test_a_name_is_what_others_read(name: str, address: str) -> None:
    try:
        (person,) = addresses.read(f"{name} <{address}>") if name else addresses.read(address)
    except (UsageError, ValueError):
        return
    assert email.utils.parseaddr(addresses.header(person)) == (person.name, person.address)


def test_message_ids() -> None:
    assert addresses.message_id("abc.1@example.org") == "<abc.1@example.org>"
    assert addresses.message_id("<abc.1@example.org>") == "<abc.1@example.org>"
    for bad in ("", "abc", "<a@b>\nBcc: x@y", "<a@b> <c@d>", "a b@c", "<é@b>", "a@b@c", "<<a@b>>"):
        with pytest.raises(UsageError, match="is no Message-Id"):
            addresses.message_id(bad)
