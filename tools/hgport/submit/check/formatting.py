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
from dataclasses import dataclass, field
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
    known = Counter(_wishes(old, old if made_before is None else made_before.splitlines(True)))
    for wish in _wishes(new, made_after.splitlines(True)):
        if known[wish] > 0:
            known[wish] -= 1
            continue
        yield wish.line, wish.words


@dataclass(frozen=True)
class _Wish:
    """A place where black would write other lines: those that are there, and those that it would
    write; where none are there, also those around, by which it is known again elsewhere."""

    line: int = field(compare=False)
    above: str
    there: tuple[str, ...]
    instead: tuple[str, ...]
    below: str

    @property
    def words(self) -> str:
        """One line about it."""
        for one in self.instead:
            if one.strip() and one not in self.there:
                return f"black would write {one.strip()!r}"
        return "black would have other empty lines here" if not self.instead else _EMPTY


_EMPTY = "black would have an empty line here"


def _wishes(lines: Sequence[str], made: Sequence[str]) -> Iterator[_Wish]:
    # the whole is compared: what is a junk line for difflib is not for black
    matcher = difflib.SequenceMatcher(None, lines, made, autojunk=False)
    for tag, i1, i2, j1, j2 in matcher.get_opcodes():
        if tag != "equal":
            # what is around tells where lines are wanted, not which ones are not
            above = lines[i1 - 1] if i1 and i1 == i2 else ""
            below = lines[i2] if i2 < len(lines) and i1 == i2 else ""
            yield _Wish(
                min(i1 + 1, max(1, len(lines))),
                above,
                tuple(lines[i1:i2]),
                tuple(made[j1:j2]),
                below,
            )
