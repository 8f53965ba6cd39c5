"""The report of upstream's tests, on results written by hand."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from helpers_engine import file_diff, patch_bytes, write_stack
from hgport.model import project
from hgport.proof import upstreamverdict
from hgport.proof.interpreters import Interpreter
from hgport.proof.plan import Gap
from hgport.proof.upstreamreport import FAILED, PASSED, SKIPPED, UNTOLD, Seen
from hgport.proof.upstreamverdict import Compared, Step, Subject
from hgport.report.upstream import Lines, Outcome, cases, line, summary, table, text, to_plain

STACK, CATALOGUE = project.load()
PYTHON = Interpreter("2.7", Path("python2.7"), "2.7.18; OpenSSL")
LONG = "\n".join(f"-line {number}" for number in range(20))


def seen(outcome: str, text: str = "", at_first: str = "") -> Seen:
    return Seen(outcome, 1.5, text, at_first)


def result(
    *tests: Compared, steps: tuple[Step, ...] = (), problem: str = "", version: str = "5.2.2"
) -> upstreamverdict.Tested:
    names = tuple(dict.fromkeys(test.name for test in tests))
    patches = STACK.top.patches
    subject = Subject(CATALOGUE.release(version), PYTHON, patches, names)
    return upstreamverdict.Tested(subject, tests, steps, problem)


OWN = Compared("test-own.py", seen(FAILED, "no such thing"), seen(PASSED), "added")
FINE = Compared("test-fine.t", seen(PASSED), seen(PASSED))
NEVER = Compared("test-https.t", seen(FAILED, "ssl"), seen(FAILED, "ssl"))
LACKS = Compared("test-lacks.t#x", seen(SKIPPED, "missing zstd"), seen(SKIPPED, "missing zstd"))
HARM = Compared("test-harm.t", seen(PASSED), seen(FAILED, LONG))
LOST = Compared("test-lost.t", seen(PASSED), seen(SKIPPED, "missing lost"))
SHAKY = Compared("test-shaky.t", seen(PASSED), seen(PASSED, "", "failed: timed out\nmore"))
STEPS = (
    Step(STACK.names[0], (OWN,)),
    Step(STACK.names[1], ()),
    Step(STACK.names[2], (Compared("test-own.py", seen(PASSED), seen(PASSED), "changed"),)),
)
GOOD = result(FINE, LACKS, NEVER, OWN, steps=STEPS[:1])
BAD = result(FINE, HARM, LOST, OWN, SHAKY, steps=STEPS, version="5.3.2")


def test_all_is_well() -> None:
    outcome = Outcome(STACK, [GOOD])
    assert GOOD.right
    assert text(outcome) == [
        "release  Python  passed/failed/skipped before  after  newly failing  own tests  "
        "newly passing",
        "5.2.2    2.7     1/2/1                         2/1/1  0              +1 ok      "
        "test-own.py",
        "fails with and without the series: test-https.t (5.2.2)",
        "skipped: test-lacks.t#x, missing zstd (5.2.2)",
        "1 release, 4 tests; 0 newly failing; own tests fail without and pass with their patch:"
        " 1 of 1",
    ]


def test_what_is_wrong_is_shown_with_its_beginning() -> None:
    outcome = Outcome(STACK, [GOOD, BAD])
    shown = text(outcome)
    assert not BAD.right
    row = shown[2].split("  ")
    assert row[0] == "5.3.2" and [word.strip() for word in row if word][-5:] == [
        "4/1/0",
        "3/1/1",
        "2",
        "+1 ok, +2 none, +3 WRONG",
        "test-own.py",
    ]
    where = "5.3.2, Python 2.7"
    start = shown.index(f"NEWLY FAILING: {where}: test-harm.t: passed before, failed after")
    assert shown[start + 1] == "    -line 0" and shown[start + 12] == "    -line 11"
    assert shown[start + 13] == "    ... 8 more lines"
    assert f"NEWLY SKIPPED: {where}: test-lost.t: passed before, skipped after" in shown
    assert (
        f"OWN TEST: {where}, lfs-upload-through-httpsendfile: test-own.py: passed before, "
        "passed after; it must fail before and pass after"
    ) in shown
    twice = f"RUN TWICE: {where}: test-shaky.t: after: at first failed: timed out; alone: passed"
    assert shown.count(twice) == 1
    assert "; 2 newly failing; " in shown[-1] and shown[-1].endswith(" 2 of 3")


def test_what_says_nothing_is_said_once() -> None:
    other = result(NEVER, FINE, version="5.1.2")
    assert "fails with and without the series: test-https.t (5.2.2, 5.1.2)" in text(
        Outcome(STACK, [GOOD, other])
    )


def test_what_fails_otherwise_is_shown_with_both_lines() -> None:
    before = Seen(FAILED, 1.0, "-a\n+b", again="-a\n+b")
    after = Seen(FAILED, 1.0, "-a\n+c", again="-a\n+c")
    sure = Compared("test-other.t", before, after)
    untold = Compared("test-untold.t", seen(PASSED), seen(UNTOLD, "nothing is said"))
    outcome = Outcome(STACK, [result(FINE, sure, untold)])
    shown = text(outcome)
    assert "  0, 1 otherwise, 1 untold  " in shown[1]
    start = shown.index(
        "FAILS OTHERWISE: 5.2.2, Python 2.7: test-other.t: each time it was run, with lines that "
        "it did not have before"
    )
    assert shown[start + 1 : start + 3] == ["    before: +b", "    after:  +c"]
    start = shown.index("UNTOLD: 5.2.2, Python 2.7: test-untold.t: passed before, untold after")
    assert shown[start + 1] == "    nothing is said"
    assert "; 0 newly failing; 1 failing otherwise; 1 untold; " in shown[-1]
    assert "0 newly failing; 1 failing otherwise" in line(outcome.tested[0])
    (told,) = to_plain(outcome)["releases"]
    assert told["tests"][1]["difference"] == {"before": "+b", "after": "+c", "sure": True}
    by_name = {one.name: one for one in cases(outcome)}
    assert str(by_name["test-other.t"].failure).splitlines()[1] == "+c"


def test_what_may_fail_otherwise_is_a_note() -> None:
    test = Compared("test-other.t", seen(FAILED, "+b"), seen(FAILED, "+c"))
    outcome = Outcome(STACK, [result(FINE, test)])
    assert outcome.tested[0].right
    shown = text(outcome)
    assert "fails with and without the series, differently: test-other.t (5.2.2)" in shown
    assert shown[-1].endswith("; 1 failing with and without, differently")


def test_what_did_not_run_is_no_pass() -> None:
    none = result(problem="no test ran: missing feature: x")
    lacking = Gap(("2.7",), (CATALOGUE.release("4.9.1"), CATALOGUE.release("4.8.2")))
    outcome = Outcome(STACK, [none], [lacking], [CATALOGUE.release("4.7.2")])
    assert not none.right
    assert table(outcome)[1:] == [
        "5.2.2    2.7     NOT RUN",
        "4.9.1    2.7     not run",
        "4.8.2    2.7     not run",
    ]
    shown = text(outcome)
    assert "NOT RUN: 5.2.2, Python 2.7: no test ran: missing feature: x" in shown
    assert "4.7.2 left out, as --python asks" in shown
    assert any("none found; get it with" in one for one in shown)
    assert summary(outcome).endswith(
        "1 release could not be run; 2 releases without an interpreter"
    )


def test_where_no_test_passed_its_tests_are_shown_all_the_same() -> None:
    own = Compared("test-own.py", seen(FAILED, "x"), seen(FAILED, "no such thing"), "added")
    none = result(NEVER, own, problem="no test passed, before or after")
    shown = text(Outcome(STACK, [none]))
    assert shown[1].split()[:5] == ["5.2.2", "2.7", "0/2/0", "0/2/0", "0"]
    assert "PROVES NOTHING: 5.2.2, Python 2.7: no test passed, before or after" in shown
    assert "    no such thing" in shown
    assert shown[-1].endswith("; 1 release in which no test passed")


def test_a_series_without_patches() -> None:
    assert table(Outcome(STACK, [result()]))[1] == "5.2.2    2.7     no patch"
    assert line(result()).endswith("no patch in its series")


def test_progress(capsys: pytest.CaptureFixture[str]) -> None:
    told = Lines()
    told.begun(GOOD.subject)
    told.done(GOOD)
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.splitlines() == [
        "5.2.2, Python 2.7: 4 test files, before and after ...",
        "5.2.2, Python 2.7: before 1 passed, 2 failed, 1 skipped; "
        "after 2 passed, 1 failed, 1 skipped; 0 newly failing",
    ]


def test_as_plain_data() -> None:
    told = json.loads(json.dumps(to_plain(Outcome(STACK, [GOOD, BAD]))))
    first, second = told["releases"]
    assert (first["right"], second["right"]) == (True, False)
    assert [test["change"] for test in first["tests"]] == [
        "unchanged (passes)",
        "unchanged (skipped)",
        "unchanged (fails)",
        "newly passing",
    ]
    assert second["tests"][1]["after"] == {
        "outcome": "failed",
        "seconds": 1.5,
        "text": LONG,
        "at_first": "",
        "again": None,
    }
    assert [step["right"] for step in second["steps"]] == [True, True, False]


def test_as_cases() -> None:
    lacking = Gap(("2.7",), (CATALOGUE.release("4.9.1"),))
    found = cases(Outcome(STACK, [GOOD, BAD, result(problem="crashed")], [lacking]))
    by_name = {(one.classname, one.name): one for one in found}
    place = "5.2.2, Python 2.7"
    assert len(found) == len(GOOD.tests) + 1 + len(BAD.tests) + 2 + 2
    assert by_name[place, "test-https.t"].skipped == "fails before the series as well"
    assert by_name[place, "test-lacks.t#x"].skipped == "missing zstd"
    assert by_name[place, "test-own.py"].failure is None
    assert by_name[place, "run-tests.py"].failure == "crashed"
    assert by_name["4.9.1", "run-tests.py"].skipped == "no Python 2.7"
    harm = by_name["5.3.2, Python 2.7", "test-harm.t"]
    assert str(harm.failure).startswith("newly failing: passed before, failed after\n-line 0\n")
    assert harm.seconds == 3.0


def test_stacks_on_each_other(tmp_path: Path) -> None:
    series = write_stack(tmp_path, {"own": patch_bytes(file_diff("new", None, b"x\n"))}, {})
    stack = project.load(over=[str(series)])[0]
    tested = result(FINE, OWN, steps=(Step("own", (OWN,)),))
    assert "+4 ok" in table(Outcome(stack, [tested]))[1]
    told = to_plain(Outcome(stack, [tested]))
    assert [one["series"] for one in told["stacks"]][1:] == [str(series)]
    assert told["patches"] == [*STACK.names, "own"]
