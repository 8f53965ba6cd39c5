"""Run one cell: one scenario, in one world, against a server of its own.  What was seen is the
``Evidence``; whether that is as it should be is for ``judge`` to say.
"""

from __future__ import annotations

import tempfile
import time
from pathlib import Path

from hgport.process import Finished
from hgport.proof.evidence import MOST_SECONDS, Evidence
from hgport.proof.scenarios import Scenario
from hgport.proof.server import PASSWORD, USER, Server, authority_pem
from hgport.proof.world import Ground, Hg, copied, write_config

_KEPT_OUTPUT = 4000


def run_cell(ground: Ground, tree: Path, row: Scenario) -> Evidence:
    """Run one scenario with the ``hg`` of a tree of the ground's release.

    Raises OutsideError for trouble with the disk, ProgramFailed if the release cannot even make
    the repositories.
    """
    repositories = ground.repositories(row.operation)
    with tempfile.TemporaryDirectory(prefix="cell-", dir=ground.place) as directory:
        place = Path(directory)
        copied(repositories, place)
        with Server(row.fault, tls=row.transport == "https") as server:
            write_config(place / "home", _config(place, server, row))
            hg = Hg(ground.interpreter.path, tree)
            started = time.monotonic()
            finished = hg(
                ["push", place / "peer"],
                cwd=place / "client",
                home=place / "home",
                timeout=MOST_SECONDS,
                allowed=None,
            )
            seconds = time.monotonic() - started
            server.settle()
    return _evidence(server, finished, seconds, place)


def _evidence(server: Server, finished: Finished, seconds: float, place: Path) -> Evidence:
    output = (finished.stdout + finished.stderr).decode("utf-8", "replace")
    return Evidence(
        requests=server.requests(),
        exit_code=finished.code,
        # the same run prints the same wherever it is made
        output=output.replace(str(place), "$CELL")[-_KEPT_OUTPUT:],
        stalled=server.stalled.is_set(),
        timed_out=finished.timed_out,
        seconds=round(seconds, 3),
    )


def _config(place: Path, server: Server, row: Scenario) -> str:
    authority = place / "authority.pem"
    authority.write_bytes(authority_pem())
    return f"""\
[lfs]
url = {server.url}
usercache = {place / "usercache"}
[experimental]
lfs.worker-enable = {row.workers}
[web]
cacerts = {authority}
[auth]
server.prefix = localhost:{server.port}
server.schemes = http https
server.username = {USER}
server.password = {PASSWORD}
"""
