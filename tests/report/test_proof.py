"""What a proof prints, on verdicts written by hand."""

from __future__ import annotations

import dataclasses
from collections import Counter
from pathlib import Path

from helpers_face import (
    CATALOGUE,
    HELD,
    MENDED,
    SEEN,
    STACK,
    made,
    proven,
    row,
    verdicts,
)
from hgport.model import project
from hgport.model.ranges import select
from hgport.places import project_dir
from hgport.proof import plan
from hgport.proof.courses import Course
from hgport.proof.expectations import HANG, REFUSED, STORED, UNSAFE, Expectation
from hgport.proof.interpreters import Interpreter
from hgport.proof.plan import Gap
from hgport.proof.prover import Verdict
from hgport.report import proof

WIDE = 200


def test_all_as_stated() -> None:
    whole = made()
    later = whole.cells[-1].subject
    last = f"{later.release.version}    {later.interpreter.version:6}"
    assert proof.table(proven(verdicts(whole), whole.gaps), WIDE) == [
        "release  Python  unpatched         +1                   +2        +3",
        "5.2.2    3.8     6 hang, 2 stored  6 refused, 2 stored  8 stored  8 stored",
        f"{last}  8 stored          8 stored             8 stored  upstream",
        "5.2.2    2.7     not proven",
    ]
    assert proof.wrong(verdicts(whole)) == []
    assert proof.summary(proven(verdicts(whole))) == (
        "56 cells: 56 as stated; bug shown on 1 of 1 unpatched; gone on 1 of 1 patched"
    )


def test_a_release_that_upstream_has_mended_shows_no_bug() -> None:
    whole = made("5.4")
    assert proof.summary(proven(verdicts(whole))) == "24 cells: 24 as stated"
    assert proof.summary(proven(verdicts(whole, 5))) == "24 cells: 23 as stated, 1 not"


def test_a_gap_is_said_in_the_table_and_the_summary() -> None:
    whole = made()
    (line,) = proof.missing(whole.gaps)
    assert line.startswith(
        "5.2 not proven on Python 2.7: none found; get it with: pyenv install 2.7"
    )
    assert proof.summary(proven(verdicts(whole), whole.gaps)).endswith(
        "; 5.2 not proven (no Python 2.7)"
    )
    several = Gap(("3.8", "3.9"), (CATALOGUE.release("5.4"), CATALOGUE.release("6.1")))
    (line,) = proof.missing([several])
    assert line.startswith("5.4–6.1 not proven on Python 3.8 or 3.9: none found; ")
    (line,) = proof.missing([Gap((), several.releases)])
    assert line.startswith("5.4–6.1 not proven: the catalogue names no Python that runs it")
    assert proof.summary(proven([], [Gap((), several.releases)])).endswith(
        "5.4–6.1 not proven (no Python named)"
    )


def test_what_was_left_out_is_said() -> None:
    without = [Gap(("2.7",), (CATALOGUE.release("4.9.1"), CATALOGUE.release("5.2")))]
    assert list(proof.left_out(proven([], left_out=without))) == [
        "4.9–5.2 left out on Python 2.7, as --python asks"
    ]
    assert proof.summary(proven([], left_out=without)) == (
        "0 cells: 0 as stated; 4.9–5.2 left out on Python 2.7"
    )
    told = proof.to_plain(proven([], left_out=without))
    assert told["left_out"] == [{"pythons": ["2.7"], "releases": ["4.9.1", "5.2"]}]


def test_the_catalogue_tells_nothing_of_another_series() -> None:
    whole = made("5.4")
    stack = dataclasses.replace(STACK, base=None)
    assert proof.table(proven(verdicts(whole)), WIDE)[1].endswith("  upstream")
    assert proof.table(proven(verdicts(whole), stack=stack), WIDE)[1].endswith("  -")


def test_nothing_could_be_proven() -> None:
    gap = Gap(("2.7",), (CATALOGUE.release("4.9.1"),))
    assert (
        proof.summary(proven([], [gap])) == "0 cells: 0 as stated; 4.9 not proven (no Python 2.7)"
    )
    assert proof.table(proven([], [gap]), WIDE)[1] == "4.9.1    2.7     not proven"


def test_what_is_wrong_stands_out() -> None:
    whole = made("5.2")
    # the idle close and the reset over http, unpatched; the last cell of all
    found = verdicts(whole, 2, 4, 31)
    row = proof.table(proven(found), WIDE)[1]
    assert "2 of 8 WRONG" in row and "1 of 8 WRONG" in row
    first, second = proof.wrong(found)
    assert first == (
        "NOT AS STATED: 5.2.2, Python 3.8, unpatched: push, http, idle close; "
        "push, http, reset: hang stated, but exit code 0, 0 of 8 blobs stored: "
        "it hung"
    )
    assert "up to lfs-upload-through-httpsendfile: push, https, 401" in second
    assert proof.summary(proven(found)) == (
        "32 cells: 29 as stated, 3 not; bug shown on 0 of 1 unpatched; gone on 0 of 1 patched"
    )


def test_what_came_out_otherwise_alone_is_said() -> None:
    cell = made("5.2").cells[0]
    fine = Verdict(cell, HELD, (), at_first=("it hung", "it took long"))
    assert list(proof.unsteady([fine, Verdict(cell, HELD, ("it hung",))])) == [
        "RUN TWICE: 5.2.2, Python 3.8, unpatched: push, http, no fault: "
        "at first: it hung; it took long; alone: as stated"
    ]


def test_a_part_of_the_series_claims_nothing_for_the_whole() -> None:
    whole = made("5.2")
    part = [verdict for verdict in verdicts(whole) if not verdict.cell.subject.whole]
    assert "gone" not in proof.summary(proven(part))
    assert proof.table(proven(part), WIDE)[1].endswith("  -")


def test_plain_data() -> None:
    whole = made()
    told = proof.to_plain(proven(verdicts(whole, 1), whole.gaps))
    assert told["patches"] == list(STACK.names)
    assert len(told["cells"]) == 56
    assert told["cells"][1] == {
        "release": "5.2.2",
        "python": "3.8.1; OpenSSL 3",
        "python_version": "3.8",
        "python_path": "/python3.8",
        "patches": [],
        "scenario": "push, https, no fault",
        "server": "embedded",
        "expected": "stored",
        "observed": SEEN,
        "as_stated": False,
        "problems": ["it hung"],
        "at_first": [],
        "cached": False,
        "seconds": 0.5,
        "reason": "",
        "kept": None,
        "again": None,
        "evidence": dataclasses.asdict(HELD),
    }
    assert told["gaps"][0]["releases"] == ["5.2.2"] and told["gaps"][0]["pythons"] == ["2.7"]


def test_the_heading_names_the_series() -> None:
    lines = proof.heading(STACK)
    assert lines[0] == f"series {STACK.top.path}, base 5.2"
    assert lines[1] == "  +1 keepalive-refuse-a-request-body-of-the-wrong-length"


def test_stacks_on_each_other_are_named_and_numbered_through() -> None:
    both, _catalogue = project.load(None, ["followups"])
    lines = proof.heading(both)
    assert lines[3].startswith("  +3 lfs-upload") and lines[4].endswith(
        "followups/series, base 5.2"
    )
    assert lines[5] == "  +4 lfs-close-inherited-connections-in-the-workers"
    told = proof.to_plain(proof.Proven(both, CATALOGUE, ()))
    assert [one["series"] for one in told["stacks"]] == [str(STACK.top.path), str(both.top.path)]


def test_what_no_scenario_makes_sense_on_is_said() -> None:
    without = [CATALOGUE.release("4.9.1"), CATALOGUE.release("5.0.2")]
    told = proven([], without_rows=without)
    assert list(proof.left_out(told)) == ["4.9–5.0 left out: no chosen scenario makes sense there"]
    assert proof.summary(told) == "0 cells: 0 as stated; 4.9–5.0 left out"
    assert proof.to_plain(told)["without_scenarios"] == ["4.9.1", "5.0.2"]


def test_counts_name_the_worst_first() -> None:
    other = Expectation("fails with 413", exit_code=255)
    longer = dataclasses.replace(REFUSED, message="longer")
    stated = Counter({STORED: 31, other: 3, UNSAFE: 4, REFUSED: 7, longer: 2, HANG: 58})
    assert proof.counted(stated) == "58 hang, 4 unsafe, 3 fails with 413, 9 refused, 31 stored"


def test_a_bug_that_no_patch_mends_is_not_said_to_be_gone() -> None:
    rows = (row("cut", course=MENDED), row("workers", course=Course(HANG)))
    whole = made("5.2", rows)
    assert proof.summary(proven(verdicts(whole))).endswith(
        "bug shown on 1 of 1 unpatched; gone on 1 of 1 patched; "
        "1 scenario stated as not mended (--list says why)"
    )
    only = made("5.2", rows[1:])
    assert proof.summary(proven(verdicts(only))).endswith(
        "; bug shown on 1 of 1 unpatched; 1 scenario stated as not mended (--list says why)"
    )


def test_the_readme_has_what_the_whole_table_prints() -> None:
    wanted = select(CATALOGUE, "affected")
    found = {
        v: Interpreter(v, Path(f"/python{v}"), f"{v}.1; OpenSSL 3")
        for release in wanted
        for v in release.pythons
    }
    whole = plan.make(STACK, CATALOGUE, plan.demands(CATALOGUE, wanted, ()), found)
    told = proven(verdicts(whole))
    readme = (project_dir() / "README.md").read_text()
    text = " ".join(readme.split())
    first, *_others, last = proof.table(told, 100)[-13:]
    assert {first.split()[0], last.split()[0]} == {"4.5.3", "5.3.2"}
    for line in (*proof.table(told, 100)[:2], first, last, proof.summary(told)):
        assert " ".join(line.split()) in text
    # what the three patches leave is what the follow-ups are for
    assert proof.summary(told).endswith("; 8 scenarios stated as not mended (--list says why)")


def test_junit_has_a_case_for_each_cell_and_each_gap() -> None:
    whole = made()
    cases = proof.cases(proven(verdicts(whole, 1), whole.gaps))
    assert len(cases) == len(whole.cells) + 1
    fine, wrong, *_others, last_cell, gap = cases
    assert (fine.classname, fine.name) == ("5.2.2.python3.8.unpatched", "push, http, no fault")
    assert (fine.seconds, fine.failure, fine.skipped) == (0.5, None, None)
    assert wrong.failure == f"stored stated, but {SEEN}: it hung\n{HELD.output}"
    assert last_cell.classname.endswith("keepalive-rewind-a-request-body-before-sending-it")
    assert (gap.classname, gap.name) == ("5.2.2.python2.7", "every scenario")
    assert str(gap.skipped).startswith("5.2 not proven on Python 2.7: none found; get it")
    assert len({(case.classname, case.name) for case in cases}) == len(cases)


def test_the_whole_text() -> None:
    whole = made()
    found = proven(verdicts(whole, 2), whole.gaps)
    text = proof.text(found, wide=WIDE)
    assert text[:4] == proof.table(found, WIDE)
    assert [line.split(":")[0] for line in text[4:]] == [
        "NOT AS STATED",
        "5.2 not proven on Python 2.7",
        "56 cells",
    ]
    other = proof.text(found, wide=WIDE, by_scenario=True)
    assert other[0].startswith("scenario") and other[-3:] == text[-3:]


def test_a_table_for_a_narrow_terminal() -> None:
    whole = made("5.2,5.4")
    found = proven(verdicts(whole, 9), whole.gaps)
    words = proof.table(found, WIDE)
    assert proof.table(found, max(map(len, words))) == words
    narrow = proof.table(found, max(map(len, words)) - 1)
    assert narrow[0] == "counted: hang / refused / stored"
    assert [line.split() for line in narrow[1:]] == [
        ["release", "Python", "unpatched", "+1", "+2", "+3"],
        ["5.2.2", "3.8", "6/0/2", "1", "of", "8", "WRONG", "0/0/8", "0/0/8"],
        ["5.4.2", "3.8", "0/0/8", "0/0/8", "0/0/8", "upstream"],
        ["5.2.2", "2.7", "not", "proven"],
    ]


def test_only_some_states() -> None:
    # as of --failed, which leaves out what came out right
    patched = [v for v in verdicts(made("5.2"), 9) if v.cell.subject.patches][:8]
    row = proof.table(proven(patched), WIDE)[1]
    assert row.split() == ["5.2.2", "3.8", "-", "1", "of", "8", "WRONG", "-", "-"]


def test_where_a_failed_cell_was_left() -> None:
    one = verdicts(made("5.2"), 0)[0]
    place = Path("/kept/5.2.2 here")
    found = proven([dataclasses.replace(one, kept=place)])
    (line,) = [line for line in proof.text(found, wide=WIDE) if line.startswith("KEPT")]
    assert line == (
        "KEPT: 5.2.2, Python 3.8, unpatched: push, http, no fault: "
        "/kept/5.2.2 here; again: '/kept/5.2.2 here/again'"
    )
    (cell,) = proof.to_plain(found)["cells"]
    assert (cell["kept"], cell["again"]) == (str(place), f"{place}/again")


def test_a_server_that_is_not_there_is_a_gap() -> None:
    found = proven([], servers={"giftless": "giftless: get it so"})
    assert "not proven on the server giftless: giftless: get it so" in proof.text(found, wide=WIDE)
    assert proof.summary(found) == "0 cells: 0 as stated; no giftless, so nothing on it"
    assert proof.to_plain(found)["missing_servers"] == {"giftless": "giftless: get it so"}
    (case,) = proof.cases(found)
    assert (case.classname, case.skipped) == ("giftless", "giftless: get it so")


def test_a_series_that_is_incomplete_is_said() -> None:
    lacks = {CATALOGUE.release(one): STACK.names[1:] for one in ("5.3.2", "5.4")}
    found = proven(verdicts(made("5.2")), incomplete=lacks)
    (line,) = [line for line in proof.text(found, wide=WIDE) if line.startswith("INCOMPLETE")]
    assert line == (
        "INCOMPLETE: the series that serves 5.3–5.4 lacks "
        "keepalive-rewind-a-request-body-before-sending-it and lfs-upload-through-httpsendfile, "
        "which upstream has not taken"
    )
    assert "; series incomplete for 5.3–5.4" in proof.summary(found)
    assert proof.to_plain(found)["incomplete"] == {
        "5.3.2": list(STACK.names[1:]),
        "5.4": list(STACK.names[1:]),
    }
    failed = [case for case in proof.cases(found) if case.failure is not None]
    assert [case.classname for case in failed] == ["5.3.2", "5.4"]


def test_where_nothing_has_failed_it_is_said_what_is_not_known() -> None:
    gap = Gap(("2.7",), (CATALOGUE.release("4.9.1"),))
    assert proof.nothing_failed(proven([])) == ["nothing of it failed when it was run last"]
    missing, last = proof.nothing_failed(proven([], [gap], never_run=1))
    assert missing.startswith("4.9 not proven on Python 2.7")
    assert last == (
        "nothing of it failed when it was run last; "
        "1 cell never run, so not known (run without --failed)"
    )
    assert proof.summary(proven([], never_run=2)).endswith(
        "; 2 cells never run, so not known " "(run without --failed)"
    )
    assert proof.to_plain(proven([], never_run=2))["never_run"] == 2
