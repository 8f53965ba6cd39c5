"""What a proof prints, on verdicts written by hand."""

from __future__ import annotations

import dataclasses
import io
import sys
from pathlib import Path

import pytest

from helpers_proof import blob, evidence, put
from hgport.model import project
from hgport.model.ranges import select
from hgport.proof import plan
from hgport.proof.interpreters import Interpreter
from hgport.proof.plan import Gap, Plan
from hgport.proof.prover import Verdict
from hgport.report import proof
from hgport.report.progress import progress

STACK, CATALOGUE = project.load()
HELD = evidence(put(blob(1)[0]))


def made(text: str = "5.2,5.4") -> Plan:
    wanted = select(CATALOGUE, text)
    names = {v for release in wanted for v in release.pythons} - {"2.7"}
    found = {v: Interpreter(v, Path(f"/python{v}"), f"{v}.1; OpenSSL 3") for v in names}
    return plan.make(STACK, CATALOGUE, plan.demands(CATALOGUE, wanted, ()), found)


def verdicts(of: Plan, *wrong: int) -> list[Verdict]:
    """Verdicts on every cell: right, but for those that are counted off."""
    return [
        Verdict(cell, HELD, ("it hung",) if number in wrong else (), cached=number == 0)
        for number, cell in enumerate(of.cells)
    ]


def test_all_as_stated() -> None:
    whole = made()
    later = whole.cells[-1].subject
    last = f"{later.release.version}    {later.interpreter.version:6}"
    assert proof.table(STACK, CATALOGUE, verdicts(whole), whole.gaps) == [
        "release  Python  unpatched         +1                   +2        +3",
        "5.2.2    3.8     6 hang, 2 stored  6 refused, 2 stored  8 stored  8 stored",
        f"{last}  8 stored          8 stored             8 stored  upstream",
        "5.2.2    2.7     not proven",
    ]
    assert proof.wrong(verdicts(whole)) == []
    assert proof.summary(verdicts(whole), ()) == (
        "56 cells: 56 as stated; bug shown on 1 of 1 unpatched; gone on 1 of 1 patched"
    )


def test_a_release_that_upstream_has_mended_shows_no_bug() -> None:
    whole = made("5.4")
    assert proof.summary(verdicts(whole), ()) == "24 cells: 24 as stated"
    assert proof.summary(verdicts(whole, 5), ()) == "24 cells: 23 as stated, 1 not"


def test_a_gap_is_said_in_the_table_and_the_summary() -> None:
    whole = made()
    (line,) = proof.missing(whole.gaps)
    assert line.startswith(
        "5.2 not proven on Python 2.7: none found; get it with: pyenv install 2.7"
    )
    assert proof.summary(verdicts(whole), whole.gaps).endswith("; 5.2 not proven (no Python 2.7)")
    several = Gap(("3.8", "3.9"), (CATALOGUE.release("5.4"), CATALOGUE.release("6.1")))
    (line,) = proof.missing([several])
    assert line.startswith("5.4–6.1 not proven on Python 3.8 or 3.9: none found; ")
    (line,) = proof.missing([Gap((), several.releases)])
    assert line.startswith("5.4–6.1 not proven: the catalogue names no Python that runs it")
    assert proof.summary([], [Gap((), several.releases)]).endswith(
        "5.4–6.1 not proven (no Python named)"
    )


def test_what_was_left_out_is_said() -> None:
    without = [Gap(("2.7",), (CATALOGUE.release("4.9.1"), CATALOGUE.release("5.2")))]
    assert list(proof.left_out(without)) == ["4.9–5.2 left out on Python 2.7, as --python asks"]
    assert proof.summary([], (), without) == (
        "0 cells: 0 as stated; 4.9–5.2 left out on Python 2.7"
    )
    told = proof.to_plain(STACK, [], (), without)
    assert told["left_out"] == [{"pythons": ["2.7"], "releases": ["4.9.1", "5.2"]}]


def test_the_catalogue_tells_nothing_of_another_series() -> None:
    whole = made("5.4")
    stack = dataclasses.replace(STACK, base=None)
    assert proof.table(STACK, CATALOGUE, verdicts(whole), ())[1].endswith("  upstream")
    assert proof.table(stack, CATALOGUE, verdicts(whole), ())[1].endswith("  -")


def test_nothing_could_be_proven() -> None:
    gap = Gap(("2.7",), (CATALOGUE.release("4.9.1"),))
    assert proof.summary([], [gap]) == "0 cells: 0 as stated; 4.9 not proven (no Python 2.7)"
    assert proof.table(STACK, CATALOGUE, [], [gap])[1] == "4.9.1    2.7     not proven"


def test_what_is_wrong_stands_out() -> None:
    whole = made("5.2")
    # the idle close and the reset over http, unpatched; the last cell of all
    found = verdicts(whole, 2, 4, 31)
    row = proof.table(STACK, CATALOGUE, found, ())[1]
    assert "2 of 8 WRONG" in row and "1 of 8 WRONG" in row
    first, second = proof.wrong(found)
    assert first == (
        "NOT AS STATED: 5.2.2, Python 3.8, unpatched: lfs push, http, idle close; "
        "lfs push, http, reset after 64 KiB: hang stated, but exit code 0, 0 of 8 blobs stored: "
        "it hung"
    )
    assert "up to lfs-upload-through-httpsendfile: lfs push, https, 401" in second
    assert proof.summary(found, ()) == (
        "32 cells: 29 as stated, 3 not; bug shown on 0 of 1 unpatched; gone on 0 of 1 patched"
    )


def test_what_came_out_otherwise_alone_is_said() -> None:
    cell = made("5.2").cells[0]
    fine = Verdict(cell, HELD, (), at_first=("it hung", "it took long"))
    assert list(proof.unsteady([fine, Verdict(cell, HELD, ("it hung",))])) == [
        "RUN TWICE: 5.2.2, Python 3.8, unpatched: lfs push, http, no fault: "
        "at first: it hung; it took long; alone: as stated"
    ]


def test_a_part_of_the_series_claims_nothing_for_the_whole() -> None:
    whole = made("5.2")
    part = [verdict for verdict in verdicts(whole) if not verdict.cell.subject.whole]
    assert "gone" not in proof.summary(part, ())
    assert proof.table(STACK, CATALOGUE, part, ())[1].endswith("  -")


def test_plain_data() -> None:
    whole = made()
    told = proof.to_plain(STACK, verdicts(whole, 1), whole.gaps)
    assert told["patches"] == list(STACK.names)
    assert len(told["cells"]) == 56
    assert told["cells"][1] == {
        "release": "5.2.2",
        "python": "3.8.1; OpenSSL 3",
        "patches": [],
        "scenario": "lfs push, https, no fault",
        "expected": "stored",
        "observed": "exit code 0, 0 of 8 blobs stored",
        "as_stated": False,
        "problems": ["it hung"],
        "at_first": [],
        "cached": False,
        "evidence": dataclasses.asdict(HELD),
    }
    assert told["gaps"][0]["releases"] == ["5.2.2"] and told["gaps"][0]["pythons"] == ["2.7"]


def test_the_heading_names_the_series() -> None:
    lines = proof.heading(STACK)
    assert lines[0] == f"series {STACK.top.path}, base 5.2"
    assert lines[1] == "  +1 keepalive-refuse-a-request-body-of-the-wrong-length"


@pytest.mark.parametrize("quiet", [False, True])
def test_progress_in_a_log(quiet: bool, capsys: pytest.CaptureFixture[str]) -> None:
    whole = made("5.2")
    found = verdicts(whole, 3)
    with progress(whole, quiet=quiet) as told:
        for subject, cells in whole.by_subject().items():
            told(subject, [v for v in found if v.cell.subject == subject])
            assert cells
    line = "5.2.2, Python 3.8: 31 of 32 as stated (1 known)\n"
    assert capsys.readouterr().err == ("" if quiet else line)


def test_progress_says_nothing_of_what_was_known(capsys: pytest.CaptureFixture[str]) -> None:
    whole = made("5.2")
    with progress(whole) as told:
        for subject, cells in whole.by_subject().items():
            told(subject, [Verdict(cell, HELD, (), cached=True) for cell in cells])
    assert capsys.readouterr().err == ""


def test_progress_on_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    whole = made("5.2")
    with progress(whole) as told:
        for subject in whole.by_subject():
            told(subject, [v for v in verdicts(whole, 3) if v.cell.subject == subject])
    shown = terminal.getvalue()
    assert "32/32" in shown and "1 not as stated" in shown
