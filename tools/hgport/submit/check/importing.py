"""``contrib/import-checker.py`` of a release, on its whole tree, as its own test has it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from hgport.engine import hg
from hgport.errors import HgportError
from hgport.proof.interpreters import Interpreter
from hgport.submit.check import selection
from hgport.submit.check.filetools import Unheard
from hgport.submit.check.remark import Remark
from hgport.submit.check.running import run

_REMARK = re.compile(r"(?P<path>[^:]+):(?P<line>\d+): (?P<what>.+)$")
# the script is what the test of newer releases runs
_PLACES = ("contrib/check-import", "tests/test-check-module-imports.t")


def import_checker(tree: Path, python: Interpreter) -> tuple[list[Remark], int]:
    """What it says of a tree, which is a repository's, and of how many files.

    Raises Unheard if it breaks, if what it says cannot be read, or if nobody can tell which files
    it is to look at.
    """
    files = _files(tree)
    script = tree / "contrib" / "import-checker.py"
    said = run([python.path, script, "-"], tree, stdin=b"".join(f + b"\n" for f in files))
    return read(said), len(files)


def _files(tree: Path) -> Sequence[bytes]:
    for name in _PLACES:
        path = tree / name
        words = selection.command(path.read_text("utf-8", "replace")) if path.is_file() else None
        if words:
            try:
                found = hg.run(*words, cwd=tree).stdout.splitlines()
            except HgportError as err:
                raise Unheard(f"{name} lists its files in a way that fails: {err}") from err
            if found:
                return found
    raise Unheard(f"{_PLACES[-1]} does not say which files import-checker.py looks at")


def read(said: str) -> list[Remark]:
    """What import-checker prints: remarks on lines, and cycles.  Raises Unheard for anything
    else."""
    found = []
    for printed in filter(str.strip, said.split("\n")):
        told = _REMARK.match(printed)
        if told:
            found.append(Remark(told["path"], int(told["line"]), told["what"]))
        elif printed.startswith("Import cycle: "):
            found.append(Remark(None, None, printed))
        else:
            raise Unheard(f"import-checker.py says what cannot be read: {printed[:100]!r}")
    return found
