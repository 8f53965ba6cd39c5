"""black, hgport's own, with a release's settings: what a patch touches must be what black makes of
it, and black may want nothing elsewhere that it did not want before.

The releases were formatted by other versions of black, which wanted other things here and there;
so nobody is blamed for a line that black would change, but that is as it was.
"""

from __future__ import annotations

import difflib
import importlib.metadata
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from hgport.submit.check.filetools import Unheard
from hgport.submit.check.memory import digest
from hgport.submit.check.remark import Remark
from hgport.submit.check.running import run_both

# what it says of a file that is no Python of today
UNREADABLE = "cannot be read"
_SETTINGS = ("black.toml", "pyproject.toml")


def settings(release: Path) -> Path | None:
    """The file with black's settings in a release's tree, None in a release before black."""
    for name in _SETTINGS:
        path = release / name
        if path.is_file() and b"[tool.black]" in path.read_bytes():
            return path
    return None


class Black:
    """The tool, on files one by one; what it says of each is the whole text that it makes of it, as
    the message of one remark, or that it cannot read it."""

    rule = "black"

    def __init__(self, config: Path) -> None:
        self.version = importlib.metadata.version("black")
        self._config = config
        ours = f"{sys.version_info.major}.{sys.version_info.minor}"
        self.identity = ["formatting", self.version, ours, digest(config.read_bytes())]

    def look(self, directory: Path, paths: Sequence[str]) -> list[Remark]:
        """As in FileTool."""
        # the release may want a version of its own; ours is named where it is heard
        options = ["--required-version", self.version, "--quiet", "--workers", "1", "--"]
        words: list[str | Path] = [
            sys.executable,
            "-m",
            "black",
            "--config",
            self._config,
            *options,
        ]
        before = {path: (directory / path).read_bytes() for path in paths}
        # 123: there was a file that it cannot read; that stays as it is
        _out, err = run_both([*words, *paths], directory, codes=(0, 123))
        unreadable = _unreadable(err, paths)
        if err.strip() and not unreadable:
            raise Unheard(f"black complains: {err.strip().splitlines()[-1][:200]}")
        found = [Remark(path, None, UNREADABLE) for path in unreadable]
        for path in paths:
            made = (directory / path).read_bytes()
            if made != before[path]:
                found.append(Remark(path, None, made.decode("utf-8", "surrogateescape")))
        return found


def _unreadable(said: str, paths: Sequence[str]) -> list[str]:
    """The files that black names in its errors."""
    lines = [line for line in said.splitlines() if line.startswith("error: cannot ")]
    # how it goes on is another in each version
    named = (next((p for p in sorted(paths, key=len)[::-1] if p in line), "") for line in lines)
    return sorted({path for path in named if path})


def wanted(
    before: bytes | None, made_before: str | None, after: bytes, made_after: str
) -> Iterator[tuple[int, str]]:
    """What black wants of a file after a patch that it did not want before: the line, and what it
    would write there.

    ``before`` and ``after`` are the file (None: there was none), ``made_before`` and ``made_after``
    what black makes of each (None: it is as black wants it).
    """
    old = (before or b"").decode("utf-8", "surrogateescape").splitlines(True)
    new = after.decode("utf-8", "surrogateescape").splitlines(True)
    known = list(_wishes(old, old if made_before is None else made_before.splitlines(True)))
    story = _Story(old, new, known)
    for wish in _wishes(new, made_after.splitlines(True)):
        yield from _blame(wish, story)


@dataclass(frozen=True)
class _Wish:
    """A place where black would write other lines: those that are there, from ``start`` (counted
    from 0) on, and those that it would write."""

    start: int
    there: tuple[str, ...]
    instead: tuple[str, ...]

    @property
    def words(self) -> str:
        """One line about it."""
        for one in self.instead:
            if one.strip() and one not in self.there:
                return f"black would write {one.strip()!r}"
        gone = Counter(self.there) - Counter(self.instead)
        for one in self.there:
            if one.strip() and gone[one]:
                return f"black would take out {one.strip()!r}"
        return _EMPTY if len(self.instead) > len(self.there) else _OTHER


_EMPTY = "black would have an empty line here"
_OTHER = "black would have other empty lines here"


class _Story:
    """What became of lines: which of the new ones the patch made, and which of those that it left
    were not as black wants them before."""

    def __init__(self, old: Sequence[str], new: Sequence[str], known: Sequence[_Wish]) -> None:
        was = {wish.start + n for wish in known for n in range(len(wish.there))}
        gaps = {wish.start for wish in known if not wish.there}
        self._left: set[int] = set()
        self._gaps: set[int] = set()
        self.count = len(new)
        kept = set()
        # the whole is compared: what is a junk line for difflib is not for black
        matcher = difflib.SequenceMatcher(None, old, new, autojunk=False)
        for i, j, size in matcher.get_matching_blocks():
            self._left |= {j + n for n in range(size) if i + n in was}
            # between two lines that are as they were
            self._gaps |= {j + n for n in range(1, size) if i + n in gaps}
            kept |= {(i + n, j + n) for n in range(size)}
        self._kept = {j for _i, j in kept}
        # what moved is nobody's doing either, as often as it is gone elsewhere
        self._gone = Counter(old[i] for i in was - {i for i, _j in kept})
        self._first_gap = bool(old and new) and 0 in gaps and (0, 0) in kept

    def is_blamed(self, number: int, line: str) -> bool:
        """Whether that black wants another line there is the patch's doing."""
        if number in self._kept:
            return number not in self._left
        self._gone[line] -= 1
        return self._gone[line] < 0

    def is_gap_blamed(self, number: int) -> bool:
        """The same of lines that it wants before that one."""
        return number not in self._gaps and not (number == 0 and self._first_gap)


def _blame(wish: _Wish, story: _Story) -> Iterator[tuple[int, str]]:
    """What of a wish is the patch's doing: the line, and what black wants."""
    if not wish.there:
        if story.is_gap_blamed(wish.start):
            yield min(wish.start + 1, max(1, story.count)), wish.words
        return
    blamed = [n for n, line in enumerate(wish.there) if story.is_blamed(wish.start + n, line)]
    if len(wish.there) != len(wish.instead):
        if blamed:
            yield wish.start + blamed[0] + 1, wish.words
        return
    for n in blamed:
        if wish.there[n] != wish.instead[n]:
            one = _Wish(wish.start + n, wish.there[n : n + 1], wish.instead[n : n + 1])
            yield one.start + 1, one.words


def _wishes(lines: Sequence[str], made: Sequence[str]) -> Iterator[_Wish]:
    matcher = difflib.SequenceMatcher(None, lines, made, autojunk=False)
    for tag, i1, i2, j1, j2 in matcher.get_opcodes():
        if tag != "equal":
            yield _Wish(i1, tuple(lines[i1:i2]), tuple(made[j1:j2]))
