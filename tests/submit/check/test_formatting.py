"""What black wants that it did not want before, and whether it is heard."""

from __future__ import annotations

from pathlib import Path

import pytest

from hgport.submit.check.filetools import Content, Unheard, ask
from hgport.submit.check.formatting import UNREADABLE, Black, settings, wanted

SETTINGS = b"[tool.black]\nline-length = 80\nrequired-version = '19'\nskip-string-normalization=1\n"


@pytest.fixture
def black(tmp_path: Path) -> Black:
    (tmp_path / "black.toml").write_bytes(SETTINGS)
    found = settings(tmp_path)
    assert found is not None
    return Black(found)


def made(black: Black, data: bytes) -> str | None:
    content: Content = ("f.py", data)
    remarks = ask(black, [content])[content]
    return remarks[0].message if remarks else None


def wishes(black: Black, before: bytes | None, after: bytes) -> list[tuple[int, str]]:
    now = made(black, after)
    if now is None:
        return []
    return list(wanted(before, None if before is None else made(black, before), after, now))


def test_the_releases_own_settings_count(black: Black) -> None:
    assert made(black, b"x = 'a'\n") is None
    assert made(black, b"x = (%s)\n" % b" + ".join([b"name"] * 12)) is not None


def test_what_is_wanted_of_new_lines(black: Black) -> None:
    assert wishes(black, b"x = 1\n", b"x = 1\ny = [ 1]\n") == [(2, "black would write 'y = [1]'")]
    assert wishes(black, None, b"x=1\n") == [(1, "black would write 'x = 1'")]


def test_what_was_wanted_before_is_nobodys_doing(black: Black) -> None:
    assert wishes(black, b"a = [ 1]\n", b"import os\n\na = [ 1]\nb = os\n") == []


def test_it_may_want_the_same_once_more(black: Black) -> None:
    old = b"a = [ 1]\n"
    assert wishes(black, old, old + b"c = 1\n" + old) == [(3, "black would write 'a = [1]'")]


def test_empty_lines(black: Black) -> None:
    body = b"def f():\n    pass\n"
    assert wishes(black, body, body + body.replace(b" f", b" g")) == [
        (3, "black would have an empty line here")
    ]
    spaced = b"x = 1\n\n\n\n\ny = 2\n"
    assert wishes(black, b"x = 1\n", spaced) == [(4, "black would have other empty lines here")]


def test_what_it_cannot_read(black: Black) -> None:
    contents = [("a.py", b"print 'x'\n"), ("b.py", b"x = [ 1]\n")]
    found = ask(black, contents)
    assert [one.message for one in found[contents[0]]] == [UNREADABLE]
    assert [one.message for one in found[contents[1]]] == ["x = [1]\n"]


def test_no_settings(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text("[build-system]\n")
    assert settings(tmp_path) is None


def test_settings_that_black_does_not_take(tmp_path: Path) -> None:
    config = tmp_path / "black.toml"
    config.write_text("[tool.black]\nline-length = 'wide'\n")
    with pytest.raises(Unheard, match="black"):
        ask(Black(config), [("a.py", b"x=1\n")])
