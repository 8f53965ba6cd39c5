"""hgport.submit.mailsettings: who says what, and what a repository may not."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hgport.engine import hg
from hgport.errors import UsageError
from hgport.submit.identity import Identity
from hgport.submit.mailsettings import NAME, SECTIONS, Asked, Settings, settle, version_of

ME = {"ui.username": "Me <me@example.org>"}


def told(
    text: str, asked: Asked, tmp_path: Path, persons: dict[str, str] | None = None
) -> Settings:
    """What is settled with this file in the repository."""
    path = tmp_path / "email.toml"
    path.write_text(text, encoding="utf-8")
    return settle(asked, ME if persons is None else persons, path)


def test_the_command_line_comes_first_then_the_person_then_the_repository(tmp_path: Path) -> None:
    text = 'to = "r@example.org"\ncc = ["c@example.org", "d@example.org"]\n'
    plain = told(text, Asked(), tmp_path)
    assert [one.address for one in (*plain.to, *plain.cc)] == [
        "r@example.org",
        "c@example.org",
        "d@example.org",
    ]
    assert plain.sender == Identity("Me", "me@example.org")
    assert plain.origins["from"] == "[ui] username in your hgrc"
    assert plain.origins["to"] == plain.origins["cc"] == str(tmp_path / "email.toml")
    assert plain.repositorys == (*plain.to, *plain.cc)
    assert plain.from_repository == {"to", "cc"}
    persons = {**ME, "patchbomb.to": "p@example.org", "email.from": "F <f@example.org>"}
    theirs = told(text, Asked(), tmp_path, persons)
    assert theirs.to == (Identity("", "p@example.org"),)
    assert theirs.origins["to"] == "[patchbomb] in your hgrc"
    assert theirs.sender == Identity("F", "f@example.org")
    assert theirs.repositorys == theirs.cc
    asked = Asked("A <a@example.org>", ["t@example.org"], ["C <t2@example.org>"])
    own = told(text, asked, tmp_path, persons)
    assert own.to == (Identity("", "t@example.org"),)
    assert own.sender == Identity("A", "a@example.org")
    assert own.repositorys == ()


def test_who_says_it_is_not_told_by_what_it_is_called() -> None:
    asked = Settings(Identity("", "a@x.org"), (Identity("", "b@x.org"),), origins={"to": NAME})
    assert asked.repositorys == () and asked.from_repository == frozenset()


def test_the_persons_own_hgrc_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "hgrc").write_text(
        "[email]\nfrom = Zoë <zoe@example.org>\nto = a@example.org,\n  B <b@example.org>\n"
        "bcc = hidden@example.org\nreply-to = list@example.org\n",
        encoding="utf-8",
    )
    monkeypatch.setenv("HGRCPATH", str(tmp_path / "hgrc"))
    found = settle(Asked(), hg.persons_config(*SECTIONS), None)
    assert found.sender == Identity("Zoë", "zoe@example.org")
    assert [str(one) for one in found.to] == ["a@example.org", "B <b@example.org>"]
    assert [str(one) for one in found.bcc] == ["hidden@example.org"]
    assert [str(one) for one in found.reply_to] == ["list@example.org"]


def test_who_is_named_twice_gets_it_once() -> None:
    asked = Asked(None, ["a@x.org"], ["A@x.org", "b@x.org"], ["b@x.org", "c@x.org"])
    found = settle(asked, ME, None)
    assert [[one.address for one in group] for group in (found.to, found.cc, found.bcc)] == [
        ["a@x.org"],
        ["b@x.org"],
        ["c@x.org"],
    ]


def test_flags_and_versions(tmp_path: Path) -> None:
    text = 'to = "r@example.org"\nflag = "stable"\n'
    assert told(text, Asked(), tmp_path).flags == ("stable",)
    second = told(text, Asked(flags=["v2"]), tmp_path)
    assert second.flags == ("stable", "v2")
    assert second.version == 2
    assert second.from_repository == {"to", "flag"}
    other = told(text, Asked(flags=["RFC"]), tmp_path)
    assert (other.flags, other.from_repository) == (("RFC",), {"to"})
    assert told(text, Asked(flags=["V3", "RFC", "RFC"]), tmp_path).version == 3
    assert version_of(["stable"]) == 1
    for flags in (["v0"], ["v2", "v3"], ["v1000"]):
        with pytest.raises(UsageError):
            version_of(flags)


@pytest.mark.parametrize("flag", ["", "a b", "a\nBcc: x@example.org", "a]", "-f", "é", "x" * 41])
def test_a_flag_is_a_word(flag: str) -> None:
    with pytest.raises(UsageError, match="flag of the command line"):
        settle(Asked(to=["a@example.org"], flags=[flag]), ME, None)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('to = "a@example.org\\nBcc: evil@example.org"', "is no mail address"),
        ('to = """a@example.org\nBcc: evil@example.org"""', "is no mail address"),
        ('to = "a@example.org\\u2028Bcc: evil@example.org"', "is no mail address"),
        ('cc = "not an address"', "has no mail address"),
        ('flag = "stable]\\nBcc: x@example.org"', "flag of "),
        ('to = "list@example.org <evil@example.org>"', "has an address for a name"),
        ('cc = "list＠example.org <evil@example.org>"', "has an address for a name"),
        ('flag = "v2"', "names a version of the series"),
        ('to = "-oQ/tmp/x@example.org"', "is no mail address"),
        ('bcc = "evil@example.org"', "says 'bcc', which is no business of a repository's"),
        ('from = "evil@example.org"', "says 'from', which is no business"),
        ('method = "touch /tmp/owned; cat"', "says 'method', which is no business"),
        ('[smtp]\nhost = "evil.example.org"', "says 'smtp', which is no business"),
        ('[email]\nto = "a@example.org"', "says 'email', which is no business"),
        ('"extensions.x" = "/tmp/x.py"', "says 'extensions.x', which is no business"),
        ("to = 5", "to has to be a text or a list of texts"),
        ("to = [[]]", "to has to be a text or a list of texts"),
        ("to = ", "is no TOML"),
        ('to = ""', "names nobody"),
        ("", "nobody is to get the mails"),
        ("to = []", "nobody is to get the mails"),
    ],
)
def test_a_hostile_or_broken_file_in_the_repository(text: str, said: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError) as caught:
        told(text, Asked(), tmp_path)
    assert said in caught.value.message
    assert "\n" not in caught.value.message


@given(st.binary(max_size=60))
def test_any_file_is_settings_or_a_clear_line(
    tmp_path_factory: pytest.TempPathFactory, data: bytes
) -> None:
    path = tmp_path_factory.getbasetemp() / "email.toml"
    path.write_bytes(data)
    try:
        settle(Asked(to=["a@example.org"]), ME, path)
    except UsageError as err:
        assert str(path) in err.message and "\n" not in err.message


def test_a_repositorys_file_that_cannot_be_read(tmp_path: Path) -> None:
    (tmp_path / "email.toml").mkdir()
    with pytest.raises(UsageError, match=r"cannot read .*email.toml: Is a directory"):
        settle(Asked(), ME, tmp_path / "email.toml")
    assert settle(Asked(to=["a@x.org"]), ME, tmp_path / "none.toml").repositorys == ()


def test_a_repositorys_file_is_no_other_file(tmp_path: Path) -> None:
    (tmp_path / "private").write_text('to = "a@example.org"\n')
    (tmp_path / "patches").mkdir()
    path = tmp_path / "patches" / "email.toml"
    path.symlink_to("../private")
    with pytest.raises(UsageError, match="email.toml leads to outside"):
        settle(Asked(), ME, path)
    path.unlink()
    os.mkfifo(path)
    with pytest.raises(UsageError, match="email.toml is no regular file"):
        settle(Asked(), ME, path)


@pytest.mark.parametrize(
    ("persons", "said"),
    [
        ({}, "nobody is named who submits"),
        ({"ui.username": "me"}, r"\[ui\] username in your hgrc: 'me' has no mail address"),
        ({"email.from": "A\nBcc: x@y <a@example.org>"}, r"\[email\] from in your hgrc: "),
        ({**ME, "email.reply-to": "nobody"}, r"reply-to of \[email\] in your hgrc: "),
    ],
)
def test_who_submits_has_to_have_an_address(persons: dict[str, str], said: str) -> None:
    with pytest.raises(UsageError, match=said):
        settle(Asked(to=["a@example.org"]), persons, None)


def test_what_the_command_line_says_is_checked() -> None:
    for asked, said in (
        (Asked(to=["a@example.org\nBcc: x@y.org"]), "to of the command line"),
        (Asked(sender="nobody", to=["a@example.org"]), "from, by the command line: 'nobody' has"),
        (Asked(to=["a@example.org"], in_reply_to="<a@b>\nBcc: x@y"), "is no Message-Id"),
    ):
        with pytest.raises(UsageError, match=said):
            settle(asked, ME, None)
