"""Rows are found by what people call them, and what finds none is said."""

from __future__ import annotations

import dataclasses

import pytest

from hgport.errors import UsageError
from hgport.proof.choice import choose
from hgport.proof.courses import Course
from hgport.proof.expectations import Expectation
from hgport.proof.scenarios import SCENARIOS, Fault, Operation, Scenario

PUSH = SCENARIOS[0].operation
BIG = dataclasses.replace(PUSH, name="big push")
SOUND = Course(Expectation("stored"))


def row(operation: Operation, transport: str, fault: str, **more: object) -> Scenario:
    about = {"workers": False, "course": SOUND, **more}
    return Scenario(transport, operation, Fault(fault), **about)  # type: ignore[arg-type]


ROWS = (
    row(PUSH, "http", "idle close", quick=True),
    row(PUSH, "https", "idle close"),
    row(BIG, "https", "reset in [mid] body", workers=True),
    row(BIG, "http", "no fault", server="hg serve"),
    row(PUSH, "http", "idle close", workers=True),
)


def test_the_embedded_server_alone_unless_told() -> None:
    assert choose(ROWS) == (*ROWS[:3], ROWS[4])
    assert choose(ROWS, server="all") == ROWS
    assert choose(ROWS, server="HG serve") == ROWS[3:4]
    with pytest.raises(UsageError, match="no scenario is on a server 'apache'") as caught:
        choose(ROWS, server="apache")
    assert caught.value.hint == "there are embedded, hg serve, all"


@pytest.mark.parametrize(
    ("globs", "found"),
    [
        (["idle"], [0, 1, 4]),
        (["IDLE Close"], [0, 1, 4]),
        (["https"], [1, 2]),
        (["*, workers"], [2, 4]),
        (["big*"], [2]),
        (["idle*"], None),
        (["*idle*", "workers"], [0, 1, 2, 4]),
        (["*[[]mid]*"], [2]),
        # a whole name is that row alone, though others have it in them
        ([ROWS[0].name.upper()], [0]),
        ([ROWS[0].name[1:]], [0, 4]),
    ],
)
def test_by_name(globs: list[str], found: list[int] | None) -> None:
    if found is None:
        with pytest.raises(UsageError):
            choose(ROWS, globs=globs)
    else:
        assert choose(ROWS, globs=globs) == tuple(ROWS[n] for n in found)


def test_what_matches_nothing_is_said_with_near_names() -> None:
    with pytest.raises(UsageError, match="no scenario matches 'idel close'") as caught:
        choose(ROWS, globs=["http", "idel close"])
    assert "did you mean 'idle close'" in str(caught.value.hint)
    with pytest.raises(UsageError) as caught:
        choose(ROWS, globs=["idel"])
    assert "did you mean 'idle'" in str(caught.value.hint)
    with pytest.raises(UsageError, match="matches '%%'") as caught:
        choose(ROWS, globs=["%%"])
    assert caught.value.hint == "see hgport test --list"


def test_a_row_on_another_server_is_pointed_at() -> None:
    with pytest.raises(UsageError) as caught:
        choose(ROWS, globs=["no fault"])
    assert caught.value.hint == "with --server 'hg serve'"


def test_the_quick_ones() -> None:
    assert choose(ROWS, quick=True) == ROWS[:1]
    with pytest.raises(UsageError, match="marked quick"):
        choose(ROWS, quick=True, globs=["https"])


def test_the_table_has_quick_rows() -> None:
    assert 0 < len(choose(SCENARIOS, quick=True)) <= len(SCENARIOS)
