"""Records of what a person decided, as text: ``patches/resolutions/LINE/PATCH``.

One file a patch and line.  Its grammar, where ``#`` starts a comment and empty lines separate::

    dropped                       the patch was left out of the port
    patch first                   what follows is a whole patch, which the port has of its own, as
    patch after PATCH             the first of its series or after that one
    description                   what follows is about the text above the diff
    file PATH                     what follows is about this file
    conflict                      a conflict with its markers (-), and the text in its place (+)
    change                        another change: context ( ), what goes (-), what comes (+)
    new                           a file that only the port has (+)
    gone                          a file that the port does not have (-)
    \\ No newline at end of file   the line above has none

Whatever follows one of the last four words and starts with a blank, ``-`` or ``+`` belongs to it.
"""

from __future__ import annotations

import enum
import io
from dataclasses import dataclass, field

from hgport.engine.merge.result import BASE_MARK, BETWEEN_MARK, PATCH_MARK, TARGET_MARK
from hgport.errors import UsageError
from hgport.model.diff import path_problem

_NO_NEWLINE = b"\\ No newline at end of file\n"
_HEAD = (
    "# What a person decided about {patch} on {line}, kept by hgport for the next rebase.\n"
    "# A conflict is replaced wherever this patch meets it again; all else is for {line} only.\n"
)


class Kind(enum.Enum):
    """What an edit is; the values are the words of the grammar."""

    CONFLICT = "conflict"
    CHANGE = "change"
    NEW = "new"
    GONE = "gone"


# the marks that the lines of an edit may have
_MARKS = {Kind.CONFLICT: b"-+", Kind.CHANGE: b" -+", Kind.NEW: b"+", Kind.GONE: b"-"}


@dataclass(frozen=True)
class Edit:
    """A text and what replaces it.

    ``lines`` are pairs of a mark (``b" "``, ``b"-"`` or ``b"+"``) and a line of text, which ends
    with a newline unless it is the last of its file.
    """

    kind: Kind
    lines: tuple[tuple[bytes, bytes], ...] = field(repr=False)

    @property
    def before(self) -> bytes:
        """The text that is replaced."""
        return b"".join(text for mark, text in self.lines if mark != b"+")

    @property
    def after(self) -> bytes:
        """The text in its place."""
        return b"".join(text for mark, text in self.lines if mark != b"-")


@dataclass(frozen=True)
class FileRecord:
    """What was decided about one file, from its start to its end."""

    path: str
    edits: tuple[Edit, ...]


@dataclass(frozen=True)
class Record:
    """What was decided about one patch on one line.

    ``whole`` is the patch file where the port has it of its own and not from its neighbour, and
    ``after`` the patch before it in the series, "" if it is the first.
    """

    line: str
    patch: str
    files: tuple[FileRecord, ...] = ()
    description: tuple[Edit, ...] = ()
    dropped: bool = False
    whole: bytes | None = field(default=None, repr=False)
    after: str = ""

    @property
    def is_empty(self) -> bool:
        """Whether nothing was decided, so that there is nothing to keep."""
        return not (self.files or self.description or self.dropped or self.whole)

    def edits(self, path: str) -> tuple[Edit, ...]:
        """What was decided about that file."""
        return next((one.edits for one in self.files if one.path == path), ())


def lines_of(data: bytes) -> list[bytes]:
    """The lines of a text with their newlines; a carriage return ends none."""
    return io.BytesIO(data).readlines()


def is_mark(line: bytes, mark: bytes) -> bool:
    """Whether a line is that marker of a conflict, whatever its end."""
    return line.rstrip(b"\r\n") == mark


# writing


def write(record: Record) -> bytes:
    """The file of a record."""
    out = [_HEAD.format(patch=record.patch, line=record.line).encode("utf-8", "surrogateescape")]
    if record.dropped:
        out.append(b"\ndropped\n")
    if record.whole:
        after = record.after.encode("utf-8", "surrogateescape")
        edit = Edit(Kind.NEW, tuple((b"+", line) for line in lines_of(record.whole)))
        place = b"after " + after if after else b"first"
        out.append(b"\npatch " + place + b"\n" + _written((edit,)))
    if record.description:
        out.append(b"\ndescription\n" + _written(record.description))
    for file in record.files:
        name = file.path.encode("utf-8", "surrogateescape")
        out.append(b"\nfile " + name + b"\n" + _written(file.edits))
    return b"".join(out)


def _written(edits: tuple[Edit, ...]) -> bytes:
    return b"".join(
        edit.kind.value.encode()
        + b"\n"
        + b"".join(mark + _ended(text) for mark, text in edit.lines)
        for edit in edits
    )


def _ended(text: bytes) -> bytes:
    return text if text.endswith(b"\n") else text + b"\n" + _NO_NEWLINE


# reading


def parse(data: bytes, line: str, patch: str, name: str) -> Record:
    """Read the file of a record.

    ``name`` is what errors call it.  Raises UsageError, naming it and the line, for what is none.
    """
    return _Reader(data, name).read(line, patch)


class _Reader:
    def __init__(self, data: bytes, name: str) -> None:
        self._lines = lines_of(data)
        self._name = name
        self._at = 0
        self._files: dict[str, list[Edit]] = {}
        self._description: list[Edit] = []
        self._dropped = False
        self._whole: list[Edit] = []
        self._after: str | None = None
        self._edits: list[Edit] | None = None

    def read(self, line: str, patch: str) -> Record:
        if self._lines and not self._lines[-1].endswith(b"\n"):
            self._at = len(self._lines) - 1
            raise self._wrong("is cut short")
        while self._at < len(self._lines):
            text = self._lines[self._at]
            if text.strip() and not text.startswith(b"#"):
                self._statement(text.rstrip(b"\r\n").decode("utf-8", "surrogateescape"))
            else:
                self._at += 1
        files = tuple(FileRecord(path, tuple(edits)) for path, edits in self._files.items())
        whole = self._whole[0].after if self._whole else None
        if self._after is not None and not whole:
            raise self._wrong("the end, where a patch is expected")
        description = tuple(self._description)
        return Record(line, patch, files, description, self._dropped, whole, self._after or "")

    def _wrong(self, what: str, at: int | None = None) -> UsageError:
        number = (self._at if at is None else at) + 1
        return UsageError(
            f"{self._name}: line {number}: {what}",
            "correct it, or remove the file to have hgport ask again",
        )

    def _statement(self, text: str) -> None:
        word, _blank, rest = text.partition(" ")
        if word == "file":
            self._file(rest)
        elif word == "patch":
            self._patch(rest)
        elif text == "description":
            self._edits = self._description
        elif text == "dropped":
            self._dropped = True
        elif text in (kind.value for kind in Kind):
            self._edit(Kind(text))
            return
        else:
            raise self._wrong(f"{text[:40]!r} is nothing that a record says here")
        self._at += 1

    def _file(self, path: str) -> None:
        problem = path_problem(path) if path else "is empty"
        if problem:
            raise self._wrong(f"the path {path!r} {problem}")
        if path in self._files:
            raise self._wrong(f"{path} is there twice")
        self._edits = self._files[path] = []

    def _patch(self, place: str) -> None:
        word, _blank, after = place.partition(" ")
        if self._after is not None:
            raise self._wrong("a second patch")
        if (word, bool(after)) not in (("first", False), ("after", True)):
            raise self._wrong("a patch is first, or after another")
        problem = path_problem(after) if after else ""
        if problem:
            raise self._wrong(f"the patch {after!r} {problem}")
        self._after = after
        self._edits = self._whole

    def _edit(self, kind: Kind) -> None:
        start = self._at
        if self._edits is None:
            raise self._wrong(f"a {kind.value} of no file")
        if self._edits is self._whole and kind is not Kind.NEW:
            raise self._wrong(f"a {kind.value} where a patch is expected")
        self._at += 1
        edit = Edit(kind, tuple(self._marked(_MARKS[kind])))
        problem = _problem(edit)
        if problem:
            raise self._wrong(problem, start)
        whole = (Kind.NEW, Kind.GONE)
        if self._edits and (kind in whole or self._edits[-1].kind in whole):
            raise self._wrong("a file that is new or gone has no other changes", start)
        self._edits.append(edit)

    def _marked(self, marks: bytes) -> list[tuple[bytes, bytes]]:
        found: list[tuple[bytes, bytes]] = []
        while self._at < len(self._lines):
            text = self._lines[self._at]
            if text == _NO_NEWLINE and found:
                mark, last = found.pop()
                found.append((mark, last[:-1]))
            elif text[:1] in (b" ", b"-", b"+"):
                if text[:1] not in marks:
                    raise self._wrong(f"a line that starts with {text[:1].decode()!r} here")
                found.append((text[:1], text[1:]))
            else:
                break
            self._at += 1
        return found


def _problem(edit: Edit) -> str:
    """What is wrong with an edit, "" for nothing."""
    for marks in (b" -", b" +"):
        texts = [text for mark, text in edit.lines if mark in marks]
        if any(not text.endswith(b"\n") for text in texts[:-1]) or b"" in texts:
            return "only the last line of a file can be without a newline"
    if edit.kind is Kind.CONFLICT and blocks(edit.before) != [edit.before]:
        return "a conflict that is not the whole text from marker to marker"
    if edit.kind is Kind.CHANGE and all(mark == b" " for mark, _text in edit.lines):
        return "a change that changes nothing"
    return ""


# conflicts in a text


def units(data: bytes) -> list[bytes]:
    """A text cut into its lines, and into conflicts with their markers as wholes."""
    lines = lines_of(data)
    found: list[bytes] = []
    at = 0
    while at < len(lines):
        end = _block_end(lines, at)
        found.append(b"".join(lines[at:end]))
        at = end
    return found


def is_block(unit: bytes) -> bool:
    """Whether what ``units`` gave is a conflict."""
    return is_mark(unit.partition(b"\n")[0], TARGET_MARK) and unit.count(b"\n") > 1


def blocks(data: bytes) -> list[bytes]:
    """The conflicts of a text with their markers, in order."""
    return [unit for unit in units(data) if is_block(unit)]


def _block_end(lines: list[bytes], start: int) -> int:
    """Where the conflict ends that starts at a line; the next line if none does."""
    if not is_mark(lines[start], TARGET_MARK):
        return start + 1
    wanted = [BASE_MARK, BETWEEN_MARK, PATCH_MARK]
    for at in range(start + 1, len(lines)):
        if is_mark(lines[at], TARGET_MARK):
            break
        if is_mark(lines[at], wanted[0]):
            wanted.pop(0)
        if not wanted:
            return at + 1
    return start + 1
