"""What a tool says of files, and which of it is new."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

_NUMBER = re.compile(r"\bline \d+")


@dataclass(frozen=True)
class Remark:
    """One thing that a tool says: of which file and line (counted from 1), as far as it says so, in
    one line.  ``text`` is what stands in that line, "" where that does not matter."""

    path: str | None
    line: int | None
    message: str
    text: str = ""

    @classmethod
    def from_plain(cls, plain: Sequence[object]) -> Remark:
        """Of what ``json`` made of ``to_plain``."""
        path, line, message, text = plain
        return cls(
            None if path is None else str(path),
            line if isinstance(line, int) else None,
            str(message),
            str(text),
        )

    def to_plain(self) -> list[object]:
        """As what JSON can hold."""
        return [self.path, self.line, self.message, self.text]


def fresh(before: Iterable[Remark], after: Sequence[Remark]) -> list[Remark]:
    """Those of the remarks after a change that are its doing.

    One that was made before of a line of the same text is not; nor is one of a line that is
    another now, as long as there are no more of its kind in that file than before.
    """
    was = Counter(_exactly(one) for one in before)
    left: list[Remark] = []
    for one in after:
        if was[_exactly(one)] > 0:
            was[_exactly(one)] -= 1
        else:
            left.append(one)
    kinds = Counter({key[:2]: 0 for key in was})
    for key, count in was.items():
        kinds[key[:2]] += count
    found = []
    for one in left:
        if kinds[_exactly(one)[:2]] > 0:
            kinds[_exactly(one)[:2]] -= 1
        else:
            found.append(one)
    return found


def _exactly(one: Remark) -> tuple[str, str, str]:
    return one.path or "", _NUMBER.sub("line N", one.message), one.text
