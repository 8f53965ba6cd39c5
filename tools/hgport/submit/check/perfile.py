"""Put the files that patches touch to a tool, after each patch: what it says that it did not say
before the patch is a finding."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from hgport.model.patch import FileChange, Patch
from hgport.submit.check.filetools import Content, FileTool, ask
from hgport.submit.check.remark import Remark

# the files that differ from the release's, None for one that is gone
Stage = Mapping[str, "bytes | None"]


@dataclass(frozen=True)
class Touched:
    """A file that a patch, the ``number``-th from 0, changes: its content before (None: there was
    none; of a renamed file, that under its old name, which is ``was``) and after the patch."""

    number: int
    path: str
    before: bytes | None
    after: bytes
    was: str


def touched(patches: Sequence[Patch], release: Stage, stages: Sequence[Stage]) -> list[Touched]:
    """The files that each patch leaves changed or new.

    ``release`` holds the release's own files, as far as the patches touch them, and ``stages`` what
    differs from that with no patch, with the first, and so on.
    """
    found = []
    for number, patch in enumerate(patches):
        was = {**release, **stages[number]}
        now = {**release, **stages[number + 1]}
        changes: dict[str, FileChange] = {}
        for change in patch.files:
            changes.setdefault(change.path, change)
        for path, change in changes.items():
            after = now.get(path)
            if after is not None and change.mode != "l":
                moved = change.kind in ("rename", "copy") and change.old_path
                old = change.old_path if moved and change.old_path else path
                found.append(Touched(number, path, was.get(old), after, old))
    return found


Wanted = Callable[[str, bytes], bool]
Said = Mapping[Content, Sequence[Remark]]


def listen(tool: FileTool, files: Sequence[Touched], wanted: Wanted) -> tuple[list[Touched], Said]:
    """The files that the tool is to look at, and what it says of each of their contents.

    Raises what ``ask`` does.
    """
    chosen = [one for one in files if wanted(one.path, one.after)]
    return chosen, ask(tool, _contents(chosen))


def _contents(files: Sequence[Touched]) -> Iterator[Content]:
    for one in files:
        if one.before is not None:
            yield one.path, one.before
        yield one.path, one.after
