"""What makes one text of another."""

from __future__ import annotations

import time

from hypothesis import given
from hypothesis import strategies as st

from helpers_engine import numbered
from hgport.engine.edits import amended, edits_between
from hgport.engine.records import Kind

BLOCK = b"<<<<<<< target\nt\n||||||| base\nb\n=======\np\n>>>>>>> patch\n"
LINES = st.lists(st.sampled_from([b"\n", b"a\n", b"b\n", b"c\n"]), max_size=30).map(b"".join)


@given(LINES, LINES)
def test_a_change_is_in_one_place_only(old: bytes, new: bytes) -> None:
    edits = edits_between(old, new)
    assert all(edit.kind is Kind.CHANGE for edit in edits)
    for edit in edits:
        starts = [i for i in range(len(old) + 1) if i == 0 or old[i - 1 : i] == b"\n"]
        fits = [i for i in starts if old.startswith(edit.before, i)]
        assert len(fits) == 1 or not old
    if edits:
        assert amended(list(edits), old) == (new, None)


def test_a_conflict_alone_is_a_conflict_alone() -> None:
    auto = b"above\n\n" + BLOCK + b"\nbelow\n"
    (edit,) = edits_between(auto, b"above\n\nmine\n\ntoo\n\nbelow\n")
    assert edit.kind is Kind.CONFLICT
    assert (edit.before, edit.after) == (BLOCK, b"mine\n\ntoo\n")


def test_little_context_where_little_is_enough() -> None:
    (edit,) = edits_between(numbered(50), numbered(50, line20="x"))
    assert len(edit.before.splitlines()) == 7
    repeated = numbered(5) * 10
    (edit,) = edits_between(repeated, repeated[:100] + b"x\n" + repeated[100:])
    assert len(edit.before.splitlines()) > 7


def test_a_large_file_is_quick() -> None:
    old = b"".join(b"line %d\n\n" % (n % 97) for n in range(8000))
    new = old.replace(b"line 5\n", b"line five\n", 3) + b"more\n"
    start = time.process_time()
    edits = edits_between(old, new)
    assert amended(list(edits), old) == (new, None)
    assert time.process_time() - start < 3
