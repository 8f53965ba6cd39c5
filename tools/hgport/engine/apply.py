"""Apply a series of patches to a tree in memory, with Mercurial's own patcher.

A tree is a function from a path to that file's content.  Nothing is written anywhere, and
Mercurial is imported when the first patch is applied.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from difflib import SequenceMatcher
from typing import TYPE_CHECKING

from hgport.engine.outcome import HunkResult, Outcome, PatchResult, Reader, SeriesResult
from hgport.model.patch import Patch

if TYPE_CHECKING:
    from hgport.engine.hgpatcher import Attempt

__all__ = ["HunkResult", "Outcome", "PatchResult", "SeriesResult", "apply_series", "is_there"]


def _none(path: str) -> bool:
    return False


def apply_series(
    read: Reader,
    patches: Sequence[Patch],
    *,
    fuzz: int = 0,
    is_directory: Callable[[str], bool] = _none,
) -> SeriesResult:
    """Apply patches one upon the other.

    ``read`` gives the content of a file of the tree by its path, None where there is none or a
    directory.  It must not follow symbolic links: a link's content is its target.  ``fuzz`` is
    how many lines of context a hunk may lose.  ``is_directory`` says whether a path is a directory
    of the tree, which no file may replace.  Patches after one that is in conflict are not
    tried.  Raises UsageError for a patch that would write through a link or a file as if it were a
    directory.
    """
    files: dict[str, bytes | None] = {}
    modes: dict[str, str] = {}
    results: list[PatchResult] = []

    def current(path: str) -> bytes | None:
        return files[path] if path in files else read(path)

    stopped = False
    for patch in patches:
        if stopped:
            results.append(PatchResult(patch, Outcome.NOT_TRIED))
            continue
        result = _apply(current, patch, fuzz, is_directory)
        if result.outcome is Outcome.APPLIED:
            result = replace(result, repeats=_repeated(read, patch, results))
        results.append(result)
        files.update(result.files)
        modes.update(result.modes)
        stopped = result.outcome is Outcome.CONFLICT
    return SeriesResult(tuple(results), files, modes)


def _repeated(read: Reader, patch: Patch, before: Sequence[PatchResult]) -> str:
    """The name of the patch with which a change came in, "" if the tree had it before them all."""
    files: dict[str, bytes | None] = {}

    def current(path: str) -> bytes | None:
        return files[path] if path in files else read(path)

    name = ""
    for result in before:
        if is_there(current, patch):
            break
        files.update(result.files)
        name = result.patch.name if result.outcome.changes_tree else name
    return name if name and _brought(read, current, patch) else ""


def _brought(before: Reader, after: Reader, patch: Patch) -> bool:
    """Whether a change that is there after patches came with them: without it the tree is then
    nearer to what it was before.  If it had the change and they made only what is round it, the
    tree is farther from that."""
    from hgport.engine import hgpatcher

    without = hgpatcher.undone(after, patch)
    nearer = 0
    for path in patch.paths:
        had = before(path)
        nearer += _distance(had, after(path)) - _distance(had, without.get(path, had))
    return nearer > 0


def _distance(one: bytes | None, other: bytes | None) -> int:
    """How many lines have to be removed and added to make one file of another."""
    if one == other:
        return 0
    # a file that is there is not none, even if it is empty
    old, new = ([b""] * (f is not None) + (f or b"").splitlines(True) for f in (one, other))
    matches = SequenceMatcher(None, old, new, autojunk=False).get_matching_blocks()
    return len(old) + len(new) - 2 * sum(match.size for match in matches)


def is_there(read: Reader, patch: Patch) -> bool:
    """Whether the tree that ``read`` reads (as in apply_series) has all of the patch's change."""
    from hgport.engine import hgpatcher

    return hgpatcher.is_there(read, patch)


def is_affected(read: Reader, patch: Patch) -> bool:
    """Whether the tree has any of the files that the patch modifies; true if it only adds some."""
    before = [c.path if c.old_path is None else c.old_path for c in patch.files if c.kind != "add"]
    return not before or any(read(path) is not None for path in before)


def _apply(
    read: Reader, patch: Patch, fuzz: int, is_directory: Callable[[str], bool]
) -> PatchResult:
    from hgport.engine import hgpatcher

    affected = is_affected(read, patch)
    attempt = hgpatcher.attempt(read, patch, fuzz) if affected else None
    doubtful = attempt is None or attempt.failed or attempt.unanchored
    if doubtful and hgpatcher.is_there(read, patch):
        return PatchResult(patch, Outcome.APPLIED)
    if attempt is None:
        return PatchResult(patch, Outcome.NOT_AFFECTED)
    if attempt.failed:
        message = attempt.message or _conflict_message(read, attempt)
        return PatchResult(patch, Outcome.CONFLICT, tuple(attempt.hunks), message)
    for path, content in attempt.files.items():
        if content is not None and is_directory(path):
            return PatchResult(patch, Outcome.CONFLICT, message=f"{path} is a directory there")
    return PatchResult(
        patch,
        _placed(attempt),
        tuple(attempt.hunks),
        files=attempt.files,
        modes=attempt.modes,
        copies=attempt.copies,
    )


def _placed(attempt: Attempt) -> Outcome:
    if any(hunk.fuzz for hunk in attempt.hunks):
        return Outcome.FUZZ
    if any(hunk.offset for hunk in attempt.hunks):
        return Outcome.OFFSET
    return Outcome.CLEAN


def _conflict_message(read: Reader, attempt: Attempt) -> str:
    """One line that names the files and the hunks that were rejected."""
    by_file: dict[str, list[HunkResult]] = {}
    for hunk in attempt.hunks:
        if hunk.rejected:
            by_file.setdefault(hunk.file, []).append(hunk)
    return "; ".join(_file_message(read, path, hunks) for path, hunks in by_file.items())


def _file_message(read: Reader, path: str, hunks: list[HunkResult]) -> str:
    if read(path) is None:
        return f"{path} is missing"
    numbers = ", ".join(f"{hunk.number} (line {hunk.line})" for hunk in hunks)
    return f"{path} hunk {numbers}"
