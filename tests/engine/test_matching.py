"""Which patch is which: by one way after the other, and by what they do."""

from __future__ import annotations

from helpers_engine import file_diff, numbered, patch_bytes
from hgport.engine.matching import pairs, same_content, same_name
from hgport.model.patch import Patch

BASE = numbered(30)


def patch(name: str, path: str, **changed: str) -> Patch:
    return Patch.parse(name, patch_bytes(file_diff(path, BASE, numbered(30, **changed))))


def test_by_name_first_and_then_by_content() -> None:
    olds = [patch("a", "f", line1="x"), patch("b", "g", line1="y")]
    news = [patch("c", "f", line1="x"), patch("b", "f", line1="x")]
    assert pairs(olds, news, same_name) == {1: 1}
    assert pairs(olds, news, same_name, same_content) == {1: 1, 0: 0}


def test_the_most_similar_of_several() -> None:
    olds = [patch("a", "f", line1="x"), patch("b", "f", line1="x", line9="y")]
    news = [patch("c", "f", line1="x", line9="y"), patch("d", "f", line1="x")]
    assert pairs(olds, news, same_content) == {0: 1, 1: 0}


def test_the_order_decides_between_equals() -> None:
    same = [patch("a", "f", line1="x"), patch("b", "f", line1="x")]
    assert pairs(same, same, same_content) == {0: 0, 1: 1}


def test_what_is_not_alike_is_no_pair() -> None:
    one = patch("a", "f", line1="x")
    assert not same_content(one, patch("b", "f", line20="y"))
    assert not same_content(one, patch("b", "g", line1="x"))


def test_other_files_need_more_in_common() -> None:
    more = file_diff("f", BASE, numbered(30, line1="x", line9="y"))
    one = Patch.parse("a", patch_bytes(more))
    two = Patch.parse("b", patch_bytes(more, file_diff("t", None, b"a test\n")))
    other = Patch.parse("c", patch_bytes(more, file_diff("t", None, numbered(20))))
    assert same_content(one, two)
    assert not same_content(one, other)
