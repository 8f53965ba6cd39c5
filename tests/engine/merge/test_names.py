"""Names that a merge brings to where nobody knows them, and what it brings twice."""

from __future__ import annotations

import pytest

from helpers_merge import cut, merged, source, unit
from hgport.engine.merge import names

BASE = source("""
    from . import error, util

    def f(repo):
        data = repo.load()
        store(data)
        return data

    def g(repo):
        return None
    """)


def missing(patched: bytes, target: bytes, result: bytes) -> list[bytes]:
    return names.missing(*(cut(text).units for text in (BASE, patched, target, result)))


def test_an_import_that_only_the_patched_file_has() -> None:
    patched = BASE.replace(b"error, util", b"error, hg, util").replace(b"None", b"hg.peer()")
    assert missing(patched, BASE, BASE.replace(b"None", b"hg.peer()")) == [b"hg"]
    assert missing(patched, BASE, patched) == []
    # an attribute is no name, and a builtin needs no import
    plain = BASE.replace(b"None", b"repo.hg(sorted(repo))")
    assert missing(plain, BASE, plain) == []


def test_a_local_variable_that_the_targets_function_does_not_have() -> None:
    patched = BASE.replace(b"    store(data)\n", b"    store(data)\n    check(data, repo)\n")
    target = BASE.replace(b"data", b"content")
    result = target.replace(b"    store(content)\n", b"    store(content)\n    check(data, repo)\n")
    assert missing(patched, target, result) == [b"data"]
    assert missing(patched, BASE, patched) == []


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("x = a.b(c, d=e)", "x a c e"),
        ("def f(a, b=c): pass", "f a b c"),
        ("# a b", ""),
        ("g(lambda a=b: a)", "g a b a"),
    ],
)
def test_bare_names(text: str, expected: str) -> None:
    assert b" ".join(names.bare_names(unit(text))).decode() == expected


def test_what_both_add_in_different_places_is_there_twice() -> None:
    new = b"    repo.checked(a, b, c)\n"
    patched = BASE.replace(b"    data =", new + b"    data =")
    target = BASE.replace(b"    return None", new + b"    return None")
    both = target.replace(b"    data =", new + b"    data =")
    three = [cut(text).units for text in (BASE, patched, target)]
    assert names.doubled(*three, cut(both).units)
    assert not names.doubled(*three, cut(target).units)
    assert not names.doubled(three[0], three[1], three[0], three[1])
    # the target adds nothing, and has had it in another place before
    first = [cut(BASE + b"\ndef h():\n" + new).units]
    twice = [cut(text + b"\ndef h():\n" + new).units for text in (patched, BASE, patched)]
    assert not names.doubled(*first, *twice)
    assert merged(BASE, patched, target).conflicts


def test_what_is_lacking_is_a_conflict_that_says_so() -> None:
    patched = BASE.replace(b"    store(data)\n", b"    store(data)\n    check(data, repo)\n")
    found = merged(BASE, patched, BASE.replace(b"data", b"content"))
    assert found.conflicts
    assert any("uses data, which the target does not have" in note for note in found.notes)
