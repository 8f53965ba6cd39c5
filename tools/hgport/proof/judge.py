"""Whether what was seen of a cell is what must hold.  It decides from the record alone."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterator

from hgport.proof.evidence import MOST_SECONDS, Evidence, Request
from hgport.proof.scenarios import Expectation, Scenario
from hgport.proof.world import oids


def problems(evidence: Evidence, row: Scenario, expected: Expectation) -> tuple[str, ...]:
    """What is not as expected of a row, a phrase each; empty if all is."""
    blobs = oids(row.operation)
    return (
        *_corruption(evidence),
        *_ending(evidence, expected),
        *_printed(evidence, expected),
        *_stored(evidence, expected, blobs),
        *_attempts(evidence, expected, blobs),
        *_time(evidence, expected),
    )


def observed(evidence: Evidence, row: Scenario) -> str:
    """What was seen of a row, in a few words."""
    blobs = oids(row.operation)
    if evidence.timed_out:
        return f"did not end in {MOST_SECONDS} s"
    stored = _stored_counts(evidence)
    whole = sum(1 for blob in blobs if stored[blob])
    how = "hung" if evidence.stalled else f"exit code {evidence.exit_code}"
    return f"{how}, {whole} of {len(blobs)} blobs stored"


def _corruption(evidence: Evidence) -> Iterator[str]:
    for request in evidence.requests:
        if request.outcome == "garbage":
            yield f"no request where one should begin, on connection {request.connection}"
        elif _accepted(request) and request.sha256 != _blob(request):
            yield f"blob {_blob(request)[:12]} was stored corrupt"


def _ending(evidence: Evidence, expected: Expectation) -> Iterator[str]:
    if evidence.timed_out:
        yield f"it did not end in {MOST_SECONDS} s"
    elif expected.hangs != evidence.stalled:
        yield "it hung" if evidence.stalled else "it did not hang"
    elif expected.hangs and not any(_is_hang(request) for request in evidence.requests):
        yield "it went silent, but not within the body of an upload"
    elif expected.exit_code not in (None, evidence.exit_code):
        yield f"exit code {evidence.exit_code} instead of {expected.exit_code}"


def _printed(evidence: Evidence, expected: Expectation) -> Iterator[str]:
    if expected.message and not re.search(expected.message, evidence.output):
        last = "".join(evidence.output.splitlines()[-1:]) or "nothing"
        yield f"nothing printed matches {expected.message!r}; the last line is: {last}"


def _stored(evidence: Evidence, expected: Expectation, blobs: Collection[str]) -> Iterator[str]:
    if not expected.stored:
        return
    counts = _stored_counts(evidence)
    missing = [blob for blob in blobs if not counts[blob]]
    if missing:
        yield f"{len(missing)} of {len(blobs)} blobs not stored"
    for blob in blobs:
        if counts[blob] > 1:
            yield f"blob {blob[:12]} stored {counts[blob]} times"


def _attempts(evidence: Evidence, expected: Expectation, blobs: Collection[str]) -> Iterator[str]:
    if expected.attempts is None:
        return
    begun = Counter(_blob(request) for request in evidence.requests if request.method == "PUT")
    for blob, count in begun.items():
        if count > expected.attempts:
            yield f"blob {blob[:12]} was begun {count} times, at most {expected.attempts} are right"
        if blob not in blobs:
            yield f"something else was uploaded: {blob[:12]}"


def _time(evidence: Evidence, expected: Expectation) -> Iterator[str]:
    if expected.seconds is not None and evidence.seconds > expected.seconds:
        yield f"it took {evidence.seconds:.1f} s, at most {expected.seconds:g} are right"


def _stored_counts(evidence: Evidence) -> Counter[str]:
    """How often each blob was stored whole."""
    whole = (r for r in evidence.requests if _accepted(r) and r.sha256 == _blob(r))
    return Counter(r.sha256 for r in whole)


def _accepted(request: Request) -> bool:
    return request.method == "PUT" and request.status == 200


def _is_hang(request: Request) -> bool:
    """Whether the client announced more than it sent, and then waited."""
    short = request.announced is not None and request.received < request.announced
    return request.method == "PUT" and request.outcome == "stalled" and short


def _blob(request: Request) -> str:
    return request.path.rpartition("/")[2]
