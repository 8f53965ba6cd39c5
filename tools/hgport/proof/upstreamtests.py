"""Put a series to upstream's own tests: the release's, and those that the patches bring.

A release's tests are run twice: before the series, with the tests as the patches have them on an
otherwise unpatched tree, and after it.  The tests that a patch brings are run once more for each
patch, on the trees without and with it: there they must fail, and here pass.

Whatever is not as it should be is run once more, alone, before it is said: machines are noisy.  So
is, for the first time, what fails before and after: it may have done so by chance, or otherwise.
What came of a test is remembered by all that went into it, so an edit of a patch's test alone costs
no run of all the others.
"""

from __future__ import annotations

import functools
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

from hgport.proof import upstreamchoice
from hgport.proof.patched import stages
from hgport.proof.upstreamreport import FAILED, PASSED, SKIPPED, UNTOLD, Seen, file_of
from hgport.proof.upstreamresults import UpstreamResults
from hgport.proof.upstreamruns import ABSENT, Begin, Place, Runs
from hgport.proof.upstreamverdict import Compared, Step, Subject, Tested, Told
from hgport.upstream.contents import Contents

# doubtful tests that are run once more; where there are more of them it was no bad moment
_MOST_AGAIN = 24


def test(
    subjects: Iterable[Subject],
    contents: Contents,
    results: UpstreamResults,
    told: Told,
    begin: Begin,
    *,
    jobs: int,
    fresh: bool = False,
) -> Iterator[Tested]:
    """What comes of each subject, in order.

    ``begin`` is called once, when there is something to run; ``jobs`` tests are at work at once.
    ``fresh`` runs what is known, too.  Raises OutsideError for trouble with the network or the
    disk.
    """
    begin_once = functools.lru_cache(maxsize=1)(begin)
    for subject in subjects:
        made = stages(contents, subject.release, subject.patches)
        if isinstance(made, str):
            found = Tested(subject, problem=made)
        else:
            runs = Runs(subject, made, results, begin_once, jobs=jobs, fresh=fresh)
            found = _tested(subject, told, runs)
        told.done(found)
        yield found


@dataclass(frozen=True)
class _Pair:
    """Two trees to be compared by some test files, of which ``own`` are the patches'."""

    before: Place
    after: Place
    files: tuple[str, ...]
    own: Mapping[str, str]


def _tested(subject: Subject, told: Told, runs: Runs) -> Tested:
    nothing = Tested(subject)
    if not subject.patches:
        return nothing
    if not subject.tests:
        return replace(nothing, problem="none of the tests is in this release")
    pairs = _pairs(subject)
    lacking = runs.lacking(_wanted(pairs))
    if lacking:
        told.begun(subject)
    problem = runs.make(lacking)
    if problem:
        return replace(nothing, problem=problem)
    whole, *each = [_settled(runs, pair) for pair in pairs]
    if all(SKIPPED in (test.before.outcome, test.after.outcome) for test in whole):
        reasons = dict.fromkeys(test.after.text or test.before.text for test in whole)
        return replace(nothing, problem=f"no test ran: {'; '.join(reasons)}")
    steps = tuple(map(Step, (patch.name for patch in subject.patches), each))
    found = replace(nothing, tests=whole, steps=steps, known=runs.known)
    if not any(PASSED in (test.before.outcome, test.after.outcome) for test in whole):
        return replace(found, problem="no test passed, before or after")
    return found


def _pairs(subject: Subject) -> list[_Pair]:
    """What is compared: before and after the series, then without and with each patch."""
    count = len(subject.patches)
    pairs = [_Pair((0, count), (count, count), subject.tests, upstreamchoice.own(subject.patches))]
    for number, patch in enumerate(subject.patches):
        own = upstreamchoice.own([patch])
        pairs.append(_Pair((number, number + 1), (number + 1, number + 1), tuple(own), own))
    return pairs


def _wanted(pairs: Iterable[_Pair]) -> dict[Place, tuple[str, ...]]:
    """The files that the pairs need on each tree."""
    wanted: dict[Place, tuple[str, ...]] = {}
    for pair in pairs:
        for place in (pair.before, pair.after):
            if pair.files:
                # the whole comes first, and has the tests of each patch among its own
                wanted.setdefault(place, pair.files)
    return wanted


def _settled(runs: Runs, pair: _Pair) -> tuple[Compared, ...]:
    """The tests of a pair, what is doubtful run once more."""
    found = _compared(runs, pair)
    for before, after in (
        (_doubts_before, _doubts_after),
        # apart from the others: however many never pass, what is wrong has its second run
        (_fails_unproven, _fails_unproven),
    ):
        doubts = {
            pair.before: {test.name for test in found if before(test)},
            pair.after: {test.name for test in found if after(test)},
        }
        if 0 < sum(map(len, doubts.values())) <= _MOST_AGAIN:
            for place, names in doubts.items():
                runs.again(place, names)
            found = _compared(runs, pair)
    return found


def _compared(runs: Runs, pair: _Pair) -> tuple[Compared, ...]:
    if not pair.files:
        return ()
    before, after = runs.seen(pair.before), runs.seen(pair.after)
    names = sorted(name for name in {**before, **after} if file_of(name) in pair.files)
    return tuple(
        Compared(
            name,
            before.get(name, ABSENT),
            after.get(name, ABSENT),
            pair.own.get(file_of(name), ""),
        )
        for name in names
    )


def _doubts_before(test: Compared) -> bool:
    if test.before.outcome == UNTOLD:
        return True
    if test.own:
        return test.before.outcome == PASSED
    return (test.before.outcome, test.after.outcome) == (FAILED, PASSED)


def _doubts_after(test: Compared) -> bool:
    if test.after.outcome == UNTOLD:
        return True
    return not test.right and test.after.outcome not in (PASSED, UNTOLD)


def _fails_unproven(test: Compared) -> bool:
    """Whether it fails before and after, and one of the two may have been chance."""
    if test.own or (test.before.outcome, test.after.outcome) != (FAILED, FAILED):
        return False
    return not (_twice(test.before) and _twice(test.after))


def _twice(seen: Seen) -> bool:
    return seen.again is not None or bool(seen.at_first)
