"""Whether what was seen of a cell is what must hold.  It decides from the record alone."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator

from hgport.proof.evidence import Evidence, Request
from hgport.proof.expectations import Expectation
from hgport.proof.faults import FROM_START
from hgport.proof.scenarios import DOWNLOAD, Scenario
from hgport.proof.struck import missed


def problems(evidence: Evidence, row: Scenario, expected: Expectation) -> tuple[str, ...]:
    """What is not as expected of a row, a phrase each; empty if all is."""
    if expected.unsafe:
        return tuple(_contact(evidence, row))
    return (
        *_contact(evidence, row),
        *missed(evidence, row.fault),
        *_harm(evidence, expected),
        *_ending(evidence, expected),
        *_printed(evidence, expected),
        *_stored(evidence, expected),
        *_attempts(evidence, expected),
        *_tries(evidence, expected),
        *_rewinds(evidence, expected),
        *_leaks(evidence),
        *_time(evidence, expected),
    )


def observed(evidence: Evidence, row: Scenario) -> str:
    """What was seen of a row, in a few words."""
    done = "fetched" if row.operation.kind == DOWNLOAD else "stored"
    if evidence.timed_out:
        return f"did not end in {row.most_seconds} s"
    counts = _stored_counts(evidence)
    whole = sum(1 for one in evidence.wanted if counts[one])
    how = "hung" if evidence.stalled else f"exit code {evidence.exit_code}"
    corrupt = ", corruption" if any(_corruption(evidence)) else ""
    return f"{how}, {whole} of {len(evidence.wanted)} {done}{corrupt}"


def _contact(evidence: Evidence, row: Scenario) -> Iterator[str]:
    """A client that never came to the point proves nothing."""
    somebody = row.fault.gone != FROM_START
    if somebody and not any(
        r.status is not None or r.outcome == "reset" for r in evidence.requests
    ):
        yield "the server answered nothing"


def _corruption(evidence: Evidence) -> Iterator[str]:
    for request in evidence.requests:
        if request.outcome == "garbage":
            yield f"no request where one should begin, on connection {request.connection}"
        elif evidence.kept is None and _accepted(request) and not _intact(request, evidence):
            yield f"{request.object[:12]} was stored corrupt"
    for one in evidence.kept or ():
        if one not in evidence.wanted:
            yield f"what nobody sent is stored: {one[:12]}"


def _harm(evidence: Evidence, expected: Expectation) -> Iterator[str]:
    found = list(_corruption(evidence))
    if not expected.corrupts:
        yield from found
    elif not found:
        yield "nothing was corrupted"


def _ending(evidence: Evidence, expected: Expectation) -> Iterator[str]:
    if evidence.timed_out:
        yield "it did not end"
    elif expected.hangs != evidence.stalled:
        yield "it hung" if evidence.stalled else "it did not hang"
    elif expected.hangs and not any(_is_hang(request) for request in evidence.requests):
        yield "it went silent, but not within the body of an upload"
    elif expected.exit_code not in (None, evidence.exit_code):
        yield f"exit code {evidence.exit_code} instead of {expected.exit_code}"


def _printed(evidence: Evidence, expected: Expectation) -> Iterator[str]:
    last = "".join(evidence.output.splitlines()[-1:]) or "nothing"
    crashed = re.search(r"^(Traceback |\*\* [Uu]nknown exception)", evidence.output, re.MULTILINE)
    # a client that hangs is ended by us, and may take that as it likes
    if crashed and not expected.hangs and not expected.crashes:
        yield f"it ended in a traceback: {last}"
    elif expected.message and not re.search(expected.message, evidence.output):
        yield f"nothing printed matches {expected.message!r}; the last line is: {last}"


def _stored(evidence: Evidence, expected: Expectation) -> Iterator[str]:
    if not expected.stored:
        return
    counts = _stored_counts(evidence)
    missing = [one for one in evidence.wanted if not counts[one]]
    if missing:
        yield f"{len(missing)} of {len(evidence.wanted)} not stored"
    for one in evidence.wanted:
        if counts[one] and counts[one] != expected.copies:
            yield f"{one[:12]} stored {counts[one]} times, {expected.copies} are right"


def _attempts(evidence: Evidence, expected: Expectation) -> Iterator[str]:
    if expected.attempts is None:
        return
    begun = Counter(request.object for request in evidence.requests if request.object)
    for name, count in begun.items():
        if count > expected.attempts:
            yield f"{name[:12]} was begun {count} times, at most {expected.attempts} are right"


def _tries(evidence: Evidence, expected: Expectation) -> Iterator[str]:
    if expected.tries is None:
        return
    begun = Counter(r.object or r.path for r in evidence.requests if r.object or _is_batch(r))
    most = max(begun.values(), default=0)
    if most < expected.tries:
        yield f"nothing was tried more than {most} times, {expected.tries} are right"


def _rewinds(evidence: Evidence, expected: Expectation) -> Iterator[str]:
    if expected.rewinds is None:
        return
    uploaded = any(r.object and r.method != "GET" and r.received for r in evidence.requests)
    if uploaded and not any(attempt.reads for attempt in evidence.attempts):
        yield "a body came, and nobody saw it read"
    for attempt in evidence.attempts:
        # where not even the headers could be sent, nothing is read, and may be rewound or not
        if attempt.rewinds != expected.rewinds and (attempt.reads or attempt.rewinds):
            seen = f"a {attempt.body} was rewound {attempt.rewinds} times for one attempt"
            yield f"{seen}, {expected.rewinds} is right"


def _leaks(evidence: Evidence) -> Iterator[str]:
    if evidence.leaked is None and not evidence.timed_out:
        yield "nothing is known of the files that were open at the end"
    for path in evidence.leaked or ():
        yield f"{path} was still open at the end"


def _time(evidence: Evidence, expected: Expectation) -> Iterator[str]:
    if expected.seconds is not None and evidence.seconds > expected.seconds:
        yield f"it took {evidence.seconds:.1f} s, at most {expected.seconds:g} are right"


def _stored_counts(evidence: Evidence) -> Counter[str]:
    """How often each thing was stored whole, by its sha256."""
    if evidence.kept is not None:
        return Counter(dict.fromkeys(evidence.kept, 1))
    whole = (r for r in evidence.requests if _accepted(r) and _intact(r, evidence))
    return Counter(request.sha256 for request in whole)


def _is_batch(request: Request) -> bool:
    return request.path.endswith("/objects/batch")


def _accepted(request: Request) -> bool:
    upload = bool(request.object) and request.method in ("PUT", "POST")
    return upload and request.status == 200 and request.outcome == "answered"


def _intact(request: Request, evidence: Evidence) -> bool:
    """Whether what came is what the request says, as far as its name tells, and what was meant."""
    names_hash = len(request.object) == 64
    return request.sha256 in evidence.wanted and (
        not names_hash or request.sha256 == request.object
    )


def _is_hang(request: Request) -> bool:
    """Whether the client announced more than it sent, and then waited."""
    short = request.announced is not None and request.received < request.announced
    return bool(request.object) and request.outcome == "stalled" and short
