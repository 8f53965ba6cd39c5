"""What the tests of the proof share."""

from __future__ import annotations

import dataclasses
import functools
import hashlib
import json
from pathlib import Path

from hgport.model.catalogue import Catalogue
from hgport.model.release import Release
from hgport.places import project_dir
from hgport.proof import interpreters
from hgport.proof.evidence import Evidence, Request
from hgport.proof.interpreters import Interpreter
from programs import missing


def catalogue() -> Catalogue:
    return Catalogue.load(project_dir() / "patches" / "releases.toml")


def interpreter(release: Release, version: str | None = None) -> Interpreter:
    """One that suits the release; without one the test is skipped, or fails where CI runs."""
    wanted = (version,) if version else release.pythons
    found = _machine(wanted)
    suiting = [found[python] for python in wanted if python in found]
    if not suiting:
        missing(f"no Python {' or '.join(wanted)} on this machine")
    return suiting[0]


@functools.cache
def _machine(versions: tuple[str, ...]) -> dict[str, Interpreter]:
    return interpreters.find(versions)


def blob(number: int, size: int = 1000) -> tuple[str, bytes]:
    """A blob's sha256 and content."""
    data = bytes([number]) * size
    return hashlib.sha256(data).hexdigest(), data


def batch(*oids: str) -> bytes:
    """The body of the request that begins an upload."""
    objects = [{"oid": oid, "size": 1000} for oid in oids]
    return json.dumps({"operation": "upload", "objects": objects}).encode()


def put(oid: str, connection: int = 1, number: int = 1, **more: object) -> Request:
    """The record of an upload; a good one unless told otherwise."""
    about = {
        "method": "PUT",
        "path": f"/lfs/objects/{oid}",
        "object": oid,
        "announced": 1000,
        "received": 1000,
        "sha256": oid,
        "status": 200,
        "outcome": "answered",
        **more,
    }
    return Request(connection, number, **about)  # type: ignore[arg-type]


def evidence(*requests: Request, **more: object) -> Evidence:
    """What was seen of a push that ended well, unless told otherwise."""
    about = {
        "exit_code": 0,
        "output": "",
        "stalled": False,
        "timed_out": False,
        "seconds": 0.5,
        "wanted": (blob(1)[0], blob(2)[0]),
        "leaked": (),
        **more,
    }
    return Evidence(requests, **about)  # type: ignore[arg-type]


def deadly(place: Path, python: Interpreter) -> Interpreter:
    """An interpreter that is like another, but kills whoever has it run a program."""
    script = place / f"python{python.version}"
    script.write_text(f"""#!/bin/sh
case " $* " in *" -c "*) exec {python.path} "$@";; esac
kill -KILL $PPID
""")
    script.chmod(0o755)
    return dataclasses.replace(python, path=script)
