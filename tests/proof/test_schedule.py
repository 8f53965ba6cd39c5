"""How cells are cut into pieces, and what becomes of these when workers die."""

from __future__ import annotations

import dataclasses
import multiprocessing
import os
import signal
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

from helpers_proof import deadly, interpreter
from hgport.model import project
from hgport.proof import judge, plan, schedule
from hgport.proof.crew import local_crew
from hgport.proof.evidence import Evidence
from hgport.proof.interpreters import Interpreter
from hgport.proof.plan import Cell, Subject
from hgport.proof.scenarios import SCENARIOS, Scenario
from hgport.upstream.contents import Contents

STACK, CATALOGUE = project.load()
QUICK = [row for row in SCENARIOS if row.quick]
Found = Mapping[str, "Evidence | str"]


def planned(
    python: Interpreter, count: int, rows: Sequence[Scenario] | None = None
) -> dict[Subject, list[Cell]]:
    """The cells of 5.2.2 in the first so many of the quick rows, or in other rows, by subject."""
    demanded = [(CATALOGUE.release("5.2.2"), (python.version,))]
    of = {python.version: python}
    return plan.make(STACK, CATALOGUE, demanded, of, rows=rows or QUICK[:count]).by_subject()


def cells(count: int) -> list[Cell]:
    """So many cells of one subject and operation."""
    python = Interpreter("3.8", Path("python3.8"), "never run")
    first = next(iter(planned(python, 1).values()))[0]
    return [dataclasses.replace(first, key=str(number)) for number in range(count)]


@pytest.mark.parametrize("count", [0, 1, 9, 10, 11, 25, 100])
def test_every_cell_is_in_one_piece(count: int) -> None:
    cut = list(schedule.pieces(cells(count), 10))
    assert [cell.key for piece in cut for cell in piece.cells] == [str(n) for n in range(count)]
    sizes = [len(piece.cells) for piece in cut]
    assert len(sizes) == -(-count // 10)
    assert not sizes or max(sizes) - min(sizes) <= 1


def test_a_small_piece_goes_ahead_where_others_need_what_it_makes() -> None:
    def sizes(*counts: int, ahead: bool) -> list[int]:
        return [len(p.cells) for p in schedule.cut_up([cells(n) for n in counts], 10, ahead)]

    assert sizes(8, 8, ahead=True) == [1, 7, 8]
    assert sizes(21, ahead=True) == [1, 10, 10]
    # nobody waits for it
    assert sizes(8, ahead=True) == [8]
    assert sizes(8, 8, ahead=False) == [8, 8]


def test_the_piece_that_goes_ahead_makes_the_repositories_of_every_operation() -> None:
    python = Interpreter("3.8", Path("python3.8"), "never run")
    subjects = list(planned(python, len(QUICK), SCENARIOS).values())
    first, *others = schedule.cut_up(subjects, 10, True)
    every = {row.operation for row in SCENARIOS}
    assert [cell.row.operation for cell in first.cells].count(SCENARIOS[0].operation) == 1
    assert {cell.row.operation for cell in first.cells} == every
    assert len(first.cells) == len(every)
    cut = [cell.key for piece in (first, *others) for cell in piece.cells]
    assert sorted(cut) == sorted(cell.key for mine in subjects for cell in mine)
    assert all(len({c.subject for c in piece.cells}) == 1 for piece in others)


def test_a_piece_is_of_one_subject_whatever_its_operations() -> None:
    python = Interpreter("3.8", Path("python3.8"), "never run")
    alike = schedule._by_ground(planned(python, len(QUICK)))
    ((ground, subjects),) = alike.items()
    assert ground == ("5.2.2", "3.8")
    assert [{cell.subject for cell in mine} for mine in subjects] == [
        {subject} for subject in planned(python, len(QUICK))
    ]


def test_pieces_are_small_where_there_is_little_to_do() -> None:
    # a whole table is cut into pieces that are worth their world
    assert schedule.size(5000, 8) == schedule._MOST_CELLS
    # a release alone keeps everybody busy to the end
    cells, width = 200, 6
    assert cells / schedule.size(cells, width) >= 4 * width
    # and nobody makes a world for next to nothing
    assert schedule.size(8, 4) == schedule._LEAST_CELLS


def run(lacking: Mapping[Subject, Sequence[Cell]], jobs: int, at_each: object = None) -> Found:
    found: dict[str, Evidence | str] = {}
    begun: list[Subject] = []

    def finish(subject: Subject, seen: Found) -> None:
        assert subject in begun
        assert not set(seen) & set(found)
        found.update(seen)
        if callable(at_each):
            at_each()

    with Contents() as contents:
        schedule.run(lacking, contents, local_crew(jobs), finish, begun=begun.append)
    assert begun == list(lacking)
    assert set(found) == {cell.key for mine in lacking.values() for cell in mine}
    return found


def test_a_worker_that_is_killed_in_the_middle_changes_nothing() -> None:
    lacking = planned(interpreter(CATALOGUE.release("5.2.2"), "3.8"), 2)
    killed: list[int] = []

    def kill() -> None:
        # both have been given the next piece, or are at it still
        if len(killed) < 2:
            killed.append(multiprocessing.active_children()[0].pid or 0)
            os.kill(killed[-1], signal.SIGKILL)

    found = run(lacking, 2, kill)
    assert len(set(killed)) == 2
    for mine in lacking.values():
        for cell in mine:
            seen = found[cell.key]
            assert isinstance(seen, Evidence)
            assert judge.problems(seen, cell.row, cell.expected) == ()


def test_a_piece_that_kills_every_worker_could_not_be_run(tmp_path: Path) -> None:
    python = deadly(tmp_path, interpreter(CATALOGUE.release("5.2.2"), "3.8"))
    subject, mine = next(iter(planned(python, 1).items()))
    (seen,) = run({subject: mine}, 1).values()
    assert seen == (
        "could not be run: a worker process died of it, 3 times (is there enough memory?)"
    )
