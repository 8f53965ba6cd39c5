"""What was exported can be exported again, by whoever took it, and is the same to the byte."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

import helpers_export as odd
from helpers_consumers import git_am, unbundle
from hgport import process
from hgport.cli import run
from hgport.engine import hg

DIRECTORIES = ["quilt", "mq", "hg", "debian", "rpm", "nix"]
SERIES = {"debian": "debian/patches/series"}


def export(form: str, destination: Path, *more: str) -> Path:
    assert run(["export", odd.VERSION, "--format", form, str(destination), *more]) == 0
    return destination


def same(one: Path, other: Path) -> bool:
    if one.is_file():
        return one.read_bytes() == other.read_bytes()
    files = [file.relative_to(one) for file in one.rglob("*") if file.is_file()]
    assert files != [] and sorted(files) == sorted(
        file.relative_to(other) for file in other.rglob("*") if file.is_file()
    )
    return all((one / file).read_bytes() == (other / file).read_bytes() for file in files)


@pytest.fixture
def made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    odd.write(tmp_path / "project", monkeypatch, odd.PATCHES)
    return tmp_path


@pytest.mark.parametrize("form", DIRECTORIES)
def test_a_directory_is_a_series_again(form: str, made: Path) -> None:
    first = export(form, made / "first")
    series = first / SERIES.get(form, "series")
    assert same(first, export(form, made / "second", "--series", str(series)))


@pytest.mark.parametrize("form", [*DIRECTORIES, "bundle", "git"])
def test_it_is_the_same_at_any_time(form: str, made: Path) -> None:
    assert same(export(form, made / "first"), export(form, made / "second"))


@pytest.mark.parametrize("form", DIRECTORIES)
def test_every_form_leads_to_every_other(form: str, made: Path) -> None:
    first = export(form, made / "first")
    series = first / SERIES.get(form, "series")
    for other in ("quilt", "debian"):
        again = export(other, made / other, "--series", str(series))
        if form not in ("mq", "hg"):
            direct = export(other, made / f"{other} directly")
            assert diffs_of(again) == diffs_of(direct)


def diffs_of(directory: Path) -> dict[str, bytes]:
    return {
        file.name: file.read_bytes().partition(b"\ndiff --git ")[2]
        for file in directory.rglob("*.patch")
    }


def test_what_came_of_a_bundle(made: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    odd.write(made / "project", monkeypatch, odd.WHOLE)
    first = export("bundle", made / "first")
    place = odd.place(made)
    clone = unbundle(place, first)
    second = made / "second"
    hg.run("bundle", "--all", "--type", "gzip-v2", second, cwd=clone)
    assert same(first, second)
    names = list(odd.WHOLE)
    (made / "again").mkdir()
    for number, name in enumerate(names, 1):
        hg.run("export", "--git", "-o", made / "again" / name, str(number), cwd=clone)
    (made / "again" / "series").write_text("".join(f"{name}\n" for name in names))
    third = export("hg", made / "third", "--series", str(made / "again" / "series"))
    assert same(third, export("hg", made / "directly"))


def git(tree: Path, *words: str) -> str:
    environment = {"PATH": os.environ["PATH"], "HOME": str(tree.parent), "TZ": "UTC"}
    return process.run(["git", *words], cwd=tree, env=environment).stdout.decode()


def test_what_came_of_a_mailbox(made: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    odd.write(made / "project", monkeypatch, odd.WHOLE)
    tree = git_am(odd.place(made), export("git", made / "first"))
    told = git(tree, "log", "--reverse", "--format=%an <%ae>%x00%ai%x00%B%x00", f"{odd.VERSION}..")
    users, dates, descriptions = (told.split("\0")[at:-1:3] for at in range(3))
    assert users[0] == odd.USERS["first.patch"]
    assert dates[0] == "2020-09-13 14:26:40 +0200"
    # git keeps one empty line of several
    wanted = [odd.DESCRIPTIONS[name].replace("\n\n\n", "\n\n") for name in odd.PATCHES]
    assert [one.strip() for one in descriptions[:3]] == wanted
    names = git(
        tree, "-c", "core.quotePath=false", "format-patch", "-o", str(made / "again"), odd.VERSION
    ).split()
    series = "".join(f"{Path(name).name}\n" for name in names)
    (made / "again" / "series").write_text(series)
    second = export("git", made / "second", "--series", str(made / "again" / "series"))
    assert second.read_bytes().count(b"\nSubject: ") == len(odd.WHOLE)
    assert parts(second)[1:] == parts(made / "first")[1:]


def parts(mailbox: Path) -> list[bytes]:
    """What the mails of a mailbox hold but for the names that git has shortened."""
    mails = mailbox.read_bytes().split(b"\nSubject: ")
    return [mail.partition(b"\nFrom 0000")[0] for mail in mails[1:]]
