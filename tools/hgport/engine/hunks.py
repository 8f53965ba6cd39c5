"""The lines of a patch's diff, taken apart: what tells what is done from where it is done."""

from __future__ import annotations

import functools
import io
import re
from collections import Counter
from dataclasses import dataclass, field

from hgport.model.patch import FileChange, Patch

_HUNK = re.compile(rb"@@ -\d+(?:,(\d+))? \+\d+(?:,(\d+))? @@")


@dataclass
class FileDiff:
    """What a diff says of one file.

    ``header`` are the lines above its hunks, ``hunks`` the lines of each hunk without its ``@@``
    line, ``binary`` those of a git binary patch; all with their line ends.
    """

    header: list[bytes] = field(default_factory=list)
    hunks: list[list[bytes]] = field(default_factory=list)
    binary: list[bytes] = field(default_factory=list)


def file_diffs(patch: Patch) -> list[tuple[FileChange, FileDiff]]:
    """Each file of a patch with what its diff says of it, in the patch's order."""
    made = _Splitter(io.BytesIO(patch.body).readlines()).split()
    # a header alone, in a diff that is not git's, changes nothing and is none of the patch's files
    real = [d for d in made if d.hunks or d.binary or d.header[0].startswith(b"diff --git ")]
    return list(zip(patch.files, real))


def changed_lines(diff: FileDiff) -> list[bytes]:
    """The lines that a file's diff removes and adds, marks included."""
    hunks = [line for lines in diff.hunks for line in lines if line.startswith((b"-", b"+"))]
    return hunks + diff.binary


def similarity(one: Patch, other: Patch) -> float:
    """How much of what two patches remove and add is the same, from 0 to 1.

    What becomes of a file without a line of it, such as a rename, counts as a line.
    """
    first, second = _counted(one), _counted(other)
    total = sum(first.values()) + sum(second.values())
    return 2 * sum((first & second).values()) / total if total else 1.0


# with each of another series' patches it may be compared
@functools.lru_cache(maxsize=1024)
def _counted(patch: Patch) -> Counter[tuple[str, bytes]]:
    found: Counter[tuple[str, bytes]] = Counter()
    for change, diff in file_diffs(patch):
        lines = changed_lines(diff) or [change.kind.encode()]
        found.update((change.path, line) for line in lines)
    return found


class _Splitter:
    """Cuts a diff, of which ``read_diff`` has seen that its hunks add up, into files."""

    def __init__(self, lines: list[bytes]) -> None:
        self._lines = lines
        self._files: list[FileDiff] = []
        self._old = self._new = 0

    def split(self) -> list[FileDiff]:
        for at, line in enumerate(self._lines):
            if self._old > 0 or self._new > 0 or line.startswith(b"\\"):
                self._content(line)
            elif not self._hunk(line):
                self._between(line, self._lines[at + 1 : at + 2])
        return self._files

    def _content(self, line: bytes) -> None:
        self._old -= line[:1] in b" -\n"
        self._new -= line[:1] in b" +\n"
        if self._files and self._files[-1].hunks:
            self._files[-1].hunks[-1].append(line)

    def _hunk(self, line: bytes) -> bool:
        found = _HUNK.match(line)
        if found is None or not self._files:
            return False
        self._old, self._new = (1 if n is None else int(n) for n in found.groups())
        self._files[-1].hunks.append([])
        return True

    def _between(self, line: bytes, following: list[bytes]) -> None:
        named = line.startswith(b"--- ") and b"".join(following).startswith(b"+++ ")
        last = self._files[-1] if self._files else None
        begun = last is None or last.hunks or last.binary
        if line.startswith(b"diff --git ") or (named and begun):
            self._files.append(FileDiff([line]))
        elif last is not None and (last.binary or line.startswith(b"GIT binary patch")):
            last.binary.append(line)
        elif last is not None and not last.hunks:
            last.header.append(line)
