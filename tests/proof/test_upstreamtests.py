"""A series is put to tests of a real release, and whatever it does to them is told."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from concurrent.futures import Executor
from pathlib import Path

from helpers_proof import catalogue, interpreter
from helpers_upstreamtests import (
    ALWAYS,
    BREAKS,
    BY_CHANCE,
    MENDS,
    OTHERWISE,
    VERSION,
    breaks_once,
    spoils,
    write_stack,
)
from hgport.model.patch import Patch
from hgport.model.stack import Stack
from hgport.proof import upstreamtests, upstreamverdict
from hgport.proof.upstreamresults import UpstreamResults
from hgport.proof.upstreamverdict import Change, Subject
from hgport.proof.workers import local
from hgport.proof.world import room
from hgport.upstream.contents import Contents

BROKEN, SHAKY = "test-debugrename.t", "test-debugindexdot.t"
SKIPPED = "test-http-bad-server.t"
OWN = "test-hgport-own.t"


class Told(upstreamverdict.Told):
    """What was told."""

    def __init__(self) -> None:
        self.words: list[str] = []

    def begun(self, subject: Subject) -> None:
        self.words.append(f"begun {subject.release.version}")

    def done(self, tested: upstreamverdict.Tested) -> None:
        self.words.append(f"done {tested.subject.release.version}")


def subject(series: Path, *tests: str) -> Subject:
    release = catalogue().release(VERSION)
    patches = Stack.load(series, None).top.patches
    return Subject(release, interpreter(release, "2.7"), patches, tests)


@contextlib.contextmanager
def comes_of(
    cache: Path, one: Subject, told: Told, **more: bool
) -> Iterator[upstreamverdict.Tested]:
    with contextlib.ExitStack() as open_:
        contents = open_.enter_context(Contents())
        results = open_.enter_context(UpstreamResults(cache))

        def begin() -> tuple[Path, Executor]:
            return open_.enter_context(room()), open_.enter_context(local(4))

        (found,) = upstreamtests.test([one], contents, results, told, begin, jobs=4, **more)
        yield found


def test_whatever_a_series_does_to_tests(tmp_path: Path) -> None:
    marker = tmp_path / "marker"
    series = write_stack(
        tmp_path / "stack", ("own", [MENDS]), ("harm", [BREAKS, breaks_once(marker)])
    )
    one = subject(series, *sorted([BROKEN, SHAKY, SKIPPED, OWN]))
    told = Told()
    with comes_of(tmp_path / "runs", one, told) as found:
        check(found)
    assert found.known is False
    # the first run broke it, and the second one was good
    shaky = {test.name: test for test in found.tests}[SHAKY]
    assert shaky.after.at_first.startswith("failed: ") and "+  not yet" in shaky.after.at_first

    # what is known is not run again, save for what is wrong
    with comes_of(tmp_path / "runs", one, told) as again:
        check(again)
    settled = {test.name: test for test in again.tests if test.name in (SHAKY, OWN)}
    assert settled == {test.name: test for test in found.tests if test.name in settled}
    # nor what was skipped: that was up to the machine
    assert told.words == [f"begun {VERSION}", f"done {VERSION}"] * 2
    with comes_of(tmp_path / "runs", subject(series, SHAKY, OWN), told) as known:
        assert known.known and len(told.words) == 5


def check(found: upstreamverdict.Tested) -> None:
    assert found.problem == "" and not found.right
    tests = {test.name: test for test in found.tests}
    assert {name: test.change for name, test in tests.items()} == {
        BROKEN: Change.NEWLY_FAILING,
        SHAKY: Change.PASSES,
        SKIPPED: Change.SKIPPED,
        OWN: Change.NEWLY_PASSING,
    }
    assert [name for name, test in tests.items() if not test.right] == [BROKEN]
    assert [name for name, test in tests.items() if test.unsteady] == [SHAKY]
    assert {name: test.own for name, test in tests.items() if test.own} == {OWN: "added"}
    assert "+  b was once a" in tests[BROKEN].after.text
    assert "zstd" in tests[SKIPPED].after.text
    assert [(step.patch, len(step.tests), step.right) for step in found.steps] == [
        ("own.patch", 1, True),
        ("harm.patch", 0, True),
    ]


def test_what_fails_before_as_well_is_looked_at(tmp_path: Path) -> None:
    tool = spoils(tmp_path / "chance")
    series = write_stack(tmp_path / "stack", ("tool", []), ("mend", [MENDS]), tool=tool)
    one = subject(series, *sorted([BY_CHANCE, ALWAYS, OTHERWISE, "test-xdg.t"]))
    with comes_of(tmp_path / "runs", one, Told()) as found:
        tests = {test.name: test for test in found.tests}
    assert {name: test.change for name, test in tests.items()} == {
        BY_CHANCE: Change.NEWLY_FAILING,
        ALWAYS: Change.FAILS,
        OTHERWISE: Change.FAILS_OTHERWISE,
        "test-xdg.t": Change.PASSES,
    }
    assert not found.right
    assert tests[BY_CHANCE].before.at_first.startswith("failed: ")
    difference = tests[OTHERWISE].difference
    assert difference is not None
    assert (difference.before, difference.after) == ("+  without it", "+  with it")
    assert tests[ALWAYS].difference is None and tests[ALWAYS].after.again is not None

    # the second time all that is settled is known, and is not run again
    quiet = subject(series, ALWAYS, "test-xdg.t")
    with comes_of(tmp_path / "runs", quiet, Told()) as again:
        assert again.known and again.right
        assert again.tests == tuple(tests[name] for name in quiet.tests)


def test_no_test_that_passes_is_no_pass(tmp_path: Path) -> None:
    tool = spoils(tmp_path / "chance")
    series = write_stack(tmp_path / "stack", ("tool", []), ("mend", [MENDS]), tool=tool)
    with comes_of(tmp_path / "runs", subject(series, ALWAYS, SKIPPED), Told()) as found:
        assert found.problem == "no test passed, before or after" and not found.right
        assert {test.change for test in found.tests} == {Change.SKIPPED, Change.FAILS}


def test_a_test_that_does_not_show_its_patch(tmp_path: Path) -> None:
    series = write_stack(tmp_path / "stack", ("mend", [MENDS]), ("own", []))
    with comes_of(tmp_path / "runs", subject(series, OWN), Told()) as found:
        # it does fail before the series, but not without the patch that brings it
        assert [test.right for test in found.tests] == [True]
        assert [step.right for step in found.steps] == [True, False]
        assert not found.right


def test_nothing_that_ran_is_no_pass(tmp_path: Path) -> None:
    series = write_stack(tmp_path / "stack", ("mend", [MENDS]))
    # the second time it is known
    for _time in range(2):
        with comes_of(tmp_path / "runs", subject(series, SKIPPED), Told()) as found:
            assert found.problem == "no test ran: missing feature: zstd Python module available"
            assert not found.right
    with comes_of(tmp_path / "runs", subject(series, SKIPPED, "test-xdg.t"), Told()) as found:
        assert [test.change for test in found.tests] == [Change.SKIPPED, Change.PASSES]
        assert found.right
    with comes_of(tmp_path / "runs", subject(series), Told()) as found:
        assert found.problem == "none of the tests is in this release" and not found.right


def test_a_patch_that_does_not_apply(tmp_path: Path) -> None:
    diff = b"--- a/mercurial/url.py\n+++ b/mercurial/url.py\n@@ -1,1 +1,1 @@\n-not there\n+new\n"
    one = subject(write_stack(tmp_path / "stack", ("mend", [MENDS])), SHAKY)
    bad = Subject(one.release, one.interpreter, (Patch.parse("odd.patch", diff),), one.tests)
    with comes_of(tmp_path / "runs", bad, Told()) as found:
        assert found.problem == f"odd.patch does not apply to {VERSION}" and not found.right


def test_without_patches_there_is_nothing_to_say(tmp_path: Path) -> None:
    one = subject(write_stack(tmp_path / "stack", ("mend", [MENDS])), SHAKY)
    none = Subject(one.release, one.interpreter, (), one.tests)
    with comes_of(tmp_path / "runs", none, Told()) as found:
        assert found.tests == () and found.right
