"""What a patch adds to files: no white space at the ends of lines, no carriage returns, and line
ends at the end of files; in the form of diff that Mercurial and git both take whole."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence

from hgport.model.patch import Patch
from hgport.submit.check import modes
from hgport.submit.check.added import Line, hunk_lines
from hgport.submit.check.finding import Finding

_INDEX = re.compile(rb"index [0-9a-f]+\.\.[0-9a-f]+")
# what a test in Mercurial's own form expects to be printed, of which blanks may be a part
_EXPECTED = re.compile(rb"  (?![$>] )")


def problems(patch: Patch, where: str, counts: Counter[str]) -> Iterator[Finding]:
    """What is wrong with a patch, which findings call ``where``, as ``diff``; the lines that it
    adds are counted."""
    above = patch.data[: len(patch.data) - len(patch.body)].count(b"\n")
    for number, why in _of_form(patch.body, above):
        yield Finding(None, where, None, number, "diff", why)
    if not patch.data.endswith(b"\n"):
        last = patch.data.count(b"\n") + 1
        yield Finding(None, where, None, last, "diff", "the patch's last line has no end")
    lines = list(hunk_lines(patch.body, above))
    for place, why in _of_modes(patch, above, lines):
        yield Finding(None, where, None, place, "diff", why)
    with_cr = {one.path for one in lines if one.mark != b"+" and one.text.endswith(b"\r\n")}
    for one in lines:
        if one.mark == b"+":
            counts["diff"] += 1
            for why in _of_line(one, one.path in with_cr):
                yield Finding(None, where, None, one.number, "diff", why)


def _of_form(body: bytes, above: int) -> Iterator[tuple[int, str]]:
    if not body.startswith(b"diff --git "):
        yield above + 1, "the diff is not in git's form (hg export --git)"
    for number, line in enumerate(body.split(b"\n"), above + 1):
        if _INDEX.match(line) and not _binary_follows(body, line):
            yield number, "git's index line means nothing to another repository"


def _of_modes(patch: Patch, above: int, lines: Sequence[Line]) -> Iterator[tuple[int | None, str]]:
    """The modes of new files, of which everything is known here."""
    first = {one.path: one.text for one in lines if one.mark == b"+" and one.at == 1}
    for change in patch.files:
        if change.kind == "add" and change.mode in ("", "x") and not change.binary:
            why = modes.problem(change.path, first.get(change.path, b""), change.mode == "x")
            if why:
                yield _made_at(patch.body, above, change.path), f"makes {change.path}: {why}"


def _made_at(body: bytes, above: int, path: str) -> int | None:
    """The line that gives a new file its mode."""
    name = b" b/" + path.encode("utf-8", "surrogateescape")
    lines = body.split(b"\n")
    for number, line in enumerate(lines[1:], 1):
        if line.startswith(b"new file mode ") and lines[number - 1].endswith(name):
            return above + number + 1
    return None


def _binary_follows(body: bytes, line: bytes) -> bool:
    return b"\n" + line + b"\nGIT binary patch" in body


def _of_line(one: Line, dos: bool) -> Iterable[str]:
    text = one.text.rstrip(b"\n")
    if text.endswith(b"\r"):
        text = text[:-1]
        if not dos:
            yield f"adds a carriage return to {one.path}:{one.at}"
    expected = one.path.endswith(".t") and _EXPECTED.match(text)
    if text != text.rstrip(b" \t\f\v") and not expected:
        yield f"adds white space at the end of {one.path}:{one.at}"
    if one.ends:
        yield f"leaves {one.path} without a line end at its end"
