"""The table is whole, and says what must hold for each state of a tree."""

from __future__ import annotations

import itertools
import re

import pytest

from helpers_proof import catalogue
from hgport.model import project
from hgport.proof import scenarios
from hgport.proof.faults import Fault
from hgport.proof.scenarios import (
    CONSOLIDATE,
    HANG,
    KNOWN,
    NOT_REWOUND,
    PARTS_NOT_REWOUND,
    REAL,
    REFUSE,
    REFUSED,
    REWIND,
    SCENARIOS,
    STORED,
    UNSTATED,
    Expectation,
    Operation,
    Scenario,
    expectation,
)

SERIES = (REFUSE, REWIND, CONSOLIDATE)
FAULTY = [row for row in SCENARIOS if row.course is NOT_REWOUND]
FAULTS = [value for value in vars(scenarios).values() if isinstance(value, Fault)]
OPERATIONS = [value for value in vars(scenarios).values() if isinstance(value, Operation)]


def names(row: Scenario, applied: tuple[str, ...], *, line: str = "5.2") -> str:
    return expectation(row, line, "2.7", applied, SERIES, ()).name


def test_every_row_is_there_once_over_both_transports() -> None:
    told = [row.name for row in SCENARIOS]
    assert len(set(told)) == len(told)
    rows = {(row.operation, row.fault, row.workers) for row in SCENARIOS}
    assert len(rows) * 2 == len(told)
    seen = {(row.transport, row.operation, row.fault, row.workers) for row in SCENARIOS}
    assert seen == {(t, *row) for t, row in itertools.product(("http", "https"), rows)}


def test_every_fault_and_every_operation_has_a_row() -> None:
    rows = (*SCENARIOS, *REAL)
    assert {row.fault for row in rows} == set(FAULTS)
    assert {row.operation for row in rows} == set(OPERATIONS)
    # every operation is tried without a fault, so that what fails is the fault's doing
    honest = {row.operation for row in rows if row.fault is scenarios.HONEST}
    assert honest == set(OPERATIONS)


def test_every_fault_but_one_does_something() -> None:
    assert [f.name for f in FAULTS if f == Fault(f.name)] == ["no fault"]


def test_a_row_that_does_not_end_well_says_why() -> None:
    for row in SCENARIOS:
        last = expectation(row, "5.2", "2.7", SERIES, SERIES, ())
        assert last.stored or row.course.reason, row.name
        for holds in (row.course.at_first, *(e for _p, e in row.course.since)):
            re.compile(holds.message)


@pytest.mark.parametrize(
    ("applied", "expected"),
    [((), HANG), (SERIES[:1], REFUSED), (SERIES[:2], STORED), (SERIES, STORED)],
)
def test_a_release_with_the_bug(applied: tuple[str, ...], expected: Expectation) -> None:
    assert len(FAULTY) > 20
    assert {names(row, applied) for row in FAULTY} == {expected.name}


@pytest.mark.parametrize("count", [0, 1, 2])
def test_a_release_that_has_the_last_patch(count: int) -> None:
    applied = SERIES[:count]
    told = {expectation(r, "5.4", "2.7", applied, SERIES[:2], {CONSOLIDATE}).name for r in FAULTY}
    assert told == {"stored"}


def test_bodies_of_parts_need_ours_in_every_release() -> None:
    rows = [row for row in SCENARIOS if row.course is PARTS_NOT_REWOUND]
    told = [expectation(r, "7.2", "2.7", (), SERIES[:2], {CONSOLIDATE}).name for r in rows]
    assert told and set(told) == {"hang"}


def test_a_rewind_is_counted_from_its_patch_on() -> None:
    for row in SCENARIOS:
        told = [expectation(row, "5.2", "2.7", SERIES[:n], SERIES, ()) for n in range(4)]
        safe = not told[-1].unsafe
        assert [holds.rewinds for holds in told] == [None, None, *([1, 1] if safe else [None] * 2)]


def test_workers_are_safe_once_upstream_closes_the_pool() -> None:
    rows = [row for row in SCENARIOS if row.workers]
    assert rows
    for row in rows:
        assert names(row, SERIES) == names(row, (), line="6.2") == "unsafe"
        assert names(row, (), line="6.3") == names(row, (), line="7.2") == "stored"


def test_a_new_python_hides_a_broken_pipe_under_tls() -> None:
    told = {
        row.name
        for row in SCENARIOS
        if expectation(row, "7.2", "3.11", (), SERIES, {CONSOLIDATE})
        != expectation(row, "7.2", "3.9", (), SERIES, {CONSOLIDATE})
    }
    assert "lfs push, large blobs, https, 401 before the body is read" in told
    assert all("https" in name for name in told) and len(told) == 7


def test_a_series_that_the_table_does_not_know() -> None:
    row, series = FAULTY[0], ("a.patch", "b.patch")
    told = [expectation(row, "5.2", "2.7", series[:count], series, ()) for count in range(3)]
    assert told == [HANG, UNSTATED, STORED]
    refusing = next(row for row in SCENARIOS if row.fault is scenarios.FORBIDDEN)
    assert expectation(refusing, "5.2", "2.7", series, series, ()).name == "failed"


def test_the_table_names_the_patches_of_this_project() -> None:
    stack, _catalogue = project.load()
    assert set(stack.names) >= KNOWN == set(SERIES)
    assert {one.patch for one in catalogue().absorbed} <= KNOWN
