"""Run a cell again that ``hgport test --keep`` has left: ``python -m hgport.proof.again DIR``.

It prints the client's command as a person would type it, what came of it, and what the server saw.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Iterator
from pathlib import Path

from hgport.errors import HgportError
from hgport.files import disk_errors, remove_tree
from hgport.output import say
from hgport.proof import judge, kept
from hgport.proof.cell import run_in
from hgport.proof.evidence import Evidence
from hgport.proof.kept import Kept


def again(place: Path) -> int:
    """Run the cell of a directory in its ``ran``, print what came of it and return the client's
    exit code.  Raises HgportError."""
    cell = kept.read(place.absolute())
    remove_tree(cell.ran)
    with disk_errors(f"write {cell.ran}"):
        cell.ran.mkdir()
    seen = run_in(cell.ran, cell.ground, cell.tree, cell.row)
    say(*_told(cell, seen))
    return seen.exit_code


def _told(cell: Kept, seen: Evidence) -> Iterator[str]:
    ground = cell.ground
    yield f"{ground.release.version}, Python {ground.interpreter.version}: {cell.row.name}"
    yield f"hg:       {ground.interpreter.path} {cell.tree / 'hg'}"
    yield f"in:       {cell.ran}, with HGRCPATH={cell.ran / 'home' / 'hgrc'} and HGMODULEPOLICY=py"
    yield f"seen:     {judge.observed(seen, cell.row)}, in {seen.seconds:.1f} s"
    for attempt in seen.attempts:
        how = f"rewound {attempt.rewinds} times, read {attempt.reads} times"
        yield f"attempt:  {attempt.body} to {attempt.url}: {how}"
    for request in seen.requests:
        number = f"{request.connection}.{request.number}"
        body = f"{request.received} of {request.announced} bytes"
        words = (request.method, request.path[:60], body, request.outcome, request.detail)
        yield f"request:  {number} {' '.join(filter(None, words))}"
    for line in seen.output.splitlines():
        yield f"printed:  {line}"


def main() -> int:
    """The program: the client's exit code, 128 and its signal if it was killed; for what goes
    wrong one line, and a code of ``hgport``."""
    if len(sys.argv) != 2:
        print("usage: python -m hgport.proof.again DIR", file=sys.stderr)
        return 2
    try:
        code = again(Path(sys.argv[1]))
    except KeyboardInterrupt:
        return _complain("interrupted", None, 130)
    except HgportError as err:
        return _complain(err.message, err.hint, err.exit_code)
    except BrokenPipeError:
        # what is left in the buffer would be complained about at exit
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 128 + signal.SIGPIPE
    except OSError as err:
        where = f" {err.filename}" if err.filename else ""
        return _complain(f"cannot go on: {err.strerror or err}{where}", None, 3)
    return code if code >= 0 else 128 - code


def _complain(message: str, hint: str | None, code: int) -> int:
    print(f"hgport: {message}" + (f" ({hint})" if hint else ""), file=sys.stderr)
    return code


if __name__ == "__main__":
    sys.exit(main())
