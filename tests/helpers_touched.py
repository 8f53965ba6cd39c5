"""Releases of Mercurial, as far as our patches touch them."""

from __future__ import annotations

from pathlib import Path

from hgport.model.release import Release
from hgport.model.stack import Port
from hgport.upstream.contents import Contents


def touched(release: Release, port: Port, directory: Path) -> Path:
    """The files of a release that its port touches, and nothing else."""
    paths = sorted({path for patch in port.series.patches for path in patch.paths})
    with Contents() as contents:
        found = contents.read(release, paths)
    for path, data in found.items():
        if data is not None:
            (directory / path).parent.mkdir(parents=True, exist_ok=True)
            (directory / path).write_bytes(data)
    return directory
