"""Cells that were left to be looked at: what is where, and what is needed to run one again.

========================  =======================================================================
``again``                 a script that runs the cell once more, with ``again.py`` of this room
``cell.json``             the release, the interpreter and the row
``ground``                the unpatched tree, and the repositories as they were in the beginning
``tree``                  the tree under test
``ran``                   what the last run left: repositories, configuration, the probe's record
========================  =======================================================================
"""

from __future__ import annotations

import json
import os
import shlex
import shutil
import sys
from dataclasses import asdict, dataclass
from pathlib import Path

from hgport.errors import UsageError
from hgport.files import built_beside, disk_errors, remove_tree
from hgport.model.release import Release
from hgport.proof import followups, scenarios
from hgport.proof.interpreters import Interpreter
from hgport.proof.scenarios import Scenario
from hgport.proof.world import Ground

_ABOUT = "cell.json"


@dataclass(frozen=True)
class Kept:
    """A cell that was left in ``place``."""

    place: Path
    ground: Ground
    row: Scenario

    @property
    def tree(self) -> Path:
        """The tree under test."""
        return self.place / "tree"

    @property
    def ran(self) -> Path:
        """What the last run left."""
        return self.place / "ran"


def leave(place: Path, ground: Ground, tree: Path, row: Scenario, ran: Path) -> None:
    """Leave a cell that was run in ``ran`` in the directory ``place``, in place of what is there.

    Raises OutsideError if the disk refuses.
    """
    repositories = ground.repositories(row.operation).place
    remove_tree(place)
    with built_beside(place) as beside:
        _copy(ran, beside / "ran")
        _copy(tree, beside / "tree")
        # only a server runs from it
        _link(ground.tree, beside / "ground" / ground.tree.name)
        _copy(repositories, beside / "ground" / repositories.name)
        about = {
            "release": asdict(ground.release),
            "interpreter": {**asdict(ground.interpreter), "path": str(ground.interpreter.path)},
            "row": [row.server, row.name],
        }
        (beside / _ABOUT).write_text(json.dumps(about, indent=2))
        words = [sys.executable, "-m", "hgport.proof.again", str(place.absolute())]
        (beside / "again").write_text(f"#!/bin/sh\nexec {shlex.join(words)}\n")
        (beside / "again").chmod(0o755)


def _copy(source: Path, target: Path) -> None:
    """Copy a directory, so that a person may write to what lies there."""
    with disk_errors(f"write {target}"):
        shutil.copytree(source, target, symlinks=True)
        for directory, _directories, names in os.walk(target):
            for name in names:
                path = Path(directory) / name
                if not path.is_symlink():
                    path.chmod(path.stat().st_mode | 0o200)


def _link(source: Path, target: Path) -> None:
    """As ``_copy``, with hard links to read-only files where the file system has them."""
    try:
        shutil.copytree(source, target, symlinks=True, copy_function=os.link)
    except (OSError, shutil.Error):
        remove_tree(target)
        _copy(source, target)


def read(place: Path) -> Kept:
    """The cell that was left in a directory.  Raises UsageError if there is none that this hgport
    can run."""
    try:
        about = json.loads((place / _ABOUT).read_bytes())
        release = Release(**{**about["release"], "pythons": tuple(about["release"]["pythons"])})
        python = about["interpreter"]
        interpreter = Interpreter(**{**python, "path": Path(python["path"])})
        server, name = about["row"]
    except (OSError, ValueError, KeyError, TypeError) as err:
        raise UsageError(f"{place} holds no cell that hgport test --keep has left") from err
    for row in (*followups.EVERY, *scenarios.REAL):
        if (row.server, row.name) == (server, name):
            return Kept(place, Ground(release, interpreter, place / "ground"), row)
    raise UsageError(f"{place}: the table of scenarios has no {name!r} any more")
