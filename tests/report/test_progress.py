"""What is shown of a proof as it goes: on a real terminal, and in a log."""

from __future__ import annotations

import os
import pty
import re
import select
import signal
import sys
import termios
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from rich.console import Console

from helpers_face import CATALOGUE, HELD, made, verdicts
from hgport.proof.plan import Plan
from hgport.proof.prover import Verdict
from hgport.report.livetable import LiveTable
from hgport.report.progress import progress

TESTS = Path(__file__).resolve().parents[1]
HIDE, SHOW = "\x1b[?25l", "\x1b[?25h"
# a proof that takes its time, subject by subject
PROGRAM = """
import sys, time
sys.path.insert(0, {tests!r})
from helpers_face import made, verdicts
from hgport.report.progress import progress
whole = made("5.2,5.3")
found = verdicts(whole, 3)
print("before", flush=True)
try:
    with progress(whole) as told:
        for subject in whole.by_subject():
            told.begun(subject)
            time.sleep({pause})
            told(subject, [v for v in found if v.cell.subject == subject])
    print("after", flush=True)
except KeyboardInterrupt:
    print("interrupted", flush=True)
"""


@pytest.mark.parametrize("quiet", [False, True])
def test_in_a_log_a_line_for_each_release(quiet: bool, capsys: pytest.CaptureFixture[str]) -> None:
    whole = made("5.2")
    found = verdicts(whole, 3)
    with progress(whole, quiet=quiet) as told:
        for subject in whole.by_subject():
            told(subject, [v for v in found if v.cell.subject == subject])
    line = "5.2.2, Python 3.8: 31 of 32 as stated (1 known)\n"
    assert capsys.readouterr().err == ("" if quiet else line)


def test_in_a_log_nothing_of_what_was_known(capsys: pytest.CaptureFixture[str]) -> None:
    whole = made("5.2")
    with progress(whole) as told:
        for subject, cells in whole.by_subject().items():
            told(subject, [Verdict(cell, HELD, (), cached=True) for cell in cells])
    assert capsys.readouterr().err == ""


def test_in_a_log_a_line_for_each_download(capsys: pytest.CaptureFixture[str]) -> None:
    release = CATALOGUE.release("5.2.2")
    with progress(made("5.2")) as told:
        told.fetched(release, release.size // 2, release.size)
        told.fetched(release, release.size, release.size)
    assert re.fullmatch(rf"fetched {release.sdist} \([0-9.]+ MiB\)\n", capsys.readouterr().err)


def drawn(table: LiveTable, height: int, width: int = 80) -> list[str]:
    console = Console(width=width, height=height, force_terminal=False)
    with console.capture() as capture:
        console.print(table)
    return [line.rstrip() for line in capture.get().splitlines()]


def begun(whole: Plan, *wrong: int, subjects: int = 2) -> LiveTable:
    table = LiveTable(whole)
    found = verdicts(whole, *wrong)
    for subject in list(whole.by_subject())[:subjects]:
        table.tell(subject, [v for v in found if v.cell.subject == subject])
    return table


def test_the_table() -> None:
    lines = drawn(begun(made("5.2,5.3,5.4"), 3), 24)
    assert [line.split() for line in lines[:3]] == [
        ["release", "Python", "unpatched", "+1", "+2", "+3"],
        ["5.2.2", "3.8", "8/8,", "1", "WRONG", "8/8", "/8", "/8"],
        ["5.3.2", "3.8", "/8", "/8", "/8", "/8"],
    ]
    assert lines[3].split()[2:] == ["/8", "/8", "/8", "-"]
    table = begun(made("5.2"), 3)
    table.begin(list(made("5.2").by_subject())[2])
    assert drawn(table, 24)[1].split()[-2:] == ["0/8", "/8"]
    assert "16/88 cells, 1 not as stated" in lines[-1]


@pytest.mark.parametrize("height", [3, 6, 8, 12])
def test_a_low_terminal_shows_what_matters(height: int) -> None:
    whole = made("5.2..6.4")
    places = {(s.release.version, s.interpreter.version) for s in whole.by_subject()}
    assert len(places) > 8
    # the third is at work, the first is wrong, the second is done
    table = begun(whole, 1, subjects=9)
    lines = drawn(table, height)
    assert len(lines) < max(height, 4)
    assert f"of {len(places)} done" in lines[-2]
    shown = [line.split()[0] for line in lines[1:-2]]
    assert (
        shown
        == ["5.2.2", "5.4.2", "5.5.2", "5.6.1", "5.7.1", "5.8.1", "5.9.3"][: max(0, height - 5)]
    )


def test_a_narrow_terminal_is_not_left() -> None:
    for width in (20, 40):
        assert all(len(line) <= width for line in drawn(begun(made("5.2,5.4"), 3), 24, width))


def test_a_download_is_shown_until_it_is_there() -> None:
    table = begun(made("5.2"))
    table.fetched("mercurial-5.2.2.tar.gz", 1 << 20, 7 << 20)
    assert drawn(table, 24)[-2] == "fetching mercurial-5.2.2.tar.gz (1.0 MiB of 7.0 MiB)"
    table.fetched("mercurial-5.2.2.tar.gz", 7 << 20, 7 << 20)
    assert not any("fetching" in line for line in drawn(table, 24))


def on_terminal(
    program: str, meanwhile: Callable[[int], None] = lambda child: None
) -> tuple[str, int, list[object], list[object]]:
    """Run a program on a terminal of its own: what it wrote there, its wait status, and the
    terminal's settings before and after."""
    child, terminal = pty.fork()
    if child == 0:
        os.execv(sys.executable, [sys.executable, "-c", program])
    before = termios.tcgetattr(terminal)
    written, until, told = b"", time.monotonic() + 60, False
    while time.monotonic() < until:
        ready, _, _ = select.select([terminal], [], [], 0.1)
        if ready:
            try:
                written += os.read(terminal, 65536)
            except OSError:
                break
        if not told and HIDE.encode() in written and b"cells," in written:
            told = True
            meanwhile(child)
    after = termios.tcgetattr(terminal)
    _, status = os.waitpid(child, 0)
    os.close(terminal)
    return written.decode(), status, before, after


def left(written: str) -> list[str]:
    """What a terminal shows in the end of what was written to it."""
    lines, at = [""], 0
    for part in re.findall(r"\x1b\[[0-9;?]*[A-Za-z]|\r|\n|[^\x1b\r\n]+", written):
        if part == "\n":
            at += 1
            lines += [""] * (at + 1 - len(lines))
        elif part.endswith("A") and part.startswith("\x1b"):
            at = max(0, at - int(part[2:-1] or 1))
        elif part == "\x1b[2K":
            lines[at] = ""
        elif part[0] not in "\x1b\r":
            lines[at] += part
    return [line for line in lines if line.strip()]


@pytest.fixture
def program(monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("LINES", "24")
    return PROGRAM.format(tests=str(TESTS), pause=0.15)


def test_on_a_terminal_nothing_is_left(program: str) -> None:
    written, status, before, after = on_terminal(program)
    assert status == 0
    assert "unpatched" in written and "1 WRONG" in written and "64 cells" not in written
    assert written.count(HIDE) == written.count(SHOW) >= 1
    assert left(written) == ["before", "after"]
    assert before == after


def test_on_a_terminal_ctrl_c_gives_it_back(program: str) -> None:
    slow = program.replace("sleep(0.15)", "sleep(5)")
    written, status, before, after = on_terminal(slow, lambda child: os.kill(child, signal.SIGINT))
    assert status == 0
    assert written.rindex(SHOW) > written.rindex(HIDE)
    assert left(written)[-1] == "interrupted" and len(left(written)) == 2
    assert before == after


def test_on_a_terminal_what_takes_no_time_shows_nothing(program: str) -> None:
    written, status, _before, _after = on_terminal(program.replace("sleep(0.15)", "sleep(0)"))
    assert status == 0
    assert written.replace("\r", "") == "before\nafter\n"
