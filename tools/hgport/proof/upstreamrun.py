"""One run of upstream's own tests: a release's ``run-tests.py``, in a world made for it.

A piece of work is plain data, so that any executor can do it.  Nothing of the person's gets in, and
nothing that the tests start outlives the run, however it ends.
"""

from __future__ import annotations

import contextlib
import os
import tempfile
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Union

from hgport.errors import HgportError, OutsideError
from hgport.files import remove_tree
from hgport.model.release import Release
from hgport.process import running
from hgport.proof import upstreamvenv
from hgport.proof.interpreters import Interpreter
from hgport.proof.upstreamleftovers import end_all
from hgport.proof.upstreamports import reserved
from hgport.proof.upstreamreport import Seen, read
from hgport.upstream import tree

# seconds that one test may take, by run-tests' own clock
_TEST_SECONDS = 600
# seconds that a run may take, in any case and for each of the tests that a job has to do
_RUN_SECONDS, _RUN_SECONDS_A_TEST = 900, 300
_GLANCE = 0.1
# a test takes three, and may have several cases
_PORTS_A_TEST = 12

# what came of a run: each test's outcome by its name, or why there is none
Ran = Union["dict[str, Seen]", str]


@dataclass(frozen=True)
class Work:
    """One run: ``tests``, file names, so many ``jobs`` at once, on a release with some files
    replaced (as in ``tree.world``), in a directory of its own below ``room``."""

    room: Path
    release: Release
    interpreter: Interpreter
    replaced: Mapping[str, bytes | None]
    executable: tuple[str, ...]
    tests: tuple[str, ...]
    jobs: int


def do(work: Work) -> Ran:
    """Run the tests.  Raises OutsideError for trouble with the network or the disk, or if no ports
    are free."""
    try:
        with _place(work.room) as place:
            made = place / "tree"
            tree.world(work.release, made, work.replaced, work.executable)
            upstreamvenv.provide(made, work.interpreter)
            with reserved(_PORTS_A_TEST * len(work.tests)) as port:
                return _run(work, place, port)
    except OutsideError as err:
        # as plain as it can be: it has to get from one process to another
        raise OutsideError(err.message, err.hint) from None
    except HgportError as err:
        return f"could not be run: {err.message}"


@contextlib.contextmanager
def _place(room: Path) -> Iterator[Path]:
    # a short name: sockets that tests make below it have little room for theirs
    place = Path(tempfile.mkdtemp(prefix="t", dir=room))
    try:
        yield place
    finally:
        end_all(place)
        remove_tree(place)


def _run(work: Work, place: Path, port: int) -> Ran:
    out, log = place / "out", place / "log"
    for directory in (out, place / "tmp", place / "home", place / "bin"):
        directory.mkdir()
    python = work.interpreter
    for name in ("python", f"python{python.version[0]}", f"python{python.version}"):
        (place / "bin" / name).symlink_to(python.path)
    options: list[str | Path] = [
        *("--local", "--pure", "--json", "--outputdir", out, "--jobs", str(work.jobs)),
        *("--port", str(port), "--timeout", str(_TEST_SECONDS)),
    ]
    seconds = _RUN_SECONDS + _RUN_SECONDS_A_TEST * len(work.tests) / work.jobs
    with running(
        [python.path, "run-tests.py", *options, *work.tests],
        cwd=place / "tree" / "tests",
        env=_environment(place),
        log=log,
    ) as program:
        until = time.monotonic() + seconds
        while program.alive() and time.monotonic() < until:
            time.sleep(_GLANCE)
        if program.alive():
            return f"run-tests.py was not done after {seconds:.0f} seconds"
    printed = log.read_text("utf-8", "replace").replace(f"{place}/", "")
    return _read(out / "report.json", printed, work, place)


def _read(report: Path, printed: str, work: Work, place: Path) -> Ran:
    try:
        text = report.read_text("utf-8", "replace").replace(f"{place}/", "")
        return read(text, printed, work.tests)
    except (OSError, ValueError):
        said = [line for line in printed.splitlines() if line.strip()]
        return f"run-tests.py made no report: {said[-1] if said else 'it printed nothing'}"


def _environment(place: Path) -> dict[str, str]:
    return {
        "HOME": str(place / "home"),
        "HGMODULEPOLICY": "py",
        "LC_ALL": "C",
        "PATH": f"{place / 'bin'}{os.pathsep}{os.defpath}",
        "PYTHONHASHSEED": "0",
        "PYTHONNOUSERSITE": "1",
        "TMPDIR": str(place / "tmp"),
        "TZ": "UTC",
    }
