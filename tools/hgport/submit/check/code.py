"""``contrib/check-code.py`` of a release, on files."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from hgport.proof.interpreters import Interpreter
from hgport.submit.check.filetools import Unheard
from hgport.submit.check.memory import digest
from hgport.submit.check.remark import Remark
from hgport.submit.check.running import run

_PLACE = re.compile(r"(?P<path>.+?):(?P<line>\d+):$")
_SKIPPED = re.compile(r"Skipping (?P<path>.+?) it has no-che\?k-code \(glob\)$")


class CheckCode:
    """The tool as ``tests/test-check-code.t`` has it: with warnings, and everything it finds."""

    rule = "check-code"

    def __init__(self, release: Path, python: Interpreter) -> None:
        """``release`` is the release's tree."""
        self._python = python
        self._script = release / "contrib" / "check-code.py"
        # it imports a module from beside it
        beside = release / "contrib" / "testparseutil.py"
        scripts = [p for p in (self._script, beside) if p.is_file()]
        self.identity = ["code", python.full, *(digest(p.read_bytes()) for p in scripts)]

    def look(self, directory: Path, paths: Sequence[str]) -> list[Remark]:
        """As in FileTool."""
        options = ["--warnings", "--per-file=0"]
        return read(run([self._python.path, self._script, *options, "--", *paths], directory))


def read(said: str) -> list[Remark]:
    """What check-code prints: a place, the line there, and one or more messages.

    Raises Unheard for anything else.
    """
    found: list[Remark] = []
    path, line, text = "", 0, ""
    for printed in said.split("\n"):
        place = _PLACE.match(printed)
        if place and not printed.startswith(" "):
            path, line, text = place["path"], int(place["line"]), ""
        elif printed.startswith(" > ") and path:
            text = printed[3:]
        elif printed.startswith(" ") and path and printed.strip():
            found.append(Remark(path, line, printed.strip(), text))
        elif printed.strip() and not _SKIPPED.match(printed):
            raise Unheard(f"check-code.py says what cannot be read: {printed[:100]!r}")
    return found
