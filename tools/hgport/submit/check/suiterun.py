"""One run of a release's ``run-tests.py`` in a repository of the release."""

from __future__ import annotations

import contextlib
import os
import shlex
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from hgport.errors import HgportError
from hgport.files import disk_errors, remove_tree
from hgport.process import running
from hgport.proof import upstreamvenv
from hgport.proof.interpreters import Interpreter
from hgport.proof.upstreamleftovers import end_all
from hgport.proof.upstreamports import reserved
from hgport.proof.upstreamreport import UNTOLD, Seen, read
from hgport.submit.check.filetools import Unheard

# seconds that one test may take, and all of them
_TEST_SECONDS, _RUN_SECONDS = 900, 3600
_GLANCE = 0.1
_PORTS_A_TEST = 3
# what such tests want to find on PATH, beside hg
_PROGRAMS = (
    *("black", "cargo", "clang-format", "git", "jshint", "pyflakes", "pylint", "pytype"),
    *("rustfmt", "unzip"),
)


def machine() -> list[str]:
    """What there is on this machine of that which tests are skipped without."""
    return [name for name in _PROGRAMS if shutil.which(name, path=os.defpath)]


def run(tree: Path, python: Interpreter, tests: Sequence[str], jobs: int) -> dict[str, Seen]:
    """What comes of tests, by their names, in a tree that is a repository's; ``jobs`` at once.

    Raises Unheard if they cannot be run, or nothing is said of one; OutsideError if the disk
    refuses.
    """
    with _place() as place:
        try:
            upstreamvenv.provide(tree, python)
        except HgportError as err:
            raise Unheard(f"its tests cannot be run: {err.message}") from err
        with reserved(_PORTS_A_TEST * len(tests)) as port:
            report, printed = _run(place, tree, python, tests, jobs, port)
    # where it was run is no part of what it says
    for where in (tree, place):
        report, printed = (text.replace(f"{where}/", "") for text in (report, printed))
    try:
        seen = read(report, printed, tests)
    except ValueError:
        said = [line for line in printed.splitlines() if line.strip()]
        last = said[-1] if said else "it printed nothing"
        raise Unheard(f"run-tests.py made no report: {last}") from None
    untold = [name for name, one in seen.items() if one.outcome == UNTOLD]
    if untold:
        raise Unheard(f"run-tests.py says nothing of {', '.join(untold)}")
    return seen


@contextlib.contextmanager
def _place() -> Iterator[Path]:
    with disk_errors("make a temporary directory"):
        # a short name: sockets that tests make below it have little room for theirs
        place = Path(tempfile.mkdtemp(prefix="t"))
    try:
        for name in ("out", "tmp", "home", "bin"):
            (place / name).mkdir()
        yield place
    finally:
        end_all(place)
        remove_tree(place)


def _run(
    place: Path, tree: Path, python: Interpreter, tests: Sequence[str], jobs: int, port: int
) -> tuple[str, str]:
    """The report ("" if there is none) and what was printed."""
    _programs(place / "bin", python)
    options: list[str | Path] = [
        *("--local", "--pure", "--json", "--outputdir", place / "out", "--jobs", str(jobs)),
        *("--port", str(port), "--timeout", str(_TEST_SECONDS)),
    ]
    log = place / "log"
    with running(
        [python.path, "run-tests.py", *options, *tests],
        cwd=tree / "tests",
        env=_environment(place),
        log=log,
    ) as program:
        until = time.monotonic() + _RUN_SECONDS
        while program.alive() and time.monotonic() < until:
            time.sleep(_GLANCE)
        if program.alive():
            raise Unheard(f"run-tests.py was not done after {_RUN_SECONDS} seconds")
    report = place / "out" / "report.json"
    text = report.read_text("utf-8", "replace") if report.is_file() else ""
    return text, log.read_text("utf-8", "replace")


def _programs(place: Path, python: Interpreter) -> None:
    """Put the release's Python where its tests find it, and our hg, which reads the repository."""
    for name in ("python", f"python{python.version[0]}", f"python{python.version}"):
        (place / name).symlink_to(python.path)
    words = [sys.executable, str(Path(sys.executable).with_name("hg"))]
    program = place / "hg"
    program.write_text(f'#!/bin/sh\nunset HGMODULEPOLICY\nexec {shlex.join(words)} "$@"\n')
    program.chmod(0o755)


def _environment(place: Path) -> dict[str, str]:
    return {
        "HGMODULEPOLICY": "py",
        "HGRCPATH": os.devnull,
        "HOME": str(place / "home"),
        "LC_ALL": "C",
        "PATH": f"{place / 'bin'}{os.pathsep}{os.defpath}",
        "PYTHONHASHSEED": "0",
        "PYTHONNOUSERSITE": "1",
        "TMPDIR": str(place / "tmp"),
        "TZ": "UTC",
    }
