"""Programs are run to their end, and end with everything that they started."""

from __future__ import annotations

import os
import pickle
import sys
import time
from pathlib import Path

import pytest

from hgport import process
from hgport.errors import OutsideError


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
        if not _runs(child):
            break
        time.sleep(0.05)
    assert not _runs(child)


def _runs(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]
    except FileNotFoundError:
        return False
    return state != "Z"


def test_out_of_time_is_a_failure_unless_allowed() -> None:
    with pytest.raises(process.ProgramFailed, match="ran out of time"):
        python("import time; time.sleep(60)", timeout=0.5)


def test_nothing_is_read_from_the_terminal() -> None:
    assert python("import sys; print(repr(sys.stdin.read()))").stdout == b"''\n"
    assert os.getsid(0) != int(python("import os; print(os.getsid(0))").stdout)
