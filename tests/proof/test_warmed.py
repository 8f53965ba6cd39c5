"""A release's hg that is forked for each command is what it is in a process of its own."""

from __future__ import annotations

import contextlib
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from functools import partialmethod
from pathlib import Path

import pytest

from helpers_cells import ground_of, patched, problems, row
from hgport.places import cache_dir
from hgport.process import ProgramFailed, Talking
from hgport.proof import judge, work
from hgport.proof.cell import run_cell
from hgport.proof.evidence import Evidence
from hgport.proof.scenarios import (
    BUNDLE_PUSH,
    HONEST,
    LARGE,
    LARGEFILES_PUSH,
    LFS_DOWNLOAD,
    POSTARGS_PUSH,
    RESET_MIDDLE,
    SHRINKS,
    SMALL,
    Scenario,
)
from hgport.proof.warmed import NotWarm, WarmHg, warm
from hgport.proof.work import Work
from hgport.proof.world import Client, Ground, Hg, world, write_config
from programs import alive

# told by a command, and only seen by that one: what it was started with
TELL = """
from __future__ import absolute_import
import os, sys
def uisetup(ui):
    loaded = "mercurial.exchange" in sys.modules and "hgext.lfs.blobstore" in sys.modules
    sys.stdout.write("%s %s %s %s\\n" % (
        os.getcwd(), os.environ.get("MORE"), loaded, sys.modules["__main__"].__file__))
    sys.stdout.flush()
"""
ROWS = [
    row(SMALL, HONEST),
    row(LARGE, RESET_MIDDLE, "https"),
    row(LARGE, SHRINKS),
    row(BUNDLE_PUSH, HONEST, "https"),
    row(POSTARGS_PUSH, RESET_MIDDLE),
    row(LARGEFILES_PUSH, HONEST),
    row(LFS_DOWNLOAD, HONEST, "https"),
]
RELEASES = [("4.5.3", "2.7"), ("5.1.2", "3.7"), ("5.2.2", "2.7"), ("7.2.4", "3.11")]


@pytest.fixture(scope="module")
def base() -> Iterator[Ground]:
    with ground_of("5.2.2", "2.7") as made:
        yield made


@pytest.fixture(scope="module")
def hg(base: Ground) -> Iterator[WarmHg]:
    with warm(base.interpreter.path, base.tree, base.place) as made:
        yield made


def plain(seen: Evidence, one: Scenario) -> object:
    """What is the same whenever a cell is run; of one that hangs that is little."""
    known = (judge.observed(seen, one), seen.exit_code == 0, seen.changed)
    if seen.stalled:
        return known
    requests = [(r.method, r.outcome, r.status) for r in seen.requests if r.object]
    attempts = [(a.body, a.rewinds) for a in seen.attempts]
    return known, seen.leaked, seen.kept, requests, attempts, len(seen.output.splitlines())


@pytest.mark.parametrize(("release", "python"), RELEASES)
@pytest.mark.parametrize("count", [0, 2])
def test_cells_come_out_as_in_processes_of_their_own(release: str, python: str, count: int) -> None:
    with contextlib.ExitStack() as stack:
        ground = stack.enter_context(ground_of(release, python))
        tree = stack.enter_context(patched(ground, count)) if count else ground.tree
        hg = stack.enter_context(warm(ground.interpreter.path, tree, ground.place))
        for one in (*ROWS, ROWS[0]):
            cold, warmed = (run_cell(ground, tree, one, hg=each) for each in (None, hg))
            # the helper knows of nothing that upstream has mended
            if release != "7.2.4":
                found = [problems(seen, one, ground, count) for seen in (cold, warmed)]
                assert found == [(), ()], one.name
            assert plain(cold, one) == plain(warmed, one), one.name
            assert warmed.leaked == () or count == 0


def in_home(place: Path, name: str = "home") -> dict[str, Path]:
    home, cwd = place / name, place / f"{name}-at"
    cwd.mkdir()
    (place / "tell.py").write_text(TELL)
    write_config(
        home, LARGE.kind, f"[extensions]\ntell = {place / 'tell.py'}\n[ui]\nname = {name}\n"
    )
    return {"home": home, "cwd": cwd}


def test_a_command_knows_nothing_of_the_one_before(
    base: Ground, hg: WarmHg, tmp_path: Path
) -> None:
    told = []
    for name, more in (("one", {"MORE": "yes"}), ("two", {})):
        finished = hg(["config", "ui.name"], **in_home(tmp_path, name), more=more)  # type: ignore[arg-type]
        told.append(finished.stdout.decode().split())
        assert finished.stderr == b""
        assert finished.args == (
            *map(str, (base.interpreter.path, base.tree / "hg")),
            "config",
            "ui.name",
        )
    script = str(base.tree / "hg")
    # the modules are loaded ahead once a command has needed them
    assert told[0] == [str(tmp_path / "one-at"), "yes", told[0][2], script, "one"]
    assert told[1] == [str(tmp_path / "two-at"), "None", told[1][2], script, "two"]


def test_what_commands_need_is_loaded_ahead_also_by_the_next(base: Ground, tmp_path: Path) -> None:
    (tmp_path / "room").mkdir()
    here = in_home(tmp_path)

    def loaded(hg: Client) -> str:
        return hg(["root", "--cwd", "/"], **here, allowed=None).stdout.decode().split()[2]  # type: ignore[arg-type]

    assert loaded(Hg(base.interpreter.path, base.tree)) == "False"
    with warm(base.interpreter.path, base.tree, tmp_path / "room") as hg:
        assert loaded(hg) == "False"
        run_cell(base, base.tree, row(LARGE, HONEST), hg=hg)
        assert loaded(hg) == "True"
    assert "hgext.lfs.blobstore" in (tmp_path / "room" / "modules").read_text().split()
    with warm(base.interpreter.path, base.tree, tmp_path / "room") as hg:
        assert loaded(hg) == "True"
    # and the directory for what was on the way is gone
    assert [path.name for path in (tmp_path / "room").iterdir()] == ["modules"]


def test_it_runs_the_tree_that_it_was_given(base: Ground, tmp_path: Path) -> None:
    replaced = {"mercurial/__version__.py": b"version = b'1.2.3-of-ours'\n"}
    with (
        world(base, replaced) as tree,
        warm(base.interpreter.path, tree, base.place) as hg,
    ):
        assert b"1.2.3-of-ours" in hg(["version", "-q"], **in_home(tmp_path)).stdout  # type: ignore[arg-type]


def test_exit_codes_signals_and_what_is_printed(hg: WarmHg, tmp_path: Path) -> None:
    here = in_home(tmp_path)
    finished = hg(["no-such-command"], **here, allowed=None)  # type: ignore[arg-type]
    assert finished.code == 255 and b"unknown command" in finished.stderr + finished.stdout
    with pytest.raises(ProgramFailed, match="no-such-command ended with code 255"):
        hg(["no-such-command"], **here)  # type: ignore[arg-type]
    killing = ["--config", "alias.x=!kill -9 $PPID", "x"]
    finished = hg(killing, **here, allowed=None)  # type: ignore[arg-type]
    assert (finished.code, finished.timed_out) == (-signal.SIGKILL, False)
    # the next is none the worse
    assert hg(["version", "-q"], **here).code == 0  # type: ignore[arg-type]


def sleeping(pids: Path, seconds: int = 60) -> list[str]:
    return ["--config", f"alias.z=!sleep {seconds} & echo $! $PPID > {pids}; wait", "z"]


def gone(pids: Path) -> bool:
    return wait_for(lambda: not any(map(alive, map(int, pids.read_text().split()))))


def wait_for(true: Callable[[], bool]) -> bool:
    until = time.monotonic() + 20
    while not true() and time.monotonic() < until:
        time.sleep(0.02)
    return true()


class Late:
    """Looks at what a program says, once its time seems to be up, only after something is true."""

    def __init__(
        self, monkeypatch: pytest.MonkeyPatch, of: float, true: Callable[[], bool]
    ) -> None:
        self._line, self._of, self._true = Talking.line, of, true
        monkeypatch.setattr(Talking, "line", lambda *words: self.line(*words))

    def line(self, program: Talking, seconds: float) -> bytes | None:
        if seconds == self._of:
            assert wait_for(self._true)
            return None
        return self._line(program, seconds)


def test_a_command_out_of_time_ends_with_its_children(
    hg: WarmHg, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    here, pids = in_home(tmp_path), tmp_path / "pids"
    Late(monkeypatch, 3, lambda: pids.exists() and len(pids.read_text().split()) == 2)
    finished = hg(sleeping(pids), **here, timeout=3, allowed=None)  # type: ignore[arg-type]
    assert finished.timed_out and finished.code == -signal.SIGKILL
    assert gone(pids)
    assert hg(["version", "-q"], **here).code == 0  # type: ignore[arg-type]


def test_a_command_that_ends_just_as_its_time_is_up_is_the_last_that_says_so(
    hg: WarmHg, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    here, out = in_home(tmp_path), hg._place / "stdout"
    Late(monkeypatch, 3, lambda: out.exists() and b"Mercurial" in out.read_bytes())
    monkeypatch.setattr(Talking, "say", partialmethod(after_a_while, Talking.say))
    finished = hg(["version", "-q"], **here, timeout=3, allowed=None)  # type: ignore[arg-type]
    assert (finished.code, finished.timed_out) == (0, True)
    # each answer is that of its own request
    for words, code in ((["no-such"], 255), (["version", "-q"], 0), (["no-such"], 255)):
        finished = hg(words, **here, allowed=None)  # type: ignore[arg-type]
        assert (finished.code, finished.timed_out) == (code, False)
        assert (b"Mercurial Dist" in finished.stdout) == (code == 0)


def after_a_while(self: Talking, say: Callable[[Talking, bytes], bool], line: bytes) -> bool:
    if b'"end"' in line:
        # the command has ended, and its answer is under way
        time.sleep(1)
    return say(self, line)


def test_what_a_command_leaves_behind_ends_with_it(hg: WarmHg, tmp_path: Path) -> None:
    pids = tmp_path / "pids"
    leaving = ["--config", f"alias.z=!sleep 60 & echo $! > {pids}", "z"]
    assert hg(leaving, **in_home(tmp_path)).code == 0  # type: ignore[arg-type]
    assert gone(pids)


def test_a_block_that_is_left_in_the_middle_ends_the_command(
    base: Ground, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    here, pids = in_home(tmp_path), tmp_path / "pids"
    line = Talking.line

    def interrupted(self: Talking, seconds: float) -> bytes | None:
        if seconds == 30:
            assert wait_for(lambda: pids.exists() and bool(pids.read_text()))
            raise KeyboardInterrupt
        return line(self, seconds)

    monkeypatch.setattr(Talking, "line", interrupted)
    with (
        pytest.raises(KeyboardInterrupt),
        warm(base.interpreter.path, base.tree, base.place) as hg,
    ):
        hg(sleeping(pids), **here, timeout=30)  # type: ignore[arg-type]
    assert gone(pids)


KILLED = """
import sys
from pathlib import Path
from hgport.proof.warmed import warm
python, tree, place, *words = sys.argv[1:]
with warm(Path(python), Path(tree), Path(place)) as hg:
    hg(words, cwd=Path(place), home=Path(place) / "home", timeout=100)
"""


def test_a_command_ends_when_we_are_killed(base: Ground, tmp_path: Path) -> None:
    in_home(tmp_path)
    pids = tmp_path / "pids"
    words = [base.interpreter.path, base.tree, tmp_path, *sleeping(pids)]
    with subprocess.Popen([sys.executable, "-c", KILLED, *map(str, words)]) as we:
        assert wait_for(lambda: pids.exists() and bool(pids.read_text()))
        we.kill()
    assert gone(pids)


def test_the_end_of_the_process_that_is_forked_is_told(base: Ground, tmp_path: Path) -> None:
    here, pids = in_home(tmp_path), tmp_path / "pids"
    killing = f"alias.z=!sleep 60 & echo $! > {pids}; kill -9 $(ps -o ppid= -p $PPID)"
    with warm(base.interpreter.path, base.tree, base.place) as hg:
        with pytest.raises(NotWarm, match="the process that was to be hg has ended"):
            hg(["--config", killing, "z"], **here)  # type: ignore[arg-type]
        assert gone(pids)
        with pytest.raises(NotWarm, match="has failed before"):
            hg(["version"], **here)  # type: ignore[arg-type]


def test_what_cannot_begin_is_not_taken_for_the_one_before(base: Ground, tmp_path: Path) -> None:
    here = in_home(tmp_path)
    with warm(base.interpreter.path, base.tree, base.place) as hg:
        assert hg(["version", "-q"], **here).code == 0  # type: ignore[arg-type]
        with pytest.raises(NotWarm, match="could not be it: .*No such file"):
            hg(["version", "-q"], home=here["home"], cwd=tmp_path / "missing")


@pytest.mark.parametrize(
    ("release", "python"), [("5.2.2", "2.7"), ("5.3.2", "3.6"), ("7.2.4", "3.11")]
)
def test_paths_of_any_characters(
    release: str, python: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "jürgen").mkdir()
    for name in ("trees", "sdists"):
        (cache_dir() / name).mkdir(exist_ok=True)
        (tmp_path / "jürgen" / name).symlink_to(cache_dir() / name)
    monkeypatch.setenv("HGPORT_CACHE", str(tmp_path / "jürgen"))
    with (
        ground_of(release, python) as ground,
        warm(ground.interpreter.path, ground.tree, ground.place) as hg,
    ):
        for one in (row(LARGE, HONEST), row(BUNDLE_PUSH, HONEST)):
            cold, warmed = (run_cell(ground, ground.tree, one, hg=each) for each in (None, hg))
            assert cold.exit_code == warmed.exit_code == 0
            assert plain(cold, one) == plain(warmed, one)


def test_a_tree_without_hg_says_so(base: Ground, tmp_path: Path) -> None:
    here = in_home(tmp_path)
    with (
        warm(base.interpreter.path, tmp_path, tmp_path) as hg,
        pytest.raises(NotWarm, match="has ended: .*No such file"),
    ):
        hg(["version"], **here)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("count", "fresh", "warmed"), [(5, False, True), (4, False, False), (5, True, False)]
)
def test_few_rows_second_looks_and_a_sample_get_processes_of_their_own(
    count: int,
    fresh: bool,
    warmed: bool,
    base: Ground,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    ran: list[tuple[Scenario, bool]] = []

    def noted(
        ground: Ground, tree: Path, one: Scenario, keep: Path | None, hg: Client | None
    ) -> Evidence:
        ran.append((one, isinstance(hg, WarmHg)))
        return run_cell(ground, tree, one, keep, hg)

    monkeypatch.setattr(work, "run_cell", noted)
    rows = (row(BUNDLE_PUSH, HONEST),) * count
    done = work.do(Work(base.release, base.interpreter, {}, (), rows, fresh=fresh), tmp_path)
    # the first is a sample
    assert ran == [(one, warmed and number > 0) for number, one in enumerate(rows)]
    assert [judge.observed(seen, rows[0]) for seen in done if isinstance(seen, Evidence)] == [
        "exit code 0, 1 of 1 stored"
    ] * count


def test_rows_are_run_all_the_same_when_the_process_that_is_forked_fails(
    base: Ground, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Talking, "say", lambda _self, _line: False)
    rows = (row(BUNDLE_PUSH, HONEST),) * 5
    done = work.do(Work(base.release, base.interpreter, {}, (), rows), tmp_path)
    assert [one.exit_code for one in done if isinstance(one, Evidence)] == [0] * 5


def test_a_process_that_does_not_answer_is_given_up(
    base: Ground, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Talking, "line", lambda _self, _seconds: None)
    with (
        warm(base.interpreter.path, base.tree, base.place) as hg,
        pytest.raises(NotWarm, match="does not answer: it printed nothing"),
    ):
        hg(["version"], **in_home(tmp_path))  # type: ignore[arg-type]
