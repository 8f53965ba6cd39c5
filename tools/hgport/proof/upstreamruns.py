"""The runs of upstream's tests that one subject takes, by the tree that each is on.

What is known is not run.  A file of which anything was skipped, or nothing was said, is never
known: that was up to the machine.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence, Set
from concurrent.futures import Executor, as_completed
from dataclasses import replace
from pathlib import Path

from hgport.model.patch import short_name
from hgport.proof.patched import Patched
from hgport.proof.upstreamkey import in_tests, key
from hgport.proof.upstreamreport import FAILED, PASSED, SKIPPED, UNTOLD, Seen, file_of
from hgport.proof.upstreamresults import UpstreamResults
from hgport.proof.upstreamrun import Work, do
from hgport.proof.upstreamverdict import Subject

# a case of a test that only one of two runs knows
ABSENT = Seen(SKIPPED, 0.0, "there is no such test")

# a room (as in ``world``) and what runs work in it
Begin = Callable[[], "tuple[Path, Executor]"]
# which tree: how many patches the code has, and how many the tests
Place = tuple[int, int]


class Runs:
    """The runs of a subject, of which ``stages`` are the trees, as in ``patched``.

    ``begin`` is called when there is something to run, ``jobs`` tests at once; ``fresh`` runs what
    is known, too.  ``known`` says that nothing had to be run so far.
    """

    def __init__(
        self,
        subject: Subject,
        stages: Sequence[Patched],
        results: UpstreamResults,
        begin: Begin,
        *,
        jobs: int,
        fresh: bool,
    ) -> None:
        self._subject = subject
        self._stages = stages
        self._results = results
        self._begin = begin
        self._jobs = jobs
        self._fresh = fresh
        self._keys: dict[Place, dict[str, str]] = {}
        self._seen: dict[Place, dict[str, Seen]] = {}
        self.known = True

    def lacking(self, wanted: Mapping[Place, Collection[str]]) -> dict[Place, Work]:
        """Of the files that are wanted on each tree, the runs of those that are not known."""
        works = {place: self._work(place, files) for place, files in wanted.items()}
        for place, work in works.items():
            self._keys[place] = {file: key(work, file) for file in work.tests}
            self._seen[place] = {}
        if not self._fresh:
            self._recall()
        lacking = {
            place: replace(work, tests=tuple(f for f in work.tests if not self._has(place, f)))
            for place, work in works.items()
        }
        return {place: work for place, work in lacking.items() if work.tests}

    def make(self, lacking: Mapping[Place, Work]) -> str:
        """Make these runs.  "" or what is wrong.  Raises OutsideError for trouble with the network
        or the disk."""
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

    def seen(self, place: Place) -> Mapping[str, Seen]:
        """What came of the tests on a tree, by their names."""
        return self._seen[place]

    def again(self, place: Place, names: Set[str]) -> None:
        """Run tests once more, alone; they count as they come out now."""
        if not names:
            return
        self.known = False
        room, executor = self._begin()
        work = self._work(place, {file_of(name) for name in names})
        seen = executor.submit(do, replace(work, room=room)).result()
        if isinstance(seen, str):
            return
        mine, merged = self._seen[place], {}
        for name, now in seen.items():
            # what nothing was said of has no cases yet
            was = mine.get(name) or mine.get(file_of(name), ABSENT)
            if name in names or was.outcome == UNTOLD:
                merged[name] = _merged(was, now)
        for name in names - seen.keys():
            if mine[name].outcome == UNTOLD:
                del mine[name]
        self._keep(place, merged)

    def _recall(self) -> None:
        known = self._results.get([one for keys in self._keys.values() for one in keys.values()])
        for place, keys in self._keys.items():
            for one in keys.values():
                self._seen[place].update(known.get(one, {}))

    def _has(self, place: Place, file: str) -> bool:
        return any(file_of(name) == file for name in self._seen[place])

    def _work(self, place: Place, files: Collection[str]) -> Work:
        (code, code_x), (tests, tests_x) = self._stages[place[0]], self._stages[place[1]]
        replaced = {path: data for path, data in code.items() if not in_tests(path)}
        replaced.update((path, data) for path, data in tests.items() if in_tests(path))
        executable = sorted(path for path in {*code_x, *tests_x} if path in replaced)
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

    def _keep(self, place: Place, seen: Mapping[str, Seen]) -> None:
        """Take up what came of tests, and remember their files."""
        mine = self._seen[place]
        mine.update(seen)
        # no other than what was asked for, whatever was said
        files = {file_of(name) for name in seen} & self._keys[place].keys()
        found = {f: {n: one for n, one in mine.items() if file_of(n) == f} for f in files}
        self._results.put(
            {
                self._keys[place][file]: of_file
                for file, of_file in found.items()
                if all(one.outcome in (PASSED, FAILED) for one in of_file.values())
            }
        )

    def _named(self, place: Place) -> str:
        code, tests = place
        patches = self._subject.patches
        state = f"up to {short_name(patches[code - 1].name)}" if code else "unpatched"
        return state if code == tests else f"{state}, with the tests of the patches"


def _merged(was: Seen, now: Seen) -> Seen:
    """What counts of a run beside others and one alone."""
    if was.outcome != now.outcome:
        return replace(now, at_first=f"{was.outcome}: {was.text}")
    return replace(was, seconds=now.seconds, again=now.text) if now.outcome == FAILED else now
