"""Put a series to upstream's own tests: the release's, and those that the patches bring.

A release's tests are run twice: before the series, with the tests as the patches have them on an
otherwise unpatched tree, and after it.  The tests that a patch brings are run once more for each
patch, on the trees without and with it: there they must fail, and here pass.

Whatever is not as it should be is run once more, alone, before it is said: machines are noisy.
What came of a test is remembered by all that went into it, so an edit of a patch's test alone costs
no run of all the others.
"""

from __future__ import annotations

import functools
import hashlib
import json
import posixpath
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Executor, as_completed
from dataclasses import dataclass, replace
from pathlib import Path

import hgport
from hgport.engine.apply import apply_series
from hgport.engine.outcome import Outcome
from hgport.model.patch import short_name
from hgport.proof import upstreamchoice
from hgport.proof.upstreamreport import FAILED, PASSED, SKIPPED, Seen, file_of
from hgport.proof.upstreamresults import UpstreamResults
from hgport.proof.upstreamrun import Work, do
from hgport.proof.upstreamverdict import Compared, Step, Subject, Tested, Told
from hgport.upstream.contents import Contents

# what takes part in a run beside what is in its key by its content
_HARNESS = ("proof/upstreamreport.py", "proof/upstreamrun.py", "proof/upstreamvenv.py")
_BROKEN = (Outcome.CONFLICT, Outcome.NOT_TRIED)
# a case of a test that only one of the two runs knows
_ABSENT = Seen(SKIPPED, 0.0, "there is no such test")
# doubtful tests that are run once more; where there are more of them it was no bad moment
_MOST_AGAIN = 24


# a room (as in ``world``) and what runs work in it
Begin = Callable[[], "tuple[Path, Executor]"]


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
        found = _tested(subject, contents, told, _Runs(subject, results, begin_once, jobs, fresh))
        told.done(found)
        yield found


# which tree: how many patches the code has, and how many the tests
_Place = tuple[int, int]


@dataclass(frozen=True)
class _Pair:
    """Two trees to be compared by some test files, of which ``own`` are the patches'."""

    before: _Place
    after: _Place
    files: tuple[str, ...]
    own: Mapping[str, str]


def _tested(subject: Subject, contents: Contents, told: Told, runs: _Runs) -> Tested:
    nothing = Tested(subject)
    if not subject.patches:
        return nothing
    if not subject.tests:
        return replace(nothing, problem="none of the tests is in this release")
    states = _states(subject, contents)
    if isinstance(states, str):
        return replace(nothing, problem=states)
    pairs = _pairs(subject)
    lacking = runs.lacking(states, pairs)
    if lacking:
        told.begun(subject)
    problem = runs.make(lacking)
    if problem:
        return replace(nothing, problem=problem)
    whole, *each = [runs.compared(states, pair) for pair in pairs]
    if all(SKIPPED in (test.before.outcome, test.after.outcome) for test in whole):
        reasons = dict.fromkeys(test.after.text or test.before.text for test in whole)
        return replace(nothing, problem=f"no test ran: {'; '.join(reasons)}")
    steps = tuple(map(Step, (patch.name for patch in subject.patches), each))
    return replace(nothing, tests=whole, steps=steps, known=runs.known)


def _pairs(subject: Subject) -> list[_Pair]:
    """What is compared: before and after the series, then without and with each patch."""
    count = len(subject.patches)
    pairs = [_Pair((0, count), (count, count), subject.tests, upstreamchoice.own(subject.patches))]
    for number, patch in enumerate(subject.patches):
        own = upstreamchoice.own([patch])
        pairs.append(_Pair((number, number + 1), (number + 1, number + 1), tuple(own), own))
    return pairs


# of a release with so many patches: the files that differ, and those of them that are executable
_States = Sequence["tuple[Mapping[str, bytes | None], frozenset[str]]"]


def _states(subject: Subject, contents: Contents) -> _States | str:
    """The states with no patch, with one, and so on; or why a patch does not apply."""
    release = subject.release
    paths = sorted({path for patch in subject.patches for path in patch.paths})
    known = contents.read(release, paths)

    def read(path: str) -> bytes | None:
        return known[path] if path in known else contents.read(release, [path])[path]

    states: list[tuple[Mapping[str, bytes | None], frozenset[str]]] = [({}, frozenset())]
    modes: dict[str, str] = {}
    for result in apply_series(read, subject.patches).results:
        if result.outcome in _BROKEN:
            return f"{result.patch.name} does not apply to {release.version}"
        modes.update(result.modes)
        executable = frozenset(path for path, mode in modes.items() if mode == "x")
        states.append(({**states[-1][0], **result.files}, executable))
    return states


class _Runs:
    """The runs of a subject, by their trees."""

    def __init__(
        self, subject: Subject, results: UpstreamResults, begin: Begin, jobs: int, fresh: bool
    ) -> None:
        self._subject = subject
        self._results = results
        self._begin = begin
        self._jobs = jobs
        self._fresh = fresh
        self._keys: dict[_Place, dict[str, str]] = {}
        self._seen: dict[_Place, dict[str, Seen]] = {}
        self.known = True

    def lacking(self, states: _States, pairs: Sequence[_Pair]) -> dict[_Place, Work]:
        """Every run that the pairs need and that is not known."""
        wanted: dict[_Place, tuple[str, ...]] = {}
        for pair in pairs:
            for place in (pair.before, pair.after):
                if pair.files:
                    # the whole comes first, and has the tests of each patch among its own
                    wanted.setdefault(place, pair.files)
        works = {place: self._work(states, place, files) for place, files in wanted.items()}
        for place, work in works.items():
            self._keys[place] = {file: _key(work, file) for file in work.tests}
            self._seen[place] = {}
        if not self._fresh:
            self._recall()
        lacking = {
            place: replace(work, tests=tuple(f for f in work.tests if not self._has(place, f)))
            for place, work in works.items()
        }
        return {place: work for place, work in lacking.items() if work.tests}

    def _recall(self) -> None:
        known = self._results.get([key for keys in self._keys.values() for key in keys.values()])
        for place, keys in self._keys.items():
            for key in keys.values():
                self._seen[place].update(known.get(key, {}))

    def _has(self, place: _Place, file: str) -> bool:
        return any(file_of(name) == file for name in self._seen[place])

    def make(self, lacking: Mapping[_Place, Work]) -> str:
        """Make these runs.  "" or what is wrong."""
        if not lacking:
            return ""
        self.known = False
        room, executor = self._begin()
        # the large ones share the processors; the small ones are one test or two
        large = [place for place, work in lacking.items() if len(work.tests) >= self._jobs]
        share = max(1, self._jobs // max(1, len(large)))
        made = {
            executor.submit(do, replace(one, room=room, jobs=share if place in large else 1)): place
            for place, one in lacking.items()
        }
        problems = []
        for future in as_completed(made):
            place, seen = made[future], future.result()
            if isinstance(seen, str):
                problems.append(f"{self._named(place)}: {seen}")
            else:
                self._keep(place, seen)
        return "; ".join(problems)

    def compared(self, states: _States, pair: _Pair) -> tuple[Compared, ...]:
        """The tests of a pair, what is doubtful run once more."""
        if not pair.files:
            return ()
        found = self._compared(pair)
        doubts = {
            pair.before: {test.name for test in found if _doubts_before(test)},
            pair.after: {test.name for test in found if _doubts_after(test)},
        }
        if any(doubts.values()) and sum(map(len, doubts.values())) <= _MOST_AGAIN:
            for place, names in doubts.items():
                self._again(states, place, names)
            found = self._compared(pair)
        return found

    def _work(self, states: _States, place: _Place, files: Collection[str]) -> Work:
        (code, code_x), (tests, tests_x) = states[place[0]], states[place[1]]
        replaced = {path: data for path, data in code.items() if not _in_tests(path)}
        replaced.update((path, data) for path, data in tests.items() if _in_tests(path))
        executable = sorted(path for path in code_x | tests_x if path in replaced)
        subject = self._subject
        return Work(
            Path(),
            subject.release,
            subject.interpreter,
            replaced,
            tuple(executable),
            tuple(sorted(files)),
            1,
        )

    def _again(self, states: _States, place: _Place, names: Collection[str]) -> None:
        """Run tests once more, alone; they count as they come out now."""
        if not names:
            return
        self.known = False
        room, executor = self._begin()
        work = self._work(states, place, {file_of(name) for name in names})
        seen = executor.submit(do, replace(work, room=room)).result()
        if isinstance(seen, str):
            return
        merged = {}
        for name in names & seen.keys():
            was, now = self._seen[place].get(name, _ABSENT), seen[name]
            changed = was.outcome != now.outcome
            merged[name] = replace(now, at_first=f"{was.outcome}: {was.text}") if changed else now
        self._keep(place, merged)

    def _keep(self, place: _Place, seen: Mapping[str, Seen]) -> None:
        """Take up what came of tests, and remember their files."""
        mine = self._seen[place]
        mine.update(seen)
        files = {file_of(name) for name in seen}
        self._results.put(
            {
                self._keys[place][file]: {n: one for n, one in mine.items() if file_of(n) == file}
                for file in files
            }
        )

    def _compared(self, pair: _Pair) -> tuple[Compared, ...]:
        before, after = self._seen[pair.before], self._seen[pair.after]
        names = sorted(name for name in {**before, **after} if file_of(name) in pair.files)
        return tuple(
            Compared(
                name,
                before.get(name, _ABSENT),
                after.get(name, _ABSENT),
                pair.own.get(file_of(name), ""),
            )
            for name in names
        )

    def _named(self, place: _Place) -> str:
        code, tests = place
        patches = self._subject.patches
        state = f"up to {short_name(patches[code - 1].name)}" if code else "unpatched"
        return state if code == tests else f"{state}, with the tests of the patches"


def _in_tests(path: str) -> bool:
    return path.startswith(upstreamchoice.DIRECTORY)


def _doubts_before(test: Compared) -> bool:
    if test.own:
        return test.before.outcome == PASSED
    return (test.before.outcome, test.after.outcome) == (FAILED, PASSED)


def _doubts_after(test: Compared) -> bool:
    return not test.right and test.after.outcome != PASSED


def _key(work: Work, file: str) -> str:
    """What stands for all that goes into a run of one file; the other tests do not."""
    parts = [
        _harness(),
        work.release.sha256,
        work.interpreter.full,
        [
            (path, None if data is None else hashlib.sha256(data).hexdigest())
            for path, data in sorted(work.replaced.items())
            if not _is_another(path, file)
        ],
        [path for path in work.executable if not _is_another(path, file)],
        file,
    ]
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()


def _is_another(path: str, file: str) -> bool:
    directory, name = posixpath.split(path)
    return _in_tests(directory + "/") and upstreamchoice.is_test(name) and name != file


@functools.lru_cache(maxsize=1)
def _harness() -> str:
    """The hash of our own part in a run."""
    digest = hashlib.sha256()
    for name in _HARNESS:
        digest.update((Path(hgport.__file__).parent / name).read_bytes())
    return digest.hexdigest()
