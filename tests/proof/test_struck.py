"""Each fault leaves its sign in the record, and what has no sign has not struck."""

from __future__ import annotations

import pytest

from helpers_proof import blob, evidence, put
from hgport.proof import followups, scenarios
from hgport.proof.connection import ALTERED, CRAWLED, CUT_SHORT
from hgport.proof.evidence import Evidence, Request
from hgport.proof.expectations import STORED
from hgport.proof.faults import Fault
from hgport.proof.followups import EVERY
from hgport.proof.judge import problems
from hgport.proof.scenarios import Scenario
from hgport.proof.server import TUNNEL
from hgport.proof.struck import missed

ONE = blob(1)[0]
FAULTS = list(dict.fromkeys(row.fault for row in (*EVERY, *scenarios.REAL)))
BATCH = Request(1, 1, "POST", "/lfs/objects/batch", status=200, outcome="answered")
# what an honest server sees of an upload
HONEST = evidence(BATCH, put(ONE, 1, 2))


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.name)
def test_where_all_went_well_no_fault_has_struck(fault: Fault) -> None:
    assert bool(missed(HONEST, fault)) == (fault != Fault(fault.name))


@pytest.mark.parametrize(
    ("fault", "seen"),
    [
        (scenarios.IDLE_CLOSE, evidence(BATCH, put(ONE, 2))),
        (scenarios.TIMEOUT, evidence(BATCH, put(ONE, 2))),
        (scenarios.REQUESTS_1, evidence(BATCH, put(ONE, 2))),
        (scenarios.RESET_LAST, evidence(BATCH, put(ONE, 1, 2, outcome="reset"))),
        (scenarios.STALLED_READER, evidence(BATCH, put(ONE, 1, 2, outcome="reset"))),
        (scenarios.CHALLENGE, evidence(BATCH, put(ONE, 1, 2, status=401))),
        (scenarios.UNAVAILABLE, evidence(BATCH, put(ONE, 1, 2, status=503))),
        (scenarios.SLOW_READER, evidence(BATCH, put(ONE, 1, 2, detail=CRAWLED))),
        (scenarios.CUT_RESPONSE, evidence(BATCH, put(ONE, 1, 2, detail=CUT_SHORT))),
        (followups.ALTERED, evidence(BATCH, put(ONE, 1, 2, detail=ALTERED))),
        (followups.RESPONSE_RESET, evidence(BATCH, put(ONE, 2, outcome="reset"))),
        (followups.NOBODY, evidence()),
        (followups.NOBODY_LATER, evidence(BATCH)),
        (scenarios.SHRINKS, evidence(BATCH, put(ONE, 1, 2), changed=("x",))),
        (scenarios.PROXY, evidence(Request(1, 0, TUNNEL), BATCH)),
        (scenarios.PROXY, evidence(Request(1, 1, "PUT", "http://localhost:1/lfs/objects/x"))),
    ],
)
def test_the_sign_of_each(fault: Fault, seen: Evidence) -> None:
    assert missed(seen, fault) == ()


def test_a_status_of_talk_is_no_sign() -> None:
    talk = Request(1, 1, "POST", "/lfs/objects/batch", status=500, outcome="answered")
    assert missed(evidence(talk), scenarios.ERROR) == ("no transfer was answered with 500",)


def test_a_cell_whose_fault_has_missed_is_wrong() -> None:
    row = Scenario("http", scenarios.SMALL, scenarios.RESET_LAST, False, scenarios.SOUND)
    both = evidence(BATCH, put(ONE, 1, 2), put(blob(2)[0], 1, 3))
    assert problems(both, row, STORED) == ("no connection was reset",)
