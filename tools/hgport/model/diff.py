"""What a unified diff says that it changes, and which paths it may name.

The diff is plain or in git's form, with one leading path component to strip (``-p1``).  It is read
as Mercurial reads it, and refused where the two readings could differ.
"""

from __future__ import annotations

import io
import re
from dataclasses import dataclass

from hgport.errors import UsageError

_GIT_NAMES = re.compile(rb"diff --git a/(.*) b/(.*)$")
_HUNK = re.compile(rb"@@ -(\d+)(?:,(\d+))? \+(\d+)(?:,(\d+))? @@")
_MODES = {b"100644": "", b"100755": "x", b"120000": "l"}
# what makes one repository part of another; Mercurial looks for it at the root alone
_SUBREPOSITORIES = (".hgsub", ".hgsubstate")
# DOS short names under which a repository's .hg can be reached on Windows
_SHORT_HG = re.compile(r"hg[0-9a-f]{0,4}~\d+$", re.I)


@dataclass(frozen=True)
class FileChange:
    """What a patch does to one file.

    ``path`` is relative to the tree; ``old_path`` is the source of a rename or copy, or the other
    name where a plain diff gives two, else None.  ``kind`` is one of modify, add, delete, rename,
    copy.  ``hunks`` counts them.  ``mode`` is the mode that the patch asks for: "" for a plain
    file, "x" for an executable one, "l" for a symbolic link, None where it asks for none.
    """

    path: str
    old_path: str | None
    kind: str
    hunks: int
    binary: bool = False
    mode: str | None = None


def read_diff(name: str, body: bytes, lines_before: int) -> tuple[FileChange, ...]:
    """The files that a diff changes, in its order.

    ``name`` is what errors call the patch, ``lines_before`` how many lines it has above the diff.
    Raises UsageError for a diff that is malformed, changes nothing or names a forbidden path.
    """
    return _DiffReader(name, body, lines_before).read()


@dataclass
class _File:
    """A file of the diff while it is being read; names are raw, without their a/ and b/."""

    old: bytes | None
    new: bytes | None
    git: bool
    line: int
    kind: str = "modify"
    hunks: int = 0
    binary: bool = False
    mode: str | None = None


class _DiffReader:
    """Reads a unified diff and lists its files.

    What stands between the hunks and is no header is passed over, as every patch program does.
    """

    def __init__(self, name: str, body: bytes, lines_before: int) -> None:
        self._name = name
        self._lines = io.BytesIO(body).readlines()
        self._before = lines_before
        self._at = 0
        self._files: list[_File] = []

    def read(self) -> tuple[FileChange, ...]:
        while self._at < len(self._lines):
            self._step(self._lines[self._at])
        changes = tuple(self._change(f) for f in self._files if f.git or f.hunks)
        if not changes:
            raise UsageError(f"{self._name} is no patch: it changes no file")
        self._refuse_twice(changes)
        return changes

    def _step(self, line: bytes) -> None:
        if line.startswith(b"diff --git "):
            self._git_names(line)
        elif line.startswith(b"--- ") and self._peek(1).startswith(b"+++ "):
            self._plain_names(line)
        elif line.startswith(b"@"):
            self._hunk(line)
        elif line.startswith(b"GIT binary patch"):
            self._binary()
        elif line.startswith(b"*** ") and self._peek(2).startswith(b"***************"):
            raise self._wrong("a context diff; only unified diffs are read")
        else:
            self._extended(line)
        self._at += 1

    def _peek(self, ahead: int) -> bytes:
        at = self._at + ahead
        return self._lines[at] if at < len(self._lines) else b""

    def _wrong(self, what: str, line: int | None = None) -> UsageError:
        number = self._before + (self._at if line is None else line) + 1
        return UsageError(f"{self._name}: line {number}: {what}")

    # headers of a file

    def _git_names(self, line: bytes) -> None:
        found = _GIT_NAMES.match(line.rstrip(b"\r\n"))
        if found is None:
            raise self._wrong("a git header that is not of the form a/NAME b/NAME")
        self._files.append(_File(found[1], found[2], True, self._at))

    def _plain_names(self, line: bytes) -> None:
        start = self._at
        old, new = _named(line), _named(self._peek(1))
        self._at += 1
        last = self._files[-1] if self._files else None
        if last is not None and last.git and not last.hunks and not last.binary:
            if not _same_file(last, old, new):
                raise self._wrong("the file names differ from those of the git header above")
            return
        self._files.append(
            _File(self._stripped(old), self._stripped(new), False, start),
        )

    def _stripped(self, name: bytes) -> bytes | None:
        if name == b"/dev/null":
            return None
        if name.startswith(b"/"):
            raise self._wrong(f"the path {_shown(name)} is absolute")
        if b"/" not in name:
            raise self._wrong(f"the path {_shown(name)} has no leading directory to strip (-p1)")
        return name.partition(b"/")[2]

    def _extended(self, line: bytes) -> None:
        file = self._files[-1] if self._files else None
        if file is None or not file.git or file.hunks:
            return
        line = line.rstrip(b"\r\n")
        for start, kind in ((b"rename ", "rename"), (b"copy ", "copy")):
            if line.startswith(start + b"from "):
                file.kind, file.old = kind, line[len(start) + 5 :]
            elif line.startswith(start + b"to "):
                file.new = line[len(start) + 3 :]
        if line.startswith(b"deleted file"):
            file.kind = "delete"
        elif line.startswith((b"new file mode ", b"new mode ")):
            file.kind = "add" if line.startswith(b"new file") else file.kind
            file.mode = self._mode(line[-6:])

    def _mode(self, digits: bytes) -> str:
        if digits not in _MODES:
            raise self._wrong(f"file mode {_shown(digits)} is none that Mercurial keeps")
        return _MODES[digits]

    # content

    def _hunk(self, line: bytes) -> None:
        found = _HUNK.match(line)
        if not self._files:
            raise self._wrong("a hunk without a file name above it")
        if found is None:
            raise self._wrong("a malformed hunk header")
        file = self._files[-1]
        old, new = (int(found[n]) if found[n] is not None else 1 for n in (2, 4))
        if not file.git and not file.hunks:
            file.kind = _plain_kind(file, int(found[1]), old, int(found[3]), new)
        file.hunks += 1
        self._hunk_lines(old, new)

    def _hunk_lines(self, old: int, new: int) -> None:
        start = self._at
        while old > 0 or new > 0:
            self._at += 1
            mark = self._peek(0)[:1]
            if mark in (b" ", b"\n", b"-"):
                old -= 1
            if mark in (b" ", b"\n", b"+"):
                new -= 1
            if mark not in (b" ", b"\n", b"-", b"+", b"\\") or old < 0 or new < 0:
                raise self._wrong("the hunk's lines do not add up to its header", start)

    def _binary(self) -> None:
        if not self._files or not self._files[-1].git:
            raise self._wrong("binary content without a git header above it")
        if self._files[-1].hunks:
            raise self._wrong("binary content for a file that has other changes above it")
        self._files[-1].binary = True
        self._files[-1].hunks += 1

    # the result

    def _change(self, file: _File) -> FileChange:
        old = self._path(file.old, file)
        new = self._path(file.new, file)
        path = new if new is not None else old
        if path is None:
            raise self._wrong("a file that is /dev/null before and after", file.line)
        other = old if old != path else None
        if file.kind == "modify" and other is not None and path.startswith(other):
            # "--- a/x, +++ b/x.orig" patches x, as Mercurial and patch have it
            path, other = other, path
        return FileChange(path, other, file.kind, file.hunks, file.binary, file.mode)

    def _path(self, raw: bytes | None, file: _File) -> str | None:
        if raw is None:
            return None
        path = raw.decode("utf-8", "surrogateescape")
        wrong = path_problem(path)
        if wrong:
            raise self._wrong(f"the path {_shown(raw)} {wrong}", file.line)
        return path

    def _refuse_twice(self, changes: tuple[FileChange, ...]) -> None:
        written: set[str] = set()
        for change, file in zip(changes, (f for f in self._files if f.git or f.hunks)):
            if change.path in written:
                raise self._wrong(f"{shown(change.path)} is changed a second time", file.line)
            written.add(change.path)


def path_problem(path: str) -> str | None:
    """Why a path of a patch may not be written in a tree, or None if it may.

    The answer completes the sentence "the path ... ".
    """
    if path.startswith("/") or re.match(r"[A-Za-z]:", path):
        return "is absolute"
    if "\\" in path:
        return "has a backslash in it"
    # those from U+0080 on some terminals obey as well
    if re.search(r"[\x00-\x1f\x7f-\x9f]", path):
        return "has a control character in it"
    parts = path.split("/")
    if ".." in parts:
        return "leaves the tree through '..'"
    if "" in parts or "." in parts:
        return "is not in its plain form"
    if any(_is_hg(part) for part in parts):
        return "lies in a repository's own .hg"
    if path in _SUBREPOSITORIES:
        return "is for repositories within a repository, which hgport does not make"
    return None


def shown(word: str) -> str:
    """A word of a file as an error may print it: what does something to a terminal escaped."""
    return word if word.isprintable() else repr(word)


def _is_hg(part: str) -> bool:
    if part.isascii() and part[0] != "." and "~" not in part:
        return False
    # Windows drops dots and spaces at the end; HFS+ drops invisible characters anywhere
    folded = "".join(c for c in part if not _ignored_by_hfs(c)).lower().rstrip(". ")
    return folded == ".hg" or bool(_SHORT_HG.match(folded))


def _ignored_by_hfs(char: str) -> bool:
    return "\u200c" <= char <= "\u200f" or "\u202a" <= char <= "\u206f" or char == "\ufeff"


def _named(line: bytes) -> bytes:
    """The file name of a ``---`` or ``+++`` line, without the date that may follow it."""
    name = line[4:].rstrip(b"\r\n")
    for end in (b"\t", b" "):
        if end in name:
            return name.partition(end)[0]
    return name


def _same_file(file: _File, old: bytes, new: bytes) -> bool:
    fits_old = old == b"/dev/null" if file.kind == "add" else old == b"a/" + (file.old or b"")
    fits_new = new == b"/dev/null" if file.kind == "delete" else new == b"b/" + (file.new or b"")
    return fits_old and fits_new


def _plain_kind(file: _File, old_at: int, old: int, new_at: int, new: int) -> str:
    if file.old is None and old_at == 0 and old == 0:
        return "add"
    if file.new is None and new_at == 0 and new == 0:
        return "delete"
    return "modify"


def _shown(raw: bytes) -> str:
    return repr(raw.decode("utf-8", "backslashreplace"))
