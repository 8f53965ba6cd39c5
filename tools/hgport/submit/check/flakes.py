"""pyflakes, hgport's own, on Python files, with the release's filter."""

from __future__ import annotations

import importlib.metadata
import re
import sys
from collections.abc import Sequence
from pathlib import Path

from hgport.proof.interpreters import Interpreter
from hgport.submit.check.filetools import Unheard
from hgport.submit.check.memory import digest
from hgport.submit.check.remark import Remark
from hgport.submit.check.running import run, run_both

_REMARK = re.compile(r"(?P<path>[^:]+):(?P<line>\d+):(?:\d+:?)? (?P<what>.+)$")
# what a Python 3 cannot read of Python 2
UNREADABLE = "cannot be read: "


class Pyflakes:
    """The tool, and ``tests/filterpyflakes.py`` of the release, which drops what upstream does not
    want to hear."""

    rule = "pyflakes"

    def __init__(self, release: Path, python: Interpreter) -> None:
        self.version = importlib.metadata.version("pyflakes")
        self._python = python
        self._filter = release / "tests" / "filterpyflakes.py"
        told = self._filter.read_bytes() if self._filter.is_file() else b""
        ours = f"{sys.version_info.major}.{sys.version_info.minor}"
        self.identity = ["flakes", self.version, ours, python.full, digest(told)]

    def look(self, directory: Path, paths: Sequence[str]) -> list[Remark]:
        """As in FileTool."""
        out, err = run_both([sys.executable, "-m", "pyflakes", "--", *paths], directory)
        remarks, unreadable = read(out), read_unreadable(err)
        if remarks and self._filter.is_file():
            lines = "".join(f"{r.path}:{r.line}:1: {r.message}\n" for r in remarks)
            remarks = read(run([self._python.path, self._filter], directory, stdin=lines.encode()))
        found = []
        for one in [*remarks, *unreadable]:
            text = _line(directory / str(one.path), one.line or 0)
            found.append(Remark(one.path, one.line, one.message, text))
        return found


def _line(path: Path, number: int) -> str:
    lines = path.read_bytes().split(b"\n")
    return lines[number - 1].decode("utf-8", "replace") if 0 < number <= len(lines) else ""


def read(said: str) -> list[Remark]:
    """What pyflakes says of files that it can read.  Raises Unheard for anything else."""
    found = []
    for printed in filter(str.strip, said.split("\n")):
        told = _REMARK.match(printed)
        if told is None:
            raise Unheard(f"pyflakes says what cannot be read: {printed[:100]!r}")
        found.append(Remark(told["path"], int(told["line"]), told["what"]))
    return found


def read_unreadable(said: str) -> list[Remark]:
    """What it prints, as errors, of files that it cannot read: a place, the line and a mark below
    that."""
    told = (_REMARK.match(printed) for printed in said.split("\n"))
    found = [Remark(t["path"], int(t["line"]), UNREADABLE + t["what"]) for t in told if t]
    if said.strip() and not found:
        raise Unheard(f"pyflakes complains: {said.strip().splitlines()[-1][:100]!r}")
    return found
