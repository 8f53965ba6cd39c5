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


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        # what lay between two lines that black does not like is gone
        (b"a=1\nk = 0\nb=2\n", b"a=1\nb=2\n", []),
        # beside one that it does not like
        (b"a=1\nb = 2\n", b"a=1\nb=2\n", [(2, "black would write 'b = 2'")]),
        (b"a=1\nb = 2\n", b"a=1\nb=2\nc=3\n", [(2, "'b = 2'"), (3, "'c = 3'")]),
        # moved
        (b"a=1\nb = 2\nc = 3\n", b"b = 2\nc = 3\na=1\n", []),
        # what it would have one line now, for what was taken out of it
        (
            b"x = [\n    1, 22222222222222222222222222222222222222222222222222222222222222222222"
            b"222222222222\n]\n",
            b"x = [\n    1\n]\n",
            [(1, "'x = [1]'")],
        ),
        (b"import os\n\nx = 1\n", b"import os\nx = 1\n", [(2, "an empty line here")]),
        # it would have more empty lines, and would before
        (b"def f():\n    pass\nx = 1\n", b"def f():\n    pass\nx = 1\ny = 2\n", []),
        (b"x = 1;\n", b"x = 1;\ny = 2\n\n\n\n\n", [(3, "other empty lines")]),
    ],
)
def test_old_lines_beside_new_ones(
    black: Black, before: bytes, after: bytes, said: list[tuple[int, str]]
) -> None:
    found = wishes(black, before, after)
    assert [line for line, _why in found] == [line for line, _why in said], found
    assert all(why in told for (_l, why), (_n, told) in zip(said, found)), found


def test_what_it_would_take_out() -> None:
    assert list(wanted(None, None, b"x = 1\n;\n", "x = 1\n")) == [(2, "black would take out ';'")]


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
