"""A piece of work: some rows of the table, on one release with some files replaced.

It is plain data, and what does it is a plain function, so that it can be done in any process, on
any machine.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Union

from hgport.errors import HgportError, OutsideError
from hgport.model.release import Release
from hgport.proof.cell import run_cell
from hgport.proof.evidence import Evidence
from hgport.proof.interpreters import Interpreter
from hgport.proof.scenarios import Scenario
from hgport.proof.warmed import NotWarm, warm
from hgport.proof.world import Client, Ground, ground, world

# what comes of a piece of work: the evidence of each row, or why there is none
Done = Union["list[Evidence]", str]
NOT_RUN = "could not be run: "
# rows whose commands take longer when each is started anew
_WORTH_WARMING = 5


@dataclass(frozen=True)
class Work:
    """Run ``rows`` on a release with the files of ``replaced`` in place of its own, some of them
    ``executable`` (as in ``tree.world``).

    ``keep`` has, if it is not empty, a directory for each row, where its cell is left for looking
    at.  ``fresh``: every command is a process of its own, started for it.
    """

    release: Release
    interpreter: Interpreter
    replaced: Mapping[str, bytes | None]
    executable: tuple[str, ...]
    rows: tuple[Scenario, ...]
    keep: tuple[Path, ...] = ()
    fresh: bool = False


def _run(base: Ground, tree: Path, row: Scenario, keep: Path | None, hg: Client | None) -> Evidence:
    try:
        return run_cell(base, tree, row, keep, hg)
    except NotWarm:
        # it would have saved time, no more
        return run_cell(base, tree, row, keep)


def _client(work: Work, base: Ground, tree: Path) -> AbstractContextManager[Client | None]:
    if work.fresh or len(work.rows) < _WORTH_WARMING:
        return nullcontext()
    return warm(base.interpreter.path, tree, base.place)


def do(work: Work, room: Path) -> Done:
    """Do a piece of work in a room.  Raises OutsideError for trouble with the network or the
    disk."""
    keep = work.keep or (None,) * len(work.rows)
    try:
        base = ground(room, work.release, work.interpreter)
        with (
            world(base, work.replaced, work.executable) as tree,
            _client(work, base, tree) as hg,
        ):
            # the first is the sample that is run in a process of its own
            clients = (hg if number else None for number in range(len(work.rows)))
            return [_run(base, tree, *one) for one in zip(work.rows, keep, clients)]
    except OutsideError as err:
        # as plain as it can be: it has to get from one process to another
        raise OutsideError(err.message, err.hint) from None
    except HgportError as err:
        return NOT_RUN + err.message
