"""The workers end when they must, and take what they run with them."""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import time
from concurrent.futures import ProcessPoolExecutor, wait
from pathlib import Path
from typing import Any

import pytest

from hgport.errors import OutsideError
from hgport.process import run
from hgport.proof import workers
from hgport.proof.workers import WorkerDied, local

# writes its process id, then runs for longer than any test does
SLEEPER = "import os, sys, time; open(sys.argv[1], 'w').write(str(os.getpid())); time.sleep(600)"


def work(place: Path) -> None:
    """Run a long program; say whether there was a chance to clean up."""
    try:
        run([sys.executable, "-c", SLEEPER, place / "program"])
    finally:
        time.sleep(0.5)  # nobody may be quicker by chance
        (place / "cleaned").write_text("")


def refuse() -> None:
    raise OutsideError("no", "a hint")


def begun(path: Path) -> int:
    """The process id that a program writes when it has begun."""
    until = time.monotonic() + 60
    while time.monotonic() < until:
        with contextlib.suppress(FileNotFoundError, ValueError):
            return int(path.read_text())
        time.sleep(0.01)
    raise AssertionError(f"{path} was not written")


def ends(process: int) -> bool:
    """Whether a process ends before long."""
    until = time.monotonic() + 30
    while time.monotonic() < until:
        try:
            os.kill(process, 0)
            if Path(f"/proc/{process}/stat").read_text().split(")")[1].split()[0] == "Z":
                return True
        except (ProcessLookupError, FileNotFoundError):
            return True
        time.sleep(0.01)
    return False


def test_they_do_as_they_are_told() -> None:
    with local(2) as executor:
        assert list(executor.map(abs, [-1, -2, -3])) == [1, 2, 3]


def test_an_error_comes_back_whole() -> None:
    with local(1) as executor, pytest.raises(OutsideError) as caught:
        executor.submit(refuse).result()
    assert (caught.value.message, caught.value.hint) == ("no", "a hint")


def die_at_first(place: Path, times: int) -> int:
    """Be killed so many times, then say how often that was."""
    deaths = len(list(place.iterdir()))
    if deaths < times:
        (place / str(deaths)).write_text("")
        os.kill(os.getpid(), signal.SIGKILL)
    return deaths


def test_a_worker_that_is_killed_loses_nothing(tmp_path: Path) -> None:
    with local(2) as executor:
        killed = executor.submit(die_at_first, tmp_path, 2)
        others = [executor.submit(abs, -number) for number in range(50)]
        assert [one.result() for one in others] == list(range(50))
        assert killed.result() == 2


def test_what_kills_every_worker_is_given_up(tmp_path: Path) -> None:
    with local(1) as executor:
        killed = executor.submit(die_at_first, tmp_path, 99)
        other = executor.submit(abs, -1)
        with pytest.raises(WorkerDied, match="died of it, 3 times") as caught:
            killed.result()
        assert caught.value.hint == "is there enough memory?"
        assert other.result() == 1
    assert len(list(tmp_path.iterdir())) == 3


def test_a_worker_that_dies_with_nothing_to_do() -> None:
    with local(1) as executor:
        process = executor.submit(os.getpid).result()
        os.kill(process, signal.SIGKILL)
        assert ends(process)
        assert executor.submit(os.getpid).result() != process


def test_told_to_end_while_a_worker_begins_it_ends_with_the_others(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    begun = ProcessPoolExecutor.submit
    ended = []

    def told_to_end(self: ProcessPoolExecutor, *args: Any) -> None:
        begun(self, *args)
        raise SystemExit(129)

    def end(self: ProcessPoolExecutor, **how: Any) -> None:
        ended.append(self)
        shutdown(self, **how)

    shutdown = ProcessPoolExecutor.shutdown
    monkeypatch.setattr(ProcessPoolExecutor, "submit", told_to_end)
    monkeypatch.setattr(ProcessPoolExecutor, "shutdown", end)
    with pytest.raises(SystemExit), local(2) as executor:
        executor.submit(time.sleep, 60)
    assert len(set(ended)) == 2


def test_what_is_asked_for_is_done_before_the_end() -> None:
    with local(1) as executor:
        asked = [executor.submit(abs, -number) for number in range(5)]
    assert [one.result() for one in asked] == list(range(5))
    with pytest.raises(RuntimeError):
        executor.submit(abs, 1)


def test_what_was_cancelled_is_not_done(tmp_path: Path) -> None:
    with local(1) as executor:
        executor.submit(time.sleep, 0.5)
        unwanted = executor.submit((tmp_path / "done").write_text, "")
        assert unwanted.cancel()
        executor.submit(abs, 1).result()
    assert not (tmp_path / "done").exists()


def test_all_ends_with_the_block(tmp_path: Path) -> None:
    started = time.monotonic()
    with pytest.raises(KeyboardInterrupt), local(1) as executor:
        executor.submit(work, tmp_path)
        program = begun(tmp_path / "program")
        raise KeyboardInterrupt
    assert ends(program)
    assert (tmp_path / "cleaned").exists()
    assert time.monotonic() - started < 60


def be_stubborn(place: Path) -> None:
    """Run on for long, whoever asks for an end."""
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    (place / "program").write_text(str(os.getpid()))
    time.sleep(60)


def test_a_worker_that_does_not_end_is_killed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(workers, "_GRACE", 0.5)
    with pytest.raises(KeyboardInterrupt), local(1) as executor:
        executor.submit(be_stubborn, tmp_path)
        stubborn = begun(tmp_path / "program")
        started = time.monotonic()
        raise KeyboardInterrupt
    assert ends(stubborn)
    assert time.monotonic() - started < 30


PARENT = """
import sys
from pathlib import Path
from test_workers import work
from hgport.proof.workers import local
if __name__ == "__main__":
    with local(1) as executor:
        executor.submit(work, Path(sys.argv[1])).result()
"""


def test_all_ends_with_a_parent_that_is_killed(tmp_path: Path) -> None:
    script = tmp_path / "parent.py"
    script.write_text(PARENT)
    env = {**os.environ, "PYTHONPATH": str(Path(__file__).parent)}
    with local(1) as executor:
        running = executor.submit(
            run, [sys.executable, script, tmp_path], env=env, allowed=None, timeout=120
        )
        program = begun(tmp_path / "program")
        # the parent is the leader of the group that hgport.process made
        parent = _parent_of(_parent_of(program))
        os.kill(parent, signal.SIGKILL)
        assert ends(program)
        wait([running])
    assert (tmp_path / "cleaned").exists()


def _parent_of(process: int) -> int:
    return int(Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[1])


def hangup_of_a_program() -> str:
    """What a program started here does of SIGHUP, and a worker, having got one."""
    os.kill(os.getpid(), signal.SIGHUP)
    code = (
        "import signal; print(signal.getsignal(signal.SIGHUP).name,"
        " signal.SIGHUP in signal.pthread_sigmask(signal.SIG_BLOCK, []))"
    )
    return run([sys.executable, "-c", code]).stdout.decode().strip()


def test_the_end_of_the_terminal_is_the_parent_s_affair() -> None:
    with local(1) as executor:
        # what they run is as it would be elsewhere
        assert executor.submit(hangup_of_a_program).result() == "SIG_DFL False"
    assert signal.SIGHUP not in signal.pthread_sigmask(signal.SIG_BLOCK, [])


UNDER_NOHUP = """
import signal
from test_workers import hangup_of_a_program
from hgport.proof.workers import local
if __name__ == "__main__":
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    with local(1) as executor:
        print(executor.submit(hangup_of_a_program).result())
"""


def test_under_nohup_so_is_what_the_workers_run(tmp_path: Path) -> None:
    script = tmp_path / "parent.py"
    script.write_text(UNDER_NOHUP)
    env = {**os.environ, "PYTHONPATH": str(Path(__file__).parent)}
    told = run([sys.executable, script], env=env, allowed=None, timeout=120)
    assert (told.stdout, told.stderr) == (b"SIG_IGN False\n", b"")


HUNG_UP = """
import os, signal, sys, time
from hgport.proof.workers import local
def ended(number, frame): sys.exit(129)
if __name__ == "__main__":
    signal.signal(signal.SIGHUP, ended)
    with local(2) as executor:
        # at any moment of the start of those that do the work
        executor.submit(time.sleep, 30)
        executor.submit(time.sleep, 30)
        time.sleep(float(sys.argv[1]))
        os.killpg(0, signal.SIGHUP)
"""


@pytest.mark.parametrize("after", [0, 0.1, 0.5])
def test_the_end_of_the_terminal_is_no_trouble_to_anybody(tmp_path: Path, after: float) -> None:
    script = tmp_path / "parent.py"
    script.write_text(HUNG_UP)
    started = time.monotonic()
    told = run([sys.executable, script, str(after)], allowed=None, timeout=120)
    assert (told.code, told.stdout, told.stderr) == (129, b"", b"")
    assert time.monotonic() - started < 25
