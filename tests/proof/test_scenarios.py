"""The table is whole, and says what must hold for each state of a tree."""

from __future__ import annotations

import itertools
import re

import pytest

from helpers_proof import catalogue
from hgport.model import project
from hgport.proof import followups, scenarios
from hgport.proof.courses import (
    CLOSE,
    CONSOLIDATE,
    FIRST,
    FURTHER,
    LOST_TWICE,
    NOT_REWOUND,
    PARTS_NOT_REWOUND,
    RETRY,
    TLS,
)
from hgport.proof.expectations import HANG, REFUSED, STORED, UNSTATED, Expectation
from hgport.proof.faults import Fault
from hgport.proof.followups import EVERY
from hgport.proof.scenarios import KNOWN, REAL, SCENARIOS, Operation, Scenario, expectation

SERIES = FIRST
WHOLE = (*FIRST, *FURTHER)
FAULTY = [row for row in SCENARIOS if row.course is NOT_REWOUND]
_NAMED = {**vars(scenarios), **vars(followups)}.values()
FAULTS = list(dict.fromkeys(value for value in _NAMED if isinstance(value, Fault)))
OPERATIONS = [value for value in _NAMED if isinstance(value, Operation)]


@pytest.mark.parametrize("table", [SCENARIOS, EVERY], ids=["first", "every"])
def test_every_row_is_there_once_over_both_transports(table: tuple[Scenario, ...]) -> None:
    told = [row.name for row in table]
    assert len(set(told)) == len(told)
    rows = {(row.operation, row.fault, row.workers) for row in table}
    assert len(rows) * 2 == len(told)
    seen = {(row.transport, row.operation, row.fault, row.workers) for row in table}
    assert seen == {(t, *row) for t, row in itertools.product(("http", "https"), rows)}


def test_every_fault_and_every_operation_has_a_row() -> None:
    rows = (*EVERY, *REAL)
    assert {row.fault for row in rows} == set(FAULTS)
    assert {row.operation for row in rows} == set(OPERATIONS)
    # every operation is tried without a fault, so that what fails is the fault's doing
    honest = {row.operation for row in rows if row.fault is scenarios.HONEST}
    assert honest == set(OPERATIONS)


def test_every_fault_but_one_does_something() -> None:
    assert [f.name for f in FAULTS if f == Fault(f.name)] == ["no fault"]


def test_a_row_that_does_not_end_well_says_why() -> None:
    for row in EVERY:
        last = expectation(row, "2.7", SERIES, SERIES, ())
        assert last.stored or row.course.reason or row.follows_up, row.name
        for holds in (row.course.at_first, *(e for _p, e in row.course.since)):
            re.compile(holds.message)


@pytest.mark.parametrize(
    ("applied", "expected"),
    [((), HANG), (SERIES[:1], REFUSED), (SERIES[:2], STORED), (SERIES, STORED)],
)
def test_a_release_with_the_bug(applied: tuple[str, ...], expected: Expectation) -> None:
    assert len(FAULTY) > 20
    told = {expectation(row, "2.7", applied, SERIES, ()).name for row in FAULTY}
    assert told == {expected.name}


@pytest.mark.parametrize("count", [0, 1, 2])
def test_a_release_that_has_the_last_patch(count: int) -> None:
    applied = SERIES[:count]
    told = {expectation(r, "2.7", applied, SERIES[:2], {CONSOLIDATE}).name for r in FAULTY}
    assert told == {"stored"}


def test_bodies_of_parts_need_ours_in_every_release() -> None:
    rows = [row for row in SCENARIOS if row.course is PARTS_NOT_REWOUND]
    told = [expectation(r, "2.7", (), SERIES[:2], {CONSOLIDATE}).name for r in rows]
    assert told and set(told) == {"hang"}


def test_a_rewind_is_counted_from_its_patch_on() -> None:
    for row in SCENARIOS:
        told = [expectation(row, "2.7", SERIES[:n], SERIES, ()) for n in range(4)]
        safe = not told[-1].unsafe
        assert [holds.rewinds for holds in told] == [None, None, *([1, 1] if safe else [None] * 2)]


def test_workers_are_safe_once_they_close_what_they_inherit() -> None:
    rows = [row for row in EVERY if row.workers]
    serial = {
        (row.transport, row.fault, row.operation.kind): row for row in EVERY if not row.workers
    }
    assert len(rows) > 80
    for row in rows:
        for applied, absorbed in ((), ()), (FIRST, ()), ((RETRY, TLS), {CONSOLIDATE}):
            assert expectation(row, "3.11", applied, WHOLE, absorbed).name == "unsafe"
        for applied in (), FIRST, (RETRY, TLS), FURTHER, WHOLE:
            told = expectation(row, "3.8", applied, WHOLE, {CLOSE})
            like = serial[row.transport, row.fault, row.operation.kind]
            # with workers as without
            assert told == expectation(like, "3.8", applied, WHOLE, {CLOSE})


def test_with_both_stacks_everything_ends_well_or_says_why() -> None:
    for row in EVERY:
        for python in "2.7", "3.8", "3.11":
            told = expectation(row, python, WHOLE, WHOLE, ())
            assert not (told.unsafe or told.hangs or told.corrupts or told.crashes), row.name
            assert (told.stored and told.exit_code == 0) or (
                told.exit_code == 255 and told.message and row.course.reason
            ), row.name


def test_what_both_stacks_are_needed_for() -> None:
    row = next(row for row in EVERY if row.course is LOST_TWICE)
    stages = [(), FIRST[:1], FIRST[:2], FIRST, (*FIRST, CLOSE), WHOLE, FURTHER]
    told = [expectation(row, "3.8", applied, WHOLE, ()).name for applied in stages]
    assert told == ["hang", "refused", "failed", "failed", "failed", "stored", "hang"]
    # upstream's own part is as good as ours
    assert expectation(row, "3.8", FURTHER, FURTHER, {CONSOLIDATE}).name == "stored"


def test_no_patch_is_without_a_row() -> None:
    named = {name for row in EVERY for name in row.course.patches}
    assert named == set(WHOLE)
    for name in (CLOSE, RETRY, TLS):
        rest = tuple(one for one in WHOLE if one != name)
        assert any(
            expectation(row, "3.11", WHOLE, WHOLE, ()) != expectation(row, "3.11", rest, WHOLE, ())
            for row in EVERY
        )


def test_a_new_python_hides_a_broken_pipe_under_tls() -> None:
    told = {
        row.name
        for row in SCENARIOS
        if expectation(row, "3.11", (), SERIES, {CONSOLIDATE})
        != expectation(row, "3.9", (), SERIES, {CONSOLIDATE})
    }
    assert "lfs push, large blobs, https, 401 before the body is read" in told
    assert all("https" in name for name in told) and len(told) == 7
    newest = {expectation(row, "3.13", (), SERIES, {CONSOLIDATE}) for row in SCENARIOS}
    assert newest == {expectation(row, "3.9", (), SERIES, {CONSOLIDATE}) for row in SCENARIOS}


def test_a_series_that_the_table_does_not_know() -> None:
    row, series = FAULTY[0], ("a.patch", "b.patch")
    told = [expectation(row, "2.7", series[:count], series, ()) for count in range(3)]
    assert told == [HANG, UNSTATED, STORED]
    refusing = next(row for row in SCENARIOS if row.fault is scenarios.FORBIDDEN)
    assert expectation(refusing, "2.7", series, series, ()).name == "failed"


def test_a_stack_that_the_table_does_not_know_below_the_follow_ups() -> None:
    row, mine = FAULTY[0], ("a.patch", "b.patch")
    series = (*mine, *FURTHER)
    told = [expectation(row, "2.7", series[:n], series, (), [mine]) for n in range(6)]
    assert told == [HANG, UNSTATED, STORED, STORED, STORED, STORED]
    lost = next(row for row in EVERY if row.course is LOST_TWICE)
    told = [expectation(lost, "2.7", series[:n], series, (), [mine]).name for n in range(6)]
    assert told == ["hang", "not corrupt", "failed", "failed", "stored", "stored"]
    # one which has no patch for a release claims to be whole there
    assert expectation(row, "2.7", FURTHER[:1], FURTHER, (), [()]) == STORED
    # without it they are held to what they do by themselves
    assert expectation(row, "2.7", FURTHER, FURTHER, ()) == HANG


def test_the_table_names_the_patches_of_this_project() -> None:
    stack, _catalogue = project.load()
    both, _catalogue = project.load(None, ["followups"])
    assert set(stack.names) == set(FIRST)
    assert set(both.names) == set(WHOLE) == KNOWN
    assert {one.patch for one in catalogue().absorbed} <= KNOWN
