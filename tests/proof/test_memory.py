"""What failed is remembered by what a person means, whatever becomes of the cells' keys."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

from helpers_face import made, verdicts
from hgport.proof.memory import Memory
from hgport.proof.plan import Cell, Plan
from hgport.proof.prover import Verdict
from hgport.proof.results import Results


def failed(results: Results, plan: Plan, series: str = "/a/series") -> tuple[list[Cell], int]:
    found, ever = Memory(results, Path(series)).failed(plan)
    assert found.gaps == plan.gaps
    return list(found.cells), ever


def take(results: Results, found: list[Verdict], series: str = "/a/series") -> None:
    Memory(results, Path(series)).take(found)


def test_what_failed_is_known_until_it_does_not(tmp_path: Path) -> None:
    plan = made()
    with Results(tmp_path / "p") as results:
        assert failed(results, plan) == ([], 0)
        take(results, verdicts(plan, 1, 9)[:40])
    with Results(tmp_path / "p") as results:
        assert failed(results, plan) == ([plan.cells[1], plan.cells[9]], 40)
        # of another series nothing is known
        assert failed(results, plan, "/b/series") == ([], 0)
        take(results, verdicts(plan, 20)[8:])
        assert failed(results, plan) == ([plan.cells[1], plan.cells[20]], len(plan.cells))
        take(results, verdicts(plan))
        assert failed(results, plan) == ([], len(plan.cells))


def test_stacks_on_each_other_are_not_the_lower_one(tmp_path: Path) -> None:
    plan = made("5.2")
    with Results(tmp_path / "p") as results:
        take(results, verdicts(plan, 1))
        both = Memory(results, Path("/a/series"), Path("/more/series"))
        assert both.failed(plan)[1] == 0
        both.take(verdicts(plan, 2))
        assert both.failed(plan)[0].cells == (plan.cells[2],)
        assert failed(results, plan)[0] == [plan.cells[1]]


def test_a_cell_that_could_not_be_run_has_failed(tmp_path: Path) -> None:
    plan = made("5.2")
    with Results(tmp_path / "p") as results:
        take(results, [Verdict(plan.cells[3], None, ("x.patch does not apply to 5.2.2",))])
        assert failed(results, plan) == ([plan.cells[3]], 1)


@pytest.mark.parametrize("at", [0, 31])
def test_other_keys_are_the_same_cells(tmp_path: Path, at: int) -> None:
    plan = made("5.2")
    edited = [
        dataclasses.replace(
            cell,
            key=f"other {number}",
            subject=dataclasses.replace(
                cell.subject,
                patches=tuple(
                    dataclasses.replace(patch, body=patch.body + b"\n")
                    for patch in cell.subject.patches
                ),
            ),
        )
        for number, cell in enumerate(plan.cells)
    ]
    with Results(tmp_path / "p") as results:
        take(results, verdicts(plan, at))
        assert failed(results, Plan(tuple(edited), plan.gaps)) == ([edited[at]], len(edited))
