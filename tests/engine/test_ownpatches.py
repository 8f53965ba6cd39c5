"""Patches that a port has of its own."""

from __future__ import annotations

from pathlib import Path

from helpers_carry import carried, order_of
from helpers_engine import file_diff, patch_bytes
from hgport.engine import ownpatches
from hgport.engine.carried import Fate
from hgport.engine.records import Record
from hgport.engine.resolutions import Memory
from hgport.model.patch import Patch

A = patch_bytes(file_diff("a", b"1\nz\n", b"2\nz\n"), subject="a")
OWN = patch_bytes(file_diff("b", b"1\nz\n", b"2\nz\n"), subject="own")
MORE = patch_bytes(file_diff("b", b"2\nz\n", b"3\nz\n"), subject="more")
BASE = {"a": b"1\nz\n", "b": b"1\nz\n"}


def memory(*records: Record) -> Memory:
    return Memory(Path("resolutions"), records)


def own(name: str, data: bytes, after: str) -> Record:
    return Record("5.1", name, whole=data, after=after)


def test_each_comes_in_its_place() -> None:
    order = order_of([A], target="5.1")
    remembered = memory(own("more.patch", MORE, "own.patch"), own("own.patch", OWN, ""))
    made = carried(order, BASE, BASE, memory=remembered)
    assert made.port == (("own.patch", OWN), ("more.patch", MORE), ("1.patch", A))
    # after one that is not there any more
    made = carried(order, BASE, BASE, memory=memory(own("own.patch", OWN, "x.patch")))
    assert made.port == (("1.patch", A), ("own.patch", OWN))
    # on another line it is nobody's
    other = Record("5.0", "own.patch", whole=OWN)
    assert carried(order, BASE, BASE, memory=memory(other)).port == (("1.patch", A),)


def test_one_that_does_not_apply_is_in_conflict() -> None:
    order = order_of([A], target="5.1")
    remembered = memory(own("own.patch", OWN, ""))
    target = {"a": b"1\nz\n", "b": b"other\n"}
    made = carried(order, BASE, target, memory=remembered)
    assert [one.fate for one in made.patches] == [Fate.CONFLICT, Fate.NOT_TRIED]
    (file,) = made.patches[0].files
    assert (file.path, file.in_conflict) == ("b", True)
    assert (file.content or b"").startswith(b"other\n<<<<<<< target\n")
    assert b"+2\n" in (file.content or b"")
    # a person settles it, or does without
    settled = {"own.patch": {"b": b"both\n"}}
    made = carried(order, BASE, target, memory=remembered, given=settled)
    assert b"-other\n+both\n" in dict(made.port)["own.patch"]
    assert b"own" in dict(made.port)["own.patch"].partition(b"diff")[0]
    made = carried(order, BASE, target, memory=remembered, skipped=["own.patch"])
    assert made.port == (("1.patch", A),)
    # and what the tree has already is upstream's
    made = carried(order, BASE, {"a": b"1\nz\n", "b": b"2\nz\n"}, memory=remembered)
    assert made.patches[0].fate is Fate.UPSTREAMED


def test_what_is_found_in_a_port() -> None:
    a, own_, more = (Patch.parse(n, d) for n, d in (("a", A), ("o", OWN), ("m", MORE)))
    assert ownpatches.found("5.1", [a, more], [a, more]) == ()
    assert ownpatches.found("5.1", [a], [a, more]) == ()
    assert ownpatches.found("5.1", [own_, a], [a]) == (own("o", OWN, ""),)
    (moved,) = ownpatches.found("5.1", [more, a], [a, more])
    assert moved.whole is not None and moved.patch in ("a", "m")
