"""Proofs written by hand, on rows of their own: what reports are tested with."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from pathlib import Path

from helpers_proof import blob, evidence, put
from hgport.model import project
from hgport.model.ranges import select
from hgport.proof import plan
from hgport.proof.courses import CONSOLIDATE, REFUSE, REWIND, Course
from hgport.proof.expectations import HANG, REFUSED, STORED
from hgport.proof.interpreters import Interpreter
from hgport.proof.plan import Gap, Plan
from hgport.proof.prover import Verdict
from hgport.proof.results import Settled
from hgport.proof.scenarios import SCENARIOS, Scenario
from hgport.report.proof import Proven

STACK, CATALOGUE = project.load()
HELD = evidence(put(blob(1)[0]), output="abort: it did not work\n")
SEEN = "exit code 0, 0 of 8 blobs stored"
SOUND = Course(STORED)
MENDED = Course(HANG, ((REFUSE, REFUSED), (REWIND, STORED), (CONSOLIDATE, STORED)))


def row(fault: str, transport: str = "http", course: Course = SOUND, **more: object) -> Scenario:
    """A row of a table of scenarios."""
    like = SCENARIOS[0]
    return dataclasses.replace(
        like,
        transport=transport,
        operation=dataclasses.replace(like.operation, name="push"),
        fault=dataclasses.replace(like.fault, name=fault),
        course=course,
        **{"workers": False, "server": "embedded", "quick": False, **more},
    )


ROWS = tuple(
    row(fault, transport, course)
    for fault, course in (
        ("no fault", SOUND),
        ("idle close", MENDED),
        ("reset", MENDED),
        ("401", MENDED),
    )
    for transport in ("http", "https")
)


def made(text: str = "5.2,5.4", rows: Sequence[Scenario] = ROWS) -> Plan:
    """The plan for a range on a machine that has every Python but 2.7."""
    wanted = select(CATALOGUE, text)
    names = {v for release in wanted for v in release.pythons} - {"2.7"}
    found = {v: Interpreter(v, Path(f"/python{v}"), f"{v}.1; OpenSSL 3") for v in names}
    demanded = plan.demands(CATALOGUE, wanted, ())
    return plan.make(STACK, CATALOGUE, demanded, found, rows=rows)


def verdicts(of: Plan, *wrong: int) -> list[Verdict]:
    """Verdicts on every cell: right, but for those that are counted off; the first was known."""
    settled = Settled("", SEEN, 0.5)
    return [
        Verdict(
            cell,
            HELD,
            ("it hung",) if number in wrong else (),
            cached=number == 0,
            settled=settled,
        )
        for number, cell in enumerate(of.cells)
    ]


def proven(found: Sequence[Verdict], gaps: Sequence[Gap] = (), **more: object) -> Proven:
    """What came of a proof of the project's own series."""
    return Proven(**{**vars(Proven(STACK, CATALOGUE, found, gaps)), **more})  # type: ignore[arg-type]
