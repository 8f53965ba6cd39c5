"""Compare two series of patches: which patch is which, and how they differ."""

from __future__ import annotations

import enum
import itertools
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from hgport.engine import matching
from hgport.engine.headers import description_of
from hgport.engine.hunks import FileDiff, file_diffs
from hgport.engine.outcome import Edit
from hgport.engine.render import render_patch
from hgport.engine.stylefree import changes
from hgport.model.patch import FileChange, Patch

# lines of a diff's header that say nothing of what it does
_IDLE = (b"index ", b"--- ", b"+++ ", b"diff ", b"Index: ", b"====", b"similarity index ")
_HUNK = re.compile(rb"@@ -(\d+)")


class Status(enum.Enum):
    """How a patch of one series stands to the other; the values are the marks of git range-diff."""

    SAME = "="
    CHANGED = "!"
    DROPPED = "<"
    ADDED = ">"


@dataclass(frozen=True)
class Match:
    """A patch of the old series and what the new one has for it; None where it has none.

    ``old_number`` and ``new_number`` are their places in the series, from 1.  ``diff`` is the
    difference between the two, line by line, "" marks included: empty unless they differ.
    """

    status: Status
    old: Patch | None
    new: Patch | None
    old_number: int | None
    new_number: int | None
    diff: tuple[str, ...] = ()


def compare(
    olds: Sequence[Patch], news: Sequence[Patch], *, format_aware: bool = False
) -> tuple[Match, ...]:
    """Compare two series, in the order of the new one, each dropped patch where it was.

    Where hunks are, and which blobs git has named, makes no difference; nor does the date.
    ``format_aware`` hides what is only style or context.
    """
    found = matching.pairs(olds, news, matching.same_name, matching.same_content)
    made = {j: _match(olds, news, i, j, format_aware) for j, i in found.items()}
    return tuple(_in_order(olds, news, made))


def _in_order(
    olds: Sequence[Patch], news: Sequence[Patch], made: dict[int, Match]
) -> Iterator[Match]:
    matched = {match.old_number for match in made.values()}
    shown = 0  # of the old series, the patches that were passed
    for j, new in enumerate(news):
        match = made.get(j)
        if match is None:
            yield Match(Status.ADDED, None, new, None, j + 1)
            continue
        upto = match.old_number or 0
        yield from _dropped(olds, range(shown, upto), matched)
        shown = max(shown, upto)
        yield match
    yield from _dropped(olds, range(shown, len(olds)), matched)


def _dropped(olds: Sequence[Patch], places: range, matched: set[int | None]) -> Iterator[Match]:
    for i in places:
        if i + 1 not in matched:
            yield Match(Status.DROPPED, olds[i], None, i + 1, None)


def _match(
    olds: Sequence[Patch], news: Sequence[Patch], i: int, j: int, format_aware: bool
) -> Match:
    view = _style_free if format_aware else _whole
    diff = _difference(*view(olds[i], news[j]))
    status = Status.CHANGED if diff else Status.SAME
    return Match(status, olds[i], news[j], i + 1, j + 1, tuple(diff))


# a patch as a text


def _whole(old: Patch, new: Patch) -> tuple[list[bytes], list[bytes]]:
    """Two patches as texts, with everything but the places of hunks."""
    return _whole_text(old), _whole_text(new)


def _whole_text(patch: Patch) -> list[bytes]:
    lines = _head(patch)
    for change, diff in file_diffs(patch):
        lines += _file_head(change, diff) + diff.binary
        for hunk in diff.hunks:
            lines += [b"@@\n", *hunk]
    return lines


def _style_free(old: Patch, new: Patch) -> tuple[list[bytes], list[bytes]]:
    """Two patches as texts that tell what they do, and not in which style."""
    first = {change.path: (change, diff) for change, diff in file_diffs(old)}
    second = {change.path: (change, diff) for change, diff in file_diffs(new)}
    texts = _head(old), _head(new)
    told = {
        path: changes(path, first.get(path, _NONE)[1], second.get(path, _NONE)[1])
        for path in {**first, **second}
    }
    for which, (files, text) in enumerate(zip((first, second), texts)):
        for path, (change, diff) in files.items():
            text += _file_head(change, diff) + diff.binary
            text += [line + b"\n" for line in told[path][which]]
    return texts


_NONE = (None, FileDiff())


def _head(patch: Patch) -> list[bytes]:
    user = [f"From: {patch.user}\n"] if patch.user else []
    text = [f"    {line}".rstrip() + "\n" for line in description_of(patch).split("\n")]
    return [line.encode("utf-8", "surrogateescape") for line in [*user, "## text ##\n", *text]]


def _file_head(change: FileChange, diff: FileDiff) -> list[bytes]:
    kind = "" if change.kind == "modify" else f" ({change.kind})"
    name = f"## {change.path}{kind} ##\n".encode("utf-8", "surrogateescape")
    return [name, *(line for line in diff.header if not line.startswith(_IDLE))]


# the difference


def _difference(old: list[bytes], new: list[bytes]) -> list[str]:
    """A diff of two texts; each hunk names the section that its first change is in."""
    if old == new:
        return []
    edit = Edit("text", _joined(old), _joined(new))
    lines = render_patch(b"", [edit]).split(b"\n")[3:-1]
    for at, line in enumerate(lines):
        found = _HUNK.match(line)
        if found:
            context = itertools.takewhile(lambda one: one.startswith(b" "), lines[at + 1 :])
            lines[at] = _section(old[: max(int(found[1]) - 1, 0) + len(list(context))])
    return [line.decode("utf-8", "replace") for line in lines]


def _section(above: list[bytes]) -> bytes:
    """The heading of a hunk below these lines."""
    names = [one.strip(b"# \n") for one in above if one.startswith(b"## ")]
    return b"@@ " + (names[-1] if names else b"header") + b" @@"


def _joined(lines: list[bytes]) -> bytes:
    # a NUL would make it a binary file
    ended = (line if line.endswith(b"\n") else line + b"\n" for line in lines)
    return b"".join(ended).replace(b"\0", b"\\0")
