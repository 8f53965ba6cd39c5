from __future__ import annotations

from pathlib import Path

import pytest

from helpers_proof import catalogue
from hgport.proof import upstreamverdict
from hgport.proof.interpreters import Interpreter
from hgport.proof.upstreamreport import FAILED, PASSED, SKIPPED, UNTOLD, Seen
from hgport.proof.upstreamverdict import Change, Compared, Step, Subject


def compared(before: str, after: str, own: str = "", at_first: str = "") -> Compared:
    return Compared("test-x.t", Seen(before, 1.0), Seen(after, 1.0, "", at_first), own)


@pytest.mark.parametrize(
    ("before", "after", "change", "right", "right_for_own"),
    [
        (PASSED, PASSED, Change.PASSES, True, False),
        (FAILED, FAILED, Change.FAILS, True, False),
        (SKIPPED, SKIPPED, Change.SKIPPED, True, False),
        (FAILED, PASSED, Change.NEWLY_PASSING, True, True),
        (SKIPPED, PASSED, Change.NEWLY_PASSING, True, False),
        (PASSED, FAILED, Change.NEWLY_FAILING, False, False),
        (SKIPPED, FAILED, Change.NEWLY_FAILING, False, False),
        # what is no longer tested may be broken
        (PASSED, SKIPPED, Change.NEWLY_SKIPPED, False, False),
        (FAILED, SKIPPED, Change.NEWLY_SKIPPED, False, False),
        # and so may what nothing is said of
        (UNTOLD, UNTOLD, Change.UNTOLD, False, False),
        (FAILED, UNTOLD, Change.UNTOLD, False, False),
        (UNTOLD, PASSED, Change.UNTOLD, False, False),
    ],
)
def test_what_a_series_does_to_a_test(
    before: str, after: str, change: Change, right: bool, right_for_own: bool
) -> None:
    test = compared(before, after)
    assert (test.change, test.right, test.unsteady) == (change, right, False)
    assert compared(before, after, "added").right is right_for_own


def test_what_fails_otherwise_each_time_is_wrong() -> None:
    def fails(*texts: str) -> Seen:
        return Seen(FAILED, 1.0, texts[0], again=texts[1] if texts[1:] else None)

    def change(before: Seen, after: Seen) -> tuple[Change, bool, bool]:
        test = Compared("test-x.t", before, after)
        return test.change, test.right, test.difference is not None

    same = fails("+a", "+a")
    assert change(same, same) == (Change.FAILS, True, False)
    assert change(same, fails("+b", "+b")) == (Change.FAILS_OTHERWISE, False, True)
    # it is told, but nobody knows, where it was run once
    assert change(fails("+a"), fails("+b")) == (Change.FAILS, True, True)
    assert change(same, fails("+b", "+a")) == (Change.FAILS, True, False)


def test_a_release_is_right_if_all_of_it_is() -> None:
    release = catalogue().release("5.2.2")
    subject = Subject(release, Interpreter("2.7", Path("python"), "2.7"), (), ())
    good, bad = compared(PASSED, PASSED), compared(PASSED, FAILED)
    steps = Step("a", (compared(FAILED, PASSED, "added"),)), Step("b", ())
    assert upstreamverdict.Tested(subject, (good,), steps).right
    assert not upstreamverdict.Tested(subject, (good, bad), steps).right
    assert not upstreamverdict.Tested(subject, (good,), (Step("a", (bad,)),)).right
    assert not upstreamverdict.Tested(subject, (), (), "it crashed").right
