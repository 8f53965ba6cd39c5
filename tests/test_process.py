"""Programs are run to their end, and end with everything that they started."""

from __future__ import annotations

import contextlib
import os
import pickle
import random
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from hgport import process
from hgport.errors import OutsideError
from programs import alive


def python(code: str, **kwargs: object) -> process.Finished:
    return process.run([sys.executable, "-c", code], **kwargs)  # type: ignore[arg-type]


def test_run_gives_code_and_output(tmp_path: Path) -> None:
    code = "import os, sys; print(os.getcwd(), sys.stdin.read(), dict(os.environ).get('A'));"
    finished = python(
        code + "print('e', file=sys.stderr); sys.exit(3)",
        cwd=tmp_path,
        env={"A": "b"},
        stdin=b"in",
        allowed=[3],
    )
    assert finished.stdout == f"{tmp_path} in b\n".encode()
    assert (finished.code, finished.stderr, finished.timed_out) == (3, b"e\n", False)


def test_an_unexpected_code_says_command_code_and_last_line() -> None:
    with pytest.raises(process.ProgramFailed, match=r"-c .* ended with code 3: at last") as raised:
        python("import sys; print('first\\nat last', file=sys.stderr); sys.exit(3)")
    assert raised.value.finished.code == 3
    assert pickle.loads(pickle.dumps(raised.value)).finished == raised.value.finished


def test_no_such_program() -> None:
    with pytest.raises(OutsideError, match="cannot run no-such-program"):
        process.run(["no-such-program"])


def test_a_program_out_of_time_ends_with_its_children(tmp_path: Path) -> None:
    code = (
        "import os, subprocess, sys, time;"
        "c = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)']);"
        f"open({str(tmp_path / 'pid')!r}, 'w').write(str(c.pid)); time.sleep(60)"
    )
    started = time.monotonic()
    finished = python(code, timeout=3, allowed=None)
    assert finished.timed_out
    assert time.monotonic() - started < 30
    child = int((tmp_path / "pid").read_text())
    for _attempt in range(100):
        if not alive(child):
            break
        time.sleep(0.05)
    assert not alive(child)


# a program that starts one in a session of its own, which keeps the pipe
LEAVER = """
import subprocess, sys, time
child = subprocess.Popen(["sleep", "30"], start_new_session=True)
print(child.pid, flush=True)
time.sleep(30)
"""


def test_out_of_time_while_somebody_else_keeps_the_pipe(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(process, "_SECONDS_TO_END", 0.5)
    started = time.monotonic()
    finished = python(LEAVER, timeout=2, allowed=None)
    assert time.monotonic() - started < 15
    assert finished.timed_out and finished.code == -signal.SIGKILL
    # what was printed is not lost
    os.kill(int(finished.stdout), signal.SIGKILL)


def test_interrupted_while_somebody_else_keeps_the_pipe(tmp_path: Path) -> None:
    told = tmp_path / "told"
    code = LEAVER.replace("flush=True", f"file=open({str(told)!r}, 'w'), flush=True")
    descriptors = len(os.listdir("/proc/self/fd"))

    def interrupt(*_about: object) -> None:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGALRM, interrupt)
    signal.setitimer(signal.ITIMER_REAL, 2)
    started = time.monotonic()
    try:
        with pytest.raises(KeyboardInterrupt) as caught:
            python(code)
        # although the traceback keeps the call's variables
        assert caught.tb and len(os.listdir("/proc/self/fd")) == descriptors
    finally:
        signal.signal(signal.SIGALRM, before)
    assert time.monotonic() - started < 15
    os.kill(int(told.read_text()), signal.SIGKILL)


def test_what_a_program_leaves_behind_ends_with_it() -> None:
    code = (
        "import subprocess, sys;"
        "c = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)'],"
        "    stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL);"
        "print(c.pid)"
    )
    started = time.monotonic()
    assert gone(int(python(code).stdout))
    assert time.monotonic() - started < 30


def test_out_of_time_is_a_failure_unless_allowed() -> None:
    with pytest.raises(process.ProgramFailed, match="ran out of time"):
        python("import time; time.sleep(60)", timeout=0.5)


def test_nothing_is_read_from_the_terminal() -> None:
    assert python("import sys; print(repr(sys.stdin.read()))").stdout == b"''\n"
    assert os.getsid(0) != int(python("import os; print(os.getsid(0))").stdout)


# a program that starts another, says both their numbers, and waits
FAMILY = """
import os, subprocess, sys, time
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
print(os.getpid(), child.pid, os.environ.get("A"), os.getcwd(), flush=True)
time.sleep(60)
"""


def said(program: process.Running, count: int) -> list[str]:
    """The first words that a program prints, as soon as there are so many."""
    found = program.says(re.compile(rb"(\S+\s+){%d}" % count), 10)
    assert found, program.output()
    return found[0].decode().split()


def gone(pid: int) -> bool:
    for _tick in range(500):
        try:
            state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
        except FileNotFoundError:
            return True
        # ended, and not yet collected by whoever has taken it over
        if state == "Z":
            return True
        time.sleep(0.01)
    return False


def test_running_beside_us_for_a_block(tmp_path: Path) -> None:
    words = [sys.executable, "-c", FAMILY]
    log = tmp_path / "log"
    with process.running(words, cwd=tmp_path, env={"A": "b"}, log=log) as program:
        parent, child, value, where = said(program, 4)
        assert program.alive() and (value, where) == ("b", str(tmp_path))
    assert not program.alive() and gone(int(parent)) and gone(int(child))
    assert program.output() == log.read_bytes()


def test_what_ran_beside_a_block_that_raises_is_ended(tmp_path: Path) -> None:
    words = [sys.executable, "-c", FAMILY]
    with (
        pytest.raises(KeyboardInterrupt),
        process.running(words, cwd=tmp_path, env={}, log=tmp_path / "log") as program,
    ):
        pids = said(program, 2)[:2]
        raise KeyboardInterrupt
    assert all(gone(int(pid)) for pid in pids)


def test_a_program_can_be_asked_to_stop(tmp_path: Path) -> None:
    with process.running(
        [sys.executable, "-c", FAMILY], cwd=tmp_path, env={}, log=tmp_path / "log"
    ) as program:
        said(program, 2)
        assert not program.stop(signal.SIGCONT, 0.1)
        assert program.stop(signal.SIGTERM, 10)


def test_what_runs_beside_us_does_not_outlive_us(tmp_path: Path) -> None:
    code = f"""
import re, sys, time
from pathlib import Path
from hgport import process
log = Path({str(tmp_path / "log")!r})
words = [sys.executable, "-c", {FAMILY!r}]
with process.running(words, cwd=log.parent, env={{}}, log=log) as program:
    print(program.says(re.compile(rb".* .* "), 10)[0].decode(), flush=True)
    time.sleep(60)
"""
    with process.running(
        [sys.executable, "-c", code], cwd=tmp_path, env=dict(os.environ), log=tmp_path / "outer"
    ) as program:
        pids = said(program, 2)
        program.stop(signal.SIGKILL, 10)
        assert all(gone(int(pid)) for pid in pids)


# may open so few files, and then more and more, that a program cannot be started, then cannot be
# watched, and then runs; says whether it came to that, and what is left of its children
POOR = """
import os, resource, sys
from pathlib import Path
from hgport import process
log = Path(sys.argv[1])
refused = begun = 0
left = []
most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
for limit in range(len(os.listdir("/proc/self/fd")), 64):
    resource.setrlimit(resource.RLIMIT_NOFILE, (limit, most))
    try:
        with process.running(["sleep", "60"], cwd=log.parent, env={"PATH": os.defpath}, log=log):
            begun += 1
    except OSError:
        refused += 1
    try:
        left.append(os.waitpid(-1, os.WNOHANG))
    except ChildProcessError:
        pass
print(refused > 0, begun > 0, left)
"""


def test_a_program_that_cannot_be_watched_is_ended(tmp_path: Path) -> None:
    finished = process.run([sys.executable, "-c", POOR, tmp_path / "log"], timeout=60)
    assert finished.stdout == b"True True []\n"


def test_no_such_program_beside_us(tmp_path: Path) -> None:
    with (
        pytest.raises(OutsideError, match="cannot run /nowhere/at-all"),
        process.running(["/nowhere/at-all"], cwd=tmp_path, env={}, log=tmp_path / "log"),
    ):
        pass


def test_what_a_program_says(tmp_path: Path) -> None:
    words = [sys.executable, "-c", "print('one', flush=True); input()"]
    with process.running(words, cwd=tmp_path, env={}, log=tmp_path / "log") as program:
        found = program.says(re.compile(b"o(n)e"), 10)
        assert found and found[1] == b"n"
        # there is nothing to read, so it ends
        assert program.says(re.compile(b"never"), 10) is None and not program.alive()
        assert program.says(re.compile(b"EOFError"), 0)


def test_a_program_that_says_nothing_in_time(tmp_path: Path) -> None:
    words = [sys.executable, "-c", "import time; time.sleep(60)"]
    with process.running(words, cwd=tmp_path, env={}, log=tmp_path / "log") as program:
        assert program.says(re.compile(b"x"), 0.1) is None and program.alive()


TALKER = """
import sys, time
print("begun", file=sys.stderr, flush=True)
for line in sys.stdin:
    if line == "leave\\n":
        break
    if line == "wait\\n":
        time.sleep(60)
    print(line.upper(), end="", flush=True)
    print(line.upper() * 2, end="", flush=True)
"""


def test_talking_with_a_program_line_by_line(tmp_path: Path) -> None:
    words = [sys.executable, "-c", TALKER]
    with process.talking(words, cwd=tmp_path, env={}, log=tmp_path / "log") as program:
        for said in (b"a", b"b"):
            assert program.say(said)
            assert [program.line(20) for _number in range(3)] == [said.upper()] * 3
        assert program.line(0.01) is None
        assert program.output() == b"begun\n"
        assert program.say(b"leave")
        # it has ended, and goes on to have ended
        assert [program.line(20), program.line(20)] == [b"", b""]
        until = time.monotonic() + 20
        while program.say(b"more") and time.monotonic() < until:
            time.sleep(0.01)
        assert not program.say(b"more")


def test_a_program_that_is_talked_with_ends_with_the_block(tmp_path: Path) -> None:
    words = [sys.executable, "-c", f"import os; print(os.getpid(), flush=True);{TALKER}"]
    started = time.monotonic()
    with process.talking(words, cwd=tmp_path, env={}, log=tmp_path / "log") as program:
        pid = int(program.line(20) or b"")
        assert program.say(b"wait") and alive(pid)
    assert not alive(pid) and time.monotonic() - started < 30


def test_there_is_nobody_to_talk_with(tmp_path: Path) -> None:
    talking = process.talking(["no-such-program"], cwd=tmp_path, env={}, log=tmp_path / "log")
    with pytest.raises(OutsideError, match="cannot run no-such-program"), talking:
        pass


def test_a_program_that_had_begun_when_we_were_told_to_end_ends(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun = subprocess.Popen._execute_child  # type: ignore[attr-defined]
    pids = []

    def told_to_end(self: subprocess.Popen[bytes], *args: object) -> None:
        begun(self, *args)
        pids.append(self.pid)
        raise SystemExit(143)

    monkeypatch.setattr(subprocess.Popen, "_execute_child", told_to_end)
    with pytest.raises(SystemExit):
        process.run(["sleep", "60"])
    with (
        pytest.raises(SystemExit),
        process.running(["sleep", "60"], cwd=tmp_path, env={}, log=tmp_path / "log"),
    ):
        pass
    assert len(pids) == 2
    for _attempt in range(100):
        if not any(map(alive, pids)):
            break
        time.sleep(0.05)
    assert not any(map(alive, pids))


def test_a_signal_at_any_moment_of_a_begin_leaves_nothing_behind(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def told_to_end(*_about: object) -> None:
        raise SystemExit(143)

    monkeypatch.setattr(process, "_ENDS", (signal.SIGALRM,))
    words = ["sleep", f"60.{os.getpid()}"]
    chance = random.Random(1)
    before = signal.signal(signal.SIGALRM, told_to_end)
    try:
        for _time in range(60):
            with pytest.raises(SystemExit):
                signal.setitimer(signal.ITIMER_REAL, chance.uniform(0.0003, 0.004))
                process.run(words)
            assert signal.getsignal(signal.SIGALRM) is told_to_end
    finally:
        signal.signal(signal.SIGALRM, before)
    left = running_with(words)
    for pid in left:
        os.kill(pid, signal.SIGKILL)
    assert not left


def running_with(words: list[str]) -> list[int]:
    """The processes that run these words, a moment from now."""
    time.sleep(0.2)
    found = []
    for place in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            if (place / "cmdline").read_bytes().split(b"\0")[:-1] == [w.encode() for w in words]:
                found.append(int(place.name))
    return found


def test_who_is_told_to_end_is_so_also_where_a_program_cannot_be_run(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    begun = subprocess.Popen._execute_child  # type: ignore[attr-defined]
    ended = []

    def told_meanwhile(self: subprocess.Popen[bytes], *args: object) -> None:
        signal.raise_signal(signal.SIGTERM)
        begun(self, *args)

    def told_to_end(*_about: object) -> None:
        raise SystemExit(143)

    monkeypatch.setattr(subprocess.Popen, "_execute_child", told_meanwhile)
    monkeypatch.setattr(os, "killpg", lambda pid, _how: ended.append(pid))
    before = signal.signal(signal.SIGTERM, told_to_end)
    try:
        with pytest.raises(SystemExit):
            process.run(["no-such-program"])
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        with pytest.raises(OutsideError, match="cannot run"):
            process.run(["no-such-program"])
    finally:
        signal.signal(signal.SIGTERM, before)
    # whose number that was, nobody knows any more
    assert ended == []
