"""Each expectation, met and broken in each of its parts, on evidence written by hand."""

from __future__ import annotations

import pytest

from helpers_proof import blob, evidence, put
from hgport.proof.evidence import Evidence, Request
from hgport.proof.judge import observed, problems
from hgport.proof.scenarios import (
    HANG,
    HONEST,
    REFUSED,
    SOUND,
    STORED,
    UNSTATED,
    Expectation,
    Operation,
    Scenario,
)
from hgport.proof.world import oids

ROW = Scenario("http", Operation("lfs push", blobs=2, size=1000), HONEST, False, SOUND)
ONE, TWO = oids(ROW.operation)
OTHER = blob(3)[0]
BATCH = Request(1, 1, "POST", "/lfs/objects/batch", 10, 10, "0", 200, "answered")
SHORT = "abort: LFS error: request body ended after 8192 of the expected 1000 bytes!\n"


def stored(**more: object) -> Evidence:
    return evidence(BATCH, put(ONE, 1, 2), put(TWO, 1, 3), **more)


def hung(**more: object) -> Evidence:
    about = {"received": 5, "status": None, "outcome": "stalled", **more}
    request = put(ONE, 2, 1, **about)
    return evidence(BATCH, request, stalled=True, exit_code=255)


def refused(**more: object) -> Evidence:
    request = put(ONE, 2, 1, received=5, sha256=OTHER, status=None, outcome="cut")
    about = {"exit_code": 255, "output": "pushing\n" + SHORT, **more}
    return evidence(BATCH, request, **about)


GARBAGE = Request(1, 4, outcome="garbage", detail="illegal request line")


def test_what_is_as_stated() -> None:
    assert problems(stored(), ROW, STORED) == ()
    assert problems(hung(), ROW, HANG) == ()
    assert problems(refused(), ROW, REFUSED) == ()
    before_4_9 = refused(output=SHORT.replace("LFS ", ""))
    assert problems(before_4_9, ROW, REFUSED) == ()


def test_an_upload_may_be_begun_twice_and_refused_once() -> None:
    again = put(ONE, 1, 2, status=401)
    cut = put(TWO, 2, 2, received=500, sha256=OTHER, status=None, outcome="reset")
    seen = evidence(BATCH, again, put(ONE, 2, 1), cut, put(TWO, 3, 1))
    assert problems(seen, ROW, STORED) == ()


@pytest.mark.parametrize(
    ("seen", "problem"),
    [
        (evidence(BATCH, put(ONE, 1, 2)), "1 of 2 blobs not stored"),
        (evidence(BATCH, put(ONE), put(ONE, 2), put(TWO)), "stored 2 times"),
        (evidence(BATCH, put(ONE), put(TWO, sha256=OTHER)), f"blob {TWO[:12]} was stored corrupt"),
        (stored(exit_code=255), "exit code 255 instead of 0"),
        (stored(stalled=True), "it hung"),
        (stored(timed_out=True), "it did not end"),
        (stored(seconds=31), "it took 31.0 s, at most 30 are right"),
        (evidence(*stored().requests, GARBAGE), "no request where one should begin"),
        (evidence(*stored().requests, put(OTHER, 1, 4)), "something else was uploaded"),
        (
            evidence(*stored().requests, put(ONE, 2, status=500), put(ONE, 3, status=500)),
            "was begun 3 times, at most 2 are right",
        ),
    ],
)
def test_what_breaks_stored(seen: Evidence, problem: str) -> None:
    assert problem in "; ".join(problems(seen, ROW, STORED))


@pytest.mark.parametrize(
    ("seen", "problem"),
    [
        (stored(), "it did not hang"),
        (refused(), "it did not hang"),
        (evidence(BATCH, timed_out=True), "it did not end"),
        (hung(received=1000), "not within the body of an upload"),
        (hung(announced=None), "not within the body of an upload"),
        (hung(method="POST"), "not within the body of an upload"),
        (evidence(*hung().requests, put(TWO, sha256=OTHER), stalled=True), "stored corrupt"),
    ],
)
def test_a_reproduction_that_does_not_reproduce(seen: Evidence, problem: str) -> None:
    assert problem in "; ".join(problems(seen, ROW, HANG))


@pytest.mark.parametrize(
    ("seen", "problem"),
    [
        (hung(), "it hung"),
        (refused(exit_code=0), "exit code 0 instead of 255"),
        (refused(exit_code=1), "exit code 1 instead of 255"),
        (refused(output="abort: error: Connection reset by peer\n"), "nothing printed matches"),
        (refused(output=""), "the last line is: nothing"),
        (refused(seconds=21), "it took 21.0 s"),
        (evidence(put(ONE, sha256=OTHER), exit_code=255, output=SHORT), "stored corrupt"),
        (evidence(put(ONE), GARBAGE, exit_code=255, output=SHORT), "no request where"),
    ],
)
def test_what_breaks_refused(seen: Evidence, problem: str) -> None:
    assert problem in "; ".join(problems(seen, ROW, REFUSED))


def test_corruption_is_never_right() -> None:
    corrupt = evidence(put(ONE, sha256=OTHER), exit_code=255)
    for expected in (UNSTATED, Expectation("anything")):
        assert problems(corrupt, ROW, expected) == (f"blob {ONE[:12]} was stored corrupt",)
        assert problems(refused(exit_code=1, output=""), ROW, expected) == ()


def test_a_hang_is_not_right_where_nothing_is_stated() -> None:
    assert problems(hung(), ROW, UNSTATED) == ("it hung",)


def test_what_was_seen_in_words() -> None:
    assert observed(stored(), ROW) == "exit code 0, 2 of 2 blobs stored"
    assert observed(hung(), ROW) == "hung, 0 of 2 blobs stored"
    assert observed(stored(timed_out=True), ROW) == "did not end in 60 s"
