"""Run one cell: one scenario, in one world, against a server of its own.  What was seen is the
``Evidence``; whether that is as it should be is for ``judge`` to say.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import shutil
import tempfile
import time
from pathlib import Path
from typing import Any

from hgport.process import Finished
from hgport.proof import inside, kept, realservers
from hgport.proof.evidence import Attempt, Evidence
from hgport.proof.host import Host
from hgport.proof.scenarios import BUNDLE, DOWNLOAD, EMBEDDED, LARGEFILES, Scenario
from hgport.proof.server import Server
from hgport.proof.world import Client, Ground, Hg, blobs, copied, write_config

_KEPT_OUTPUT = 4000
_PROBE = Path(inside.__file__).with_name("probe.py")
_PROBED = "probe.jsonl"


def run_cell(
    ground: Ground,
    tree: Path,
    row: Scenario,
    keep: Path | None = None,
    hg: Client | None = None,
) -> Evidence:
    """Run one scenario with the ``hg`` of a tree of the ground's release; ``hg`` is what runs it,
    if that is not to be a process of its own.

    What it worked on is left in the directory ``keep``, if that is given, to be looked at and run
    again; what was there goes.  Raises OutsideError for trouble with the disk, ProgramFailed if
    the release cannot even make the repositories.
    """
    with tempfile.TemporaryDirectory(prefix="cell-", dir=ground.place) as directory:
        evidence = run_in(Path(directory), ground, tree, row, hg)
        if keep is not None:
            kept.leave(keep, ground, tree, row, Path(directory))
        return evidence


def run_in(
    place: Path, ground: Ground, tree: Path, row: Scenario, hg: Client | None = None
) -> Evidence:
    """As ``run_cell``, in an empty directory, which stays."""
    hg = hg or Hg(ground.interpreter.path, tree)
    repositories = ground.repositories(row.operation)
    copied(repositories, place)
    with _host(ground, place, row) as host:
        finished, seconds = _run_client(hg, row, place, host)
        host.settle()
    return Evidence(
        requests=host.requests(),
        exit_code=finished.code,
        # the same run prints the same wherever it is made
        output=_printed(finished).replace(str(place), "$CELL")[-_KEPT_OUTPUT:],
        stalled=host.stalled.is_set(),
        timed_out=finished.timed_out,
        seconds=round(seconds, 3),
        wanted=repositories.wanted,
        kept=_downloaded(place) if row.operation.kind == DOWNLOAD else host.kept(),
        **_probed(place),
    )


def _host(ground: Ground, place: Path, row: Scenario) -> Host:
    if row.server != EMBEDDED:
        return realservers.host(ground, place, row)
    operation = row.operation
    return Server(
        row.fault,
        tls=row.transport == "https",
        blobs=blobs(operation) if operation.kind == DOWNLOAD else {},
        repository=operation.kind in (BUNDLE, LARGEFILES),
        post_arguments=operation.post_arguments,
    )


def _run_client(hg: Client, row: Scenario, place: Path, host: Host) -> tuple[Finished, float]:
    """Run the client of a row in ``place``; also return the seconds that it took."""
    write_config(place / "home", row.operation.kind, _config(place, host, row))
    started = time.monotonic()
    finished = hg(
        _command(place, host, row),
        cwd=place / "client",
        home=place / "home",
        more=_probe_environment(place, row),
        timeout=row.most_seconds,
        allowed=None,
    )
    return finished, time.monotonic() - started


def _command(place: Path, host: Host, row: Scenario) -> list[str | Path]:
    if row.operation.kind == DOWNLOAD:
        return ["update", "--clean", "tip"]
    return ["push", host.repository_url or place / "peer"]


def _printed(finished: Finished) -> str:
    return (finished.stdout + finished.stderr).decode("utf-8", "replace")


def _config(place: Path, host: Host, row: Scenario) -> str:
    """What the client is told about the server and the row."""
    url = f"url = {host.lfs_url}\n" if host.lfs_url else ""
    config = f"""\
[lfs]
{url}usercache = {place / "usercache"}
[largefiles]
usercache = {place / "usercache"}
[experimental]
lfs.worker-enable = {row.workers}
[worker]
numcpus = 4
[extensions]
hgportprobe = {_probe(place)}
"""
    if host.authority is not None:
        (place / "authority.pem").write_bytes(host.authority)
        config += f"[web]\ncacerts = {place / 'authority.pem'}\n"
    return config + host.config


def _probe(place: Path) -> Path:
    """A copy of the probe, since Python puts bytecode beside what it reads."""
    return Path(shutil.copy(_PROBE, place / _PROBE.name))


def _probe_environment(place: Path, row: Scenario) -> dict[str, str]:
    stores = ("client/.hg/store/lfs/objects", "client/.hg/largefiles", "usercache")
    return {
        "HGPORT_PROBE": str(place / _PROBED),
        "HGPORT_PROBE_ROOT": f"{place}/",
        "HGPORT_PROBE_DISK": row.fault.disk or "",
        "HGPORT_PROBE_BLOBS": os.pathsep.join(str(place / store) for store in stores),
    }


def _probed(place: Path) -> dict[str, Any]:
    """What the client's probe wrote down, as parts of the evidence."""
    seen: dict[str, list[dict[str, Any]]] = {"attempt": [], "changed": [], "open": []}
    with contextlib.suppress(FileNotFoundError):
        for line in (place / _PROBED).read_text().splitlines():
            about = json.loads(line)
            seen[about.pop("kind")].append(about)
    return {
        "attempts": tuple(Attempt(**about) for about in seen["attempt"]),
        "changed": tuple(about["file"] for about in seen["changed"]),
        "leaked": tuple(seen["open"][0]["files"]) if seen["open"] else None,
    }


def _downloaded(place: Path) -> tuple[str, ...]:
    """The sha256 (hex) of all that is in the client's working copy and in its store of blobs, but
    for what was not whole and has no name there: a client that is killed leaves it behind."""
    client = place / "client"
    files = [*client.glob("blob*"), *(client / ".hg/store/lfs/objects").rglob("*")]
    whole = (path for path in files if path.is_file() and not path.name.startswith("."))
    return tuple(sorted({_sha256(path) for path in whole}))


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
