"""What the patches of a series make of a release's files, in memory."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Union

from hgport.engine.apply import apply_series
from hgport.engine.outcome import Outcome
from hgport.model.patch import Patch
from hgport.model.release import Release
from hgport.upstream.contents import Contents

_BROKEN = (Outcome.CONFLICT, Outcome.NOT_TRIED)

# the files that differ from the release's, None for one that is gone, and, sorted, those of them
# that are executable though they were not
Patched = tuple[Mapping[str, Union[bytes, None]], tuple[str, ...]]


def patched(contents: Contents, release: Release, patches: Sequence[Patch]) -> Patched | str:
    """The release with all the patches, or why one does not apply.  Raises OutsideError for
    trouble with the network or the disk."""
    every = stages(contents, release, patches)
    return every if isinstance(every, str) else every[-1]


def stages(
    contents: Contents, release: Release, patches: Sequence[Patch]
) -> Sequence[Patched] | str:
    """The release with no patch, with the first, and so on; else as ``patched``."""
    if not patches:
        return [({}, ())]
    paths = sorted({path for patch in patches for path in patch.paths})
    known = contents.read(release, paths)

    def read(path: str) -> bytes | None:
        return known[path] if path in known else contents.read(release, [path])[path]

    files: dict[str, bytes | None] = {}
    modes: dict[str, str] = {}
    found: list[Patched] = [({}, ())]
    for result in apply_series(read, patches).results:
        if result.outcome in _BROKEN:
            return f"{result.patch.name} does not apply to {release.version}"
        files.update(result.files)
        modes.update(result.modes)
        found.append((dict(files), tuple(sorted(p for p, mode in modes.items() if mode == "x"))))
    return found
