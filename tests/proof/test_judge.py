"""Each expectation, met and broken in each of its parts, on evidence written by hand."""

from __future__ import annotations

from dataclasses import replace

import pytest

from helpers_proof import blob, evidence, put
from hgport.proof.courses import SOUND
from hgport.proof.evidence import Attempt, Evidence, Request
from hgport.proof.expectations import (
    GIVEN_UP,
    HANG,
    REFUSED,
    STORED,
    STORED_AGAIN,
    TLS_ENDED,
    TLS_LOST,
    UNHEARD,
    UNSAFE,
    UNSTATED,
    Expectation,
)
from hgport.proof.judge import observed, problems
from hgport.proof.scenarios import HONEST, LFS, Operation, Scenario

ROW = Scenario("http", Operation("lfs push", LFS, blobs=2, size=1000), HONEST, False, SOUND)
ONE, TWO = blob(1)[0], blob(2)[0]
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
        (evidence(BATCH, put(ONE, 1, 2)), "1 of 2 not stored"),
        (evidence(BATCH, put(ONE), put(ONE, 2), put(TWO)), "stored 2 times"),
        (evidence(BATCH, put(ONE), put(TWO, sha256=OTHER)), f"{TWO[:12]} was stored corrupt"),
        (stored(exit_code=255), "exit code 255 instead of 0"),
        (stored(stalled=True), "it hung"),
        (stored(timed_out=True), "it did not end"),
        (stored(seconds=31), "it took 31.0 s, at most 30 are right"),
        (evidence(*stored().requests, GARBAGE), "no request where one should begin"),
        (evidence(*stored().requests, put(OTHER, 1, 4)), f"{OTHER[:12]} was stored corrupt"),
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
        (hung(object=""), "not within the body of an upload"),
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


def test_what_is_to_be_stored_twice_is_not_right_once() -> None:
    again = (put(ONE, 1, 2), put(ONE, 2, 1), put(TWO, 3, 1), put(TWO, 4, 1))
    assert problems(evidence(BATCH, *again), ROW, STORED_AGAIN) == ()
    for requests in again[:3], (*again[1:3], put(TWO, 4, 1)):
        (problem,) = problems(evidence(BATCH, *requests), ROW, STORED_AGAIN)
        assert problem.endswith("stored 1 times, 2 are right")


def test_who_gives_up_has_tried_that_often() -> None:
    ended = {"exit_code": 255, "output": "abort: LFS error: x after 6 attempts!\n"}
    lost = [put(ONE, n, 1, status=None, outcome="reset") for n in range(2, 8)]
    assert problems(evidence(BATCH, *lost, **ended), ROW, GIVEN_UP) == ()
    assert problems(evidence(*[BATCH] * 6, **ended), ROW, GIVEN_UP) == ()
    others = [put(TWO, n, 1, status=None, outcome="reset") for n in range(8, 9)]
    (problem,) = problems(evidence(BATCH, *lost[:5], *others, **ended), ROW, GIVEN_UP)
    assert problem == "nothing was tried more than 5 times, 6 are right"
    # where nobody listens, nobody counts
    assert problems(evidence(BATCH, **ended), ROW, UNHEARD) == ()


@pytest.mark.parametrize(
    ("code", "said", "right"),
    [
        (1, "TypeError: %b requires a bytes-like object\n", True),
        (1, "IndexError: tuple index out of range\n", True),
        (255, "abort: remotestore: <urlopen error EOF occurred in violation of protocol>\n", True),
        (255, "abort: no module named x\n", False),
        (1, "TypeError: 'NoneType' object is not callable\n", False),
    ],
)
def test_tls_that_ended_is_told_in_a_few_ways(code: int, said: str, right: bool) -> None:
    seen = evidence(BATCH, put(ONE, status=413), exit_code=code, output=said)
    assert (problems(seen, ROW, TLS_ENDED) == ()) == right
    assert (problems(seen, ROW, TLS_LOST) == ()) == right
    cut = replace(seen, output="abort: Response length (1) does not match (2) for x\n")
    assert problems(cut, ROW, TLS_LOST) == () != problems(cut, ROW, TLS_ENDED)


@pytest.mark.parametrize("rewinds", [0, 2])
def test_a_body_that_is_not_rewound_once_an_attempt(rewinds: int) -> None:
    expected = replace(STORED, rewinds=1)
    attempts = (Attempt("http://x/", "lfsuploadfile", 1, 3), Attempt("http://x/", "y", 0, 0))
    assert problems(stored(attempts=attempts), ROW, expected) == ()
    wrong = Attempt("http://x/", "lfsuploadfile", rewinds, 3)
    seen = stored(attempts=(*attempts, wrong))
    assert problems(seen, ROW, STORED) == ()
    (problem,) = problems(seen, ROW, expected)
    assert problem == f"a lfsuploadfile was rewound {rewinds} times for one attempt, 1 is right"


def test_a_client_that_never_came_to_the_point_proves_nothing() -> None:
    for expected in (UNSAFE, UNSTATED, Expectation("failed", exit_code=255)):
        seen = evidence(exit_code=255, output="abort: no module named x\n")
        assert "the server answered nothing" in problems(seen, ROW, expected)


def test_a_probe_that_says_nothing() -> None:
    silent = stored(leaked=None)
    (problem,) = problems(silent, ROW, STORED)
    assert problem == "nothing is known of the files that were open at the end"
    (problem,) = problems(stored(), ROW, replace(STORED, rewinds=1))
    assert problem == "a body came, and nobody saw it read"


def test_a_file_left_open_is_never_right() -> None:
    for expected in (STORED, UNSTATED):
        assert problems(stored(leaked=("client/x",)), ROW, expected) == (
            "client/x was still open at the end",
        )


def test_a_traceback_is_never_right() -> None:
    for output in ("Traceback (most recent call last):\nX: y\n", "** unknown exception: y\n"):
        (problem,) = problems(stored(output=output), ROW, UNSTATED)
        assert "it ended in a traceback" in problem


def test_what_the_server_keeps_counts_where_it_says_so() -> None:
    assert problems(evidence(BATCH, kept=(ONE, TWO)), ROW, STORED) == ()
    assert problems(evidence(BATCH, kept=(ONE,)), ROW, STORED) == ("1 of 2 not stored",)
    (problem,) = problems(evidence(BATCH, kept=(ONE, TWO, OTHER)), ROW, STORED)
    assert problem == f"what nobody sent is stored: {OTHER[:12]}"


def test_where_nothing_is_safe_anything_may_be_seen() -> None:
    for seen in (stored(timed_out=True), hung(), evidence(put(ONE, sha256=OTHER), GARBAGE)):
        assert problems(seen, ROW, UNSAFE) == ()
    assert "corruption" in observed(evidence(put(ONE, sha256=OTHER)), ROW)


def test_corruption_is_never_right() -> None:
    corrupt = evidence(put(ONE, sha256=OTHER), exit_code=255)
    for expected in (UNSTATED, Expectation("anything")):
        assert problems(corrupt, ROW, expected) == (f"{ONE[:12]} was stored corrupt",)
        assert problems(refused(exit_code=1, output=""), ROW, expected) == ()


def test_a_hang_is_not_right_where_nothing_is_stated() -> None:
    assert problems(hung(), ROW, UNSTATED) == ("it hung",)


def test_what_was_seen_in_words() -> None:
    assert observed(stored(), ROW) == "exit code 0, 2 of 2 stored"
    assert observed(hung(), ROW) == "hung, 0 of 2 stored"
    assert observed(stored(timed_out=True), ROW) == "did not end in 60 s"
