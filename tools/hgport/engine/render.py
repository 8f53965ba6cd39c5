"""Write a patch file: a header, and the diff exactly as ``hg export --git`` prints it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping

from hgport.engine.outcome import Edit, PatchResult, Reader
from hgport.model.patch import Patch

_OLD_MODES = re.compile(rb"(?:old|deleted file) mode (\d{6})\r?\n")
_MODES = {b"100755": "x", b"120000": "l"}


def render_patch(header: bytes, edits: Iterable[Edit]) -> bytes:
    """A patch file of these edits below ``header``, which is kept as it is.

    The files come in the order of their names; what is the same before and after is left out.
    """
    from hgport.engine import hgpatcher

    return header + hgpatcher.git_diff(edits)


def edits_of(
    read: Reader, result: PatchResult, mode_of: Callable[[str], str] | None = None
) -> list[Edit]:
    """What a patch that was applied to the tree that ``read`` reads did there.

    ``mode_of`` gives the modes of that tree's files; None takes them from what the patch says of
    them.
    """
    stated = old_modes(result.patch)

    def told(path: str) -> str:
        return stated.get(path, "")

    return [_edit(read, result, path, mode_of or told) for path in result.files]


def _edit(read: Reader, result: PatchResult, path: str, mode_of: Callable[[str], str]) -> Edit:
    source = result.copies.get(path)
    old = read(path if source is None else source)
    before = "" if old is None else mode_of(path if source is None else source)
    after = result.modes.get(path, before)
    return Edit(path, old, result.files[path], before, after, source)


def old_modes(patch: Patch) -> Mapping[str, str]:
    """The modes that files have before a patch, as far as its git headers tell, by path.

    A file that is renamed or copied counts under the name that it has before.
    """
    blocks = re.split(rb"^diff --git ", patch.body, flags=re.M)[1:]
    git = len(blocks) == len(patch.files)
    found = {}
    for change, block in zip(patch.files, blocks if git else ()):
        told = _OLD_MODES.search(block.partition(b"\n@@ ")[0])
        if told:
            found[change.old_path or change.path] = _MODES.get(told[1], "")
    return found
