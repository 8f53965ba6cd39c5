"""The table is whole, and says what must hold for each state of a tree."""

from __future__ import annotations

import itertools

import pytest

from helpers_proof import catalogue
from hgport.model import project
from hgport.proof.scenarios import (
    CONSOLIDATE,
    HANG,
    KNOWN,
    NOT_REWOUND,
    REFUSE,
    REFUSED,
    REWIND,
    SCENARIOS,
    STORED,
    UNSTATED,
    Expectation,
    expectation,
)

SERIES = (REFUSE, REWIND, CONSOLIDATE)
FAULTY = [row for row in SCENARIOS if row.course is NOT_REWOUND]


def test_every_fault_over_both_transports() -> None:
    names = [row.name for row in SCENARIOS]
    assert len(set(names)) == len(names) == 8
    faults = {row.fault.name for row in SCENARIOS}
    seen = {(row.transport, row.fault.name) for row in SCENARIOS}
    assert seen == set(itertools.product(("http", "https"), faults))
    assert len(FAULTY) == 6


def test_every_fault_is_one() -> None:
    for row in SCENARIOS:
        fault = row.fault
        does = (fault.close_after_response, fault.reset_reused_after is not None, fault.challenge)
        assert sum(does) == (0 if row.course.at_first is STORED else 1), row.name


@pytest.mark.parametrize(
    ("applied", "expected"),
    [((), HANG), (SERIES[:1], REFUSED), (SERIES[:2], STORED), (SERIES, STORED)],
)
def test_a_release_with_the_bug(applied: tuple[str, ...], expected: Expectation) -> None:
    assert {expectation(row, applied, SERIES, ()) for row in FAULTY} == {expected}


@pytest.mark.parametrize("count", [0, 1, 2])
def test_a_release_that_has_the_last_patch(count: int) -> None:
    applied = SERIES[:count]
    assert {expectation(r, applied, SERIES[:2], {CONSOLIDATE}) for r in SCENARIOS} == {STORED}


def test_a_series_that_the_table_does_not_know() -> None:
    row, series = FAULTY[0], ("a.patch", "b.patch")
    told = [expectation(row, series[:count], series, ()) for count in range(3)]
    assert told == [HANG, UNSTATED, STORED]


def test_the_table_names_the_patches_of_this_project() -> None:
    stack, _catalogue = project.load()
    assert set(stack.names) >= KNOWN == set(SERIES)
    assert {one.patch for one in catalogue().absorbed} <= KNOWN
