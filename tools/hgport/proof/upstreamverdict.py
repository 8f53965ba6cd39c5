"""What a series does to upstream's own tests, and whether that is as it should be."""

from __future__ import annotations

import enum
import functools
from dataclasses import dataclass

from hgport.model.patch import Patch
from hgport.model.release import Release
from hgport.proof.interpreters import Interpreter
from hgport.proof.upstreamfailures import Difference, difference
from hgport.proof.upstreamreport import FAILED, PASSED, SKIPPED, UNTOLD, Seen


class Change(enum.Enum):
    """What the series does to a test."""

    NEWLY_FAILING = "newly failing"
    NEWLY_SKIPPED = "newly skipped"
    FAILS_OTHERWISE = "fails otherwise"
    UNTOLD = "untold"
    NEWLY_PASSING = "newly passing"
    PASSES = "unchanged (passes)"
    FAILS = "unchanged (fails)"
    SKIPPED = "unchanged (skipped)"


_CHANGES = {
    (PASSED, PASSED): Change.PASSES,
    (SKIPPED, SKIPPED): Change.SKIPPED,
    (FAILED, PASSED): Change.NEWLY_PASSING,
    (SKIPPED, PASSED): Change.NEWLY_PASSING,
    (PASSED, SKIPPED): Change.NEWLY_SKIPPED,
    (FAILED, SKIPPED): Change.NEWLY_SKIPPED,
    (PASSED, FAILED): Change.NEWLY_FAILING,
    (SKIPPED, FAILED): Change.NEWLY_FAILING,
}
# what a series must not do to a test
HARM = (Change.NEWLY_FAILING, Change.NEWLY_SKIPPED, Change.FAILS_OTHERWISE, Change.UNTOLD)


@dataclass(frozen=True)
class Compared:
    """A test before and after the series.  ``own`` is "added" or "changed" for one that the
    patches bring, else ""."""

    name: str
    before: Seen
    after: Seen
    own: str = ""

    @functools.cached_property
    def change(self) -> Change:
        """What the series does to it.

        A test that fails before and after fails otherwise only if that is sure, as it was so in
        two runs of each; else it counts as unchanged, and ``difference`` tells.
        """
        outcomes = self.before.outcome, self.after.outcome
        if UNTOLD in outcomes:
            return Change.UNTOLD
        if outcomes == (FAILED, FAILED):
            surely = self.difference is not None and self.difference.sure
            return Change.FAILS_OTHERWISE if surely else Change.FAILS
        return _CHANGES[outcomes]

    @functools.cached_property
    def difference(self) -> Difference | None:
        """What it says after the series and not before it, if it fails both times."""
        if (self.before.outcome, self.after.outcome) != (FAILED, FAILED):
            return None
        return difference(self.before, self.after)

    @property
    def right(self) -> bool:
        """Whether that is as it should be: no harm done, and a test of the patches' own fails
        before and passes after."""
        if self.own:
            return (self.before.outcome, self.after.outcome) == (FAILED, PASSED)
        return self.change not in HARM

    @property
    def unsteady(self) -> bool:
        """Whether it came out otherwise when it was run once more, alone."""
        return bool(self.before.at_first or self.after.at_first)


@dataclass(frozen=True)
class Step:
    """A patch and the tests that it brings, as of this patch: on the trees without and with it,
    by the tests' names; () where it brings none."""

    patch: str
    tests: tuple[Compared, ...]

    @property
    def right(self) -> bool:
        """Whether each test fails without the patch and passes with it."""
        return all(test.right for test in self.tests)


@dataclass(frozen=True)
class Subject:
    """What is tested: the first patches of a release's series, and which test files are run."""

    release: Release
    interpreter: Interpreter
    patches: tuple[Patch, ...]
    tests: tuple[str, ...]


@dataclass(frozen=True)
class Tested:
    """What came of a subject: its tests in order of their names, and a step for each patch.

    ``problem`` says why they tell nothing of the patches, or why there are none though there are
    patches.  ``known`` says that all of it had been run before.
    """

    subject: Subject
    tests: tuple[Compared, ...] = ()
    steps: tuple[Step, ...] = ()
    problem: str = ""
    known: bool = False

    @property
    def right(self) -> bool:
        """Whether all is as it should be."""
        if self.problem:
            return False
        return all(test.right for test in self.tests) and all(step.right for step in self.steps)


class Told:
    """Told of each subject when it is begun and when it is done.  This one keeps it to itself."""

    def begun(self, subject: Subject) -> None:
        """Its tests are about to run."""

    def done(self, tested: Tested) -> None:
        """They have, or are known."""
