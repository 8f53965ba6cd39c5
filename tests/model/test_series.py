"""Reading series files, and what is wrong with some."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from helpers_engine import file_diff, patch_bytes, write_tree
from hgport.errors import UsageError
from hgport.model.series import Series, entries

PATCH = patch_bytes(file_diff("x", b"a\n", b"b\n"))


def test_quilts_grammar() -> None:
    data = b"# comment\n\none.patch -p1\n  two.patch # why\n\tthree#4.patch\t-p1 #\r\n"
    found = entries(data, "series")
    assert [(e.name, e.number) for e in found] == [
        ("one.patch", 3),
        ("two.patch", 4),
        ("three#4.patch", 5),
    ]


def test_a_byte_order_mark_is_no_part_of_a_name(tmp_path: Path) -> None:
    write_tree(tmp_path, {"series": b"\xef\xbb\xbfa\n", "a": PATCH})
    series = Series.load(tmp_path / "series")
    assert series.names == ("a",)
    assert series.data == b"\xef\xbb\xbfa\n"


@pytest.mark.parametrize(
    "data, said",
    [
        (b"a\nb\na\n", "series: line 3: a is already listed in line 1"),
        (b"a -p0\n", "series: line 1: option -p0 of a is not supported"),
        (b"a -R\n", "option -R"),
        (b"../a\n", "leaves the tree"),
        (b"/a\n", "is absolute"),
        (b"a -\x1b[31mR\n", r"option '-\x1b[31mR' of a is not supported"),
        (b"a\x1b[31m -R\n", r"the path 'a\x1b[31m' has a control character in it"),
        (b"a\xc2\x9b31m\n", r"the path 'a\x9b31m' has a control character in it"),
        ("a\u202e\na\u202e\n".encode(), r"line 2: 'a\u202e' is already listed in line 1"),
    ],
)
def test_what_is_no_series(data: bytes, said: str) -> None:
    with pytest.raises(UsageError) as caught:
        entries(data, "series")
    assert said in caught.value.message
    assert caught.value.message.isprintable()


def test_patches_are_beside_the_series_or_in_patches(tmp_path: Path) -> None:
    write_tree(tmp_path, {"series": b"a\n", "a": PATCH})
    flat = Series.load(tmp_path / "series")
    assert flat.directory == tmp_path
    write_tree(tmp_path, {"patches/a": PATCH})
    assert Series.load(tmp_path / "series").directory == tmp_path / "patches"
    assert flat.names == ("a",)
    assert flat.data == b"a\n"


def test_a_missing_patch_is_named_with_its_line(tmp_path: Path) -> None:
    write_tree(tmp_path, {"series": b"a\nb\n", "a": PATCH})
    with pytest.raises(UsageError, match=r"series: line 2: there is no patch b in"):
        Series.load(tmp_path / "series")


def test_a_patch_that_is_none_is_named_with_its_line(tmp_path: Path) -> None:
    write_tree(tmp_path, {"series": b"\na\n", "a": b"hello\n"})
    with pytest.raises(UsageError, match=r"series: line 2: a is no patch: it holds no diff"):
        Series.load(tmp_path / "series")


def test_a_missing_patch_is_named_without_what_a_terminal_obeys(tmp_path: Path) -> None:
    write_tree(tmp_path, {"series": "b\u202e\n".encode()})
    with pytest.raises(UsageError, match=r"there is no patch 'b\\u202e' in"):
        Series.load(tmp_path / "series")


@pytest.mark.parametrize("name", ["link", "ext/a", "deep/ext/a", "dangling"])
def test_no_symbolic_link_is_followed_to_a_patch(tmp_path: Path, name: str) -> None:
    write_tree(tmp_path, {"elsewhere/a": PATCH, "stack/series": f"\n{name}\n".encode()})
    (tmp_path / "stack/deep").mkdir()
    (tmp_path / "stack/link").symlink_to("../elsewhere/a")
    (tmp_path / "stack/ext").symlink_to("../elsewhere")
    (tmp_path / "stack/deep/ext").symlink_to(tmp_path / "elsewhere")
    (tmp_path / "stack/dangling").symlink_to("nowhere")
    with pytest.raises(UsageError) as caught:
        Series.load(tmp_path / "stack" / "series")
    said = f"series: line 2: the path {name!r} leads through a symbolic link, "
    assert said in caught.value.message
    assert caught.value.hint == "put the patch itself there"


def test_a_symbolic_link_may_lead_to_the_series(tmp_path: Path) -> None:
    write_tree(tmp_path, {"stack/series": b"sub/a\n", "stack/patches/sub/a": PATCH})
    (tmp_path / "link").symlink_to("stack")
    assert Series.load(tmp_path / "link" / "series").names == ("sub/a",)
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "series").symlink_to("../stack/series")
    (tmp_path / "other" / "patches").symlink_to("../stack/patches")
    assert Series.load(tmp_path / "other" / "series").names == ("sub/a",)


@pytest.mark.parametrize(
    "fifo, said", [("series", "/series is no"), ("a", "line 1: the path 'a' is no")]
)
def test_a_fifo_is_not_waited_for(tmp_path: Path, fifo: str, said: str) -> None:
    write_tree(tmp_path, {"series": b"a\n", "a": PATCH})
    (tmp_path / fifo).unlink()
    os.mkfifo(tmp_path / fifo)
    with pytest.raises(UsageError, match=f"{said} regular file"):
        Series.load(tmp_path / "series")


@pytest.mark.parametrize("name", ["nowhere", "directory"])
def test_no_series_at_all(tmp_path: Path, name: str) -> None:
    (tmp_path / "directory").mkdir()
    with pytest.raises(UsageError, match="no series file"):
        Series.load(tmp_path / name)


@given(st.binary(max_size=100))
def test_no_bytes_make_the_reader_fail_otherwise(data: bytes) -> None:
    try:
        found = entries(data, "series")
    except UsageError:
        return
    assert len({e.name for e in found}) == len(found)


@given(st.lists(st.from_regex(r"[a-z][a-z0-9.-]{0,8}", fullmatch=True), unique=True, max_size=6))
def test_names_come_back_in_order(names: list[str]) -> None:
    data = "".join(f"{name} -p1  # why\n\n" for name in names).encode()
    assert [e.name for e in entries(data, "series")] == names
