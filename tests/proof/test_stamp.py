"""What is remembered of a judgement serves as long as nothing that made it has changed."""

from __future__ import annotations

import dataclasses
import sqlite3
from pathlib import Path

from helpers_proof import blob, evidence, put
from hgport.model import project
from hgport.proof import judge, plan
from hgport.proof.expectations import HANG, STORED, Expectation
from hgport.proof.interpreters import Interpreter
from hgport.proof.plan import Plan
from hgport.proof.prover import Verdict, prove, with_evidence
from hgport.proof.results import Results
from hgport.proof.stamp import stamp
from hgport.upstream.contents import Contents

STACK, CATALOGUE = project.load()
# what was seen, and what it is judged by: a hang is all that is asked for
SEEN = evidence(put(blob(1)[0]), exit_code=7, seconds=2.5)
ENDED = Expectation("ended", exit_code=7)


def cells(expected: Expectation) -> Plan:
    found = {"2.7": Interpreter("2.7", Path("/python2.7"), "2.7.18")}
    demanded = [(CATALOGUE.release("5.2.2"), ("2.7",))]
    made = plan.make(STACK, CATALOGUE, demanded, found).cells[:2]
    return Plan(tuple(dataclasses.replace(cell, expected=expected) for cell in made), ())


def known(made: Plan, results: Results) -> list[Verdict]:
    """The verdicts where all is known, so that nothing is run."""
    with Contents() as contents:
        return prove(made, results, contents, lambda subject, verdicts: None, jobs=1)


def spoil(path: Path) -> None:
    with sqlite3.connect(path) as connection:
        connection.execute("UPDATE evidence SET seen = 'no JSON'")
    connection.close()


def test_evidence_is_read_once(tmp_path: Path) -> None:
    made = cells(ENDED)
    with Results(tmp_path / "p") as results:
        results.put({cell.key: SEEN for cell in made.cells})
        first = known(made, results)
    assert [(v.evidence, v.settled) for v in first] == [(SEEN, None)] * 2
    told = [(v.as_stated, v.cached, v.observed, v.seconds) for v in first]
    spoil(tmp_path / "p")
    with Results(tmp_path / "p") as results:
        again = known(made, results)
    assert [v.evidence for v in again] == [None] * 2
    assert [(v.as_stated, v.cached, v.observed, v.seconds) for v in again] == told
    assert told[0] == (True, True, judge.observed(SEEN, made.cells[0].row), 2.5)


def test_another_expectation_is_judged_anew(tmp_path: Path) -> None:
    with Results(tmp_path / "p") as results:
        made = cells(ENDED)
        results.put({cell.key: SEEN for cell in made.cells})
        known(made, results)
        other = cells(dataclasses.replace(ENDED, name="over"))
        assert [v.evidence for v in known(other, results)] == [SEEN] * 2
        # and what is wrong is never settled
        wrong = cells(HANG)
        assert results.settled({c.key: stamp(HANG) for c in wrong.cells}) == {}


def test_the_evidence_can_be_had(tmp_path: Path) -> None:
    with Results(tmp_path / "p") as results:
        made = cells(ENDED)
        results.put({cell.key: SEEN for cell in made.cells})
        first = known(made, results)
        again = known(made, results)
        assert again != first == with_evidence(again, results)
        assert with_evidence(first, results) == first


def test_a_stamp_stands_for_the_expectation() -> None:
    assert stamp(STORED) == stamp(dataclasses.replace(STORED)) != stamp(HANG)
    assert stamp(dataclasses.replace(STORED, seconds=29)) != stamp(STORED)
