"""Where a file of one release went in another."""

from __future__ import annotations

from helpers_carry import FilesTree, real_order
from helpers_engine import numbered
from hgport.engine.releasetree import ReleaseTree
from hgport.engine.renames import renamed, similarity
from hgport.upstream.contents import Contents

TEXT = numbered(20)
HALF = numbered(20, **{f"line{n}": f"other {n}" for n in range(1, 11)})
LESS = numbered(20, **{f"line{n}": f"other {n}" for n in range(1, 12)})


def found(old: dict[str, bytes], new: dict[str, bytes], path: str = "a/f.py") -> str | None:
    return renamed(path, FilesTree(old), FilesTree(new))


def test_a_new_file_that_is_half_the_same() -> None:
    assert found({"a/f.py": TEXT}, {"b/g.py": HALF, "c": b"else\n"}) == "b/g.py"
    assert found({"a/f.py": TEXT}, {"b/g.py": LESS}) is None


def test_a_file_that_was_there_before_is_none() -> None:
    assert found({"a/f.py": TEXT, "b/f.py": TEXT}, {"b/f.py": TEXT}) is None


def test_a_namesake_comes_first() -> None:
    assert found({"a/f.py": TEXT}, {"b/f.py": HALF, "b/g.py": TEXT}) == "b/f.py"
    assert found({"a/f.py": TEXT}, {"b/f.py": LESS, "b/g.py": TEXT}) == "b/g.py"


def test_the_best_of_several_and_none_of_two_that_are_equally_good() -> None:
    assert found({"a/f.py": TEXT}, {"b/f.py": HALF, "c/f.py": TEXT}) == "c/f.py"
    assert found({"a/f.py": TEXT}, {"b/f.py": TEXT, "c/f.py": TEXT}) is None


def test_what_nothing_can_be_said_of() -> None:
    assert found({}, {"b/f.py": TEXT}) is None
    assert found({"a/f.py": b""}, {"b/f.py": b""}) is None
    assert found({"a/f.py": b"one\n"}, {"b/f.py": b"one\n"}) is None
    binary = b"\0\n" * 20
    assert found({"a/f.py": binary}, {"b/f.py": binary}) is None


def test_style_does_not_count() -> None:
    old = b"x = 'a'\nif y:\n    z(r'b', \"c\")\n"
    new = b"x = b'a'\nif y:\n  z('b', b\"c\")\n"
    assert similarity(old, new) == 1
    assert similarity(old, b"") == 0
    assert similarity(b"", b"") == 0


def test_a_module_that_upstream_moved() -> None:
    """repository.py became interfaces/repository.py in 5.2, which reformatted it as well."""
    order = real_order("5.0")
    old, new = (order.catalogue.release(version) for version in ("5.1.2", "5.2.2"))
    with Contents() as contents:
        trees = ReleaseTree(contents, old), ReleaseTree(contents, new)
        assert renamed("mercurial/repository.py", *trees) == "mercurial/interfaces/repository.py"
        assert renamed("mercurial/keepalive.py", *reversed(trees)) is None
