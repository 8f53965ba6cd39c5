"""A cell is run again by a program, which ends with a code that says how."""

from __future__ import annotations

import os
import re
import signal
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from hgport.errors import OutsideError
from hgport.process import running
from hgport.proof import again


@pytest.fixture
def ended(monkeypatch: pytest.MonkeyPatch) -> Callable[[Callable[[Path], int]], int]:
    """Run the program over something in place of a cell; its exit code."""

    def main(cell: Callable[[Path], int]) -> int:
        monkeypatch.setattr(again, "again", cell)
        monkeypatch.setattr(sys, "argv", ["again", "cell"])
        return again.main()

    return main


def raising(error: BaseException) -> Callable[[Path], int]:
    def cell(_place: Path) -> int:
        raise error

    return cell


def test_the_code_is_the_clients(ended: Callable[[Callable[[Path], int]], int]) -> None:
    assert [ended(lambda _place: 0), ended(lambda _place: 255)] == [0, 255]
    assert ended(lambda _place: -signal.SIGKILL) == 137


@pytest.mark.parametrize(
    ("error", "code", "line"),
    [
        (KeyboardInterrupt(), 130, "hgport: interrupted"),
        (OSError(28, "No space left on device", "x"), 3, "cannot go on: No space left on device x"),
        (OutsideError("no", "a hint"), 3, "hgport: no (a hint)"),
    ],
)
def test_what_goes_wrong_is_a_line(
    error: BaseException,
    code: int,
    line: str,
    ended: Callable[[Callable[[Path], int]], int],
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert ended(raising(error)) == code
    said = capsys.readouterr().err.splitlines()
    assert len(said) == 1 and line in said[0]


def test_it_takes_one_directory(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "argv", ["again"])
    assert again.main() == 2
    assert capsys.readouterr().err == "usage: python -m hgport.proof.again DIR\n"


# with a cell that takes long
SLOW = """
import sys, time
from hgport.proof import again
def cell(place):
    print("begun", flush=True)
    time.sleep(60)
again.again = cell
sys.argv = ["again", "cell"]
sys.exit(again.main())
"""


def test_interrupted(tmp_path: Path) -> None:
    words = [sys.executable, "-c", SLOW]
    env = {**os.environ, "PYTHONPATH": str(Path(again.__file__).parents[2])}
    with running(words, cwd=tmp_path, env=env, log=tmp_path / "log") as program:
        assert program.says(re.compile(b"begun"), 30)
        assert program.stop(signal.SIGINT, 30)
        assert program.output() == b"begun\nhgport: interrupted\n"
