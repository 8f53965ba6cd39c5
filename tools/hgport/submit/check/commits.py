"""``contrib/check-commit`` of a release, on a changeset as ``hg export`` writes it."""

from __future__ import annotations

import re
from pathlib import Path

from hgport.proof.interpreters import Interpreter
from hgport.submit.check.filetools import Unheard
from hgport.submit.check.remark import Remark
from hgport.submit.check.running import run

_REMARK = re.compile(r"(\d+): (.+)$")
# whoever commits this does not want to hear it, and test-check-commit.t heeds that
EXEMPT = b"# no-check-commit"


def check_commit(script: Path, python: Interpreter, exported: bytes) -> list[Remark]:
    """What it says of a changeset; the lines are those of the export, and ``text`` what it shows of
    them.  Raises Unheard if it breaks or what it says cannot be read."""
    said = run([python.path, script], script.parent.parent, stdin=exported)
    return read(said)


def read(said: str) -> list[Remark]:
    """What check-commit prints: lines with a number and a rule, each with the line that it is about
    below.  Raises Unheard for anything else."""
    found: list[Remark] = []
    lines = said.removesuffix("\n").split("\n") if said else []
    at = 0
    while at < len(lines):
        told = _REMARK.match(lines[at])
        if told is None:
            raise Unheard(f"check-commit says what cannot be read: {lines[at][:100]!r}")
        shown = lines[at + 1][1:] if at + 1 < len(lines) else ""
        found.append(Remark(None, int(told[1]) + 1, told[2], shown))
        at += 2
    return found
