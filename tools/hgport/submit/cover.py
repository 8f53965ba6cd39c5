"""The cover letter of a series: a file that a person writes, ``cover.md`` beside the patches.

Its form::

    # topic: what the series does

    Plain text, in lines as they are to be mailed.

    ## Changes since v1

    What version 2 does otherwise; one such section a version.

The first line is the subject of the introduction.  What stands between double braces is a
placeholder of the template, which somebody has to replace.

Stacks that are mailed as one series want a letter about the whole: ``cover-with-NAME.md`` beside
the patches of the lowest, where NAME is the directory of the one on top (several joined by ``+``),
or the one above it if that is called ``patches``.
"""

from __future__ import annotations

import os
import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from hgport.errors import UsageError
from hgport.model.stack import Stack
from hgport.submit import found
from hgport.submit.newfile import write_new

NAME = "cover.md"

_SECTION = re.compile(r"## Changes since v([1-9][0-9]{,3})")
# one that an editor has wrapped ends in another line than it starts in
_PLACEHOLDER = re.compile(r"\{\{.*?(?:\}\}|$)|^(?:(?!\{\{).)*?\}\}")
# what hg import and git am take for the start of a patch
_PATCH = re.compile(r"diff -|Index:|RCS file: |retrieving revision |--- |\*\*\* |# HG changeset")


@dataclass(frozen=True)
class Cover:
    """A cover letter: its subject, its text, and by version what is new in that version.

    Texts have no line break at their ends.
    """

    subject: str
    text: str
    changes: Mapping[int, str] = field(default_factory=dict)

    @classmethod
    def parse(cls, data: bytes, name: str) -> Cover:
        """Read a cover letter; ``name`` is what errors call the file.

        Raises UsageError, with the line, for what is not of the form, is no UTF-8, has a control
        character, would be taken for a patch by who receives it, or is still the template.
        """
        lines = _lines(data, name)
        subject, rest = _subject(lines, name)
        sections: dict[int, list[str]] = {1: []}
        version = 1
        for number, line in rest:
            if line.startswith("## "):
                version = _version(line, f"{name}: line {number}", sections)
                sections[version] = []
            else:
                sections[version].append(line)
        text = {at: _joined(some) for at, some in sections.items()}
        for at, some in text.items():
            if not some:
                what = "no text" if at == 1 else f"nothing below 'Changes since v{at - 1}'"
                raise UsageError(f"{name} has {what}", "say there what the patches do")
        return cls(subject, text.pop(1), text)

    def write(self) -> bytes:
        """The file; to parse it gives the letter again."""
        parts = [f"# {self.subject}", self.text]
        for version in sorted(self.changes, reverse=True):
            parts += [heading(version), self.changes[version]]
        return ("\n\n".join(parts) + "\n").encode()


def heading(version: int) -> str:
    """The line above what is new in a version."""
    return f"## Changes since v{version - 1}"


# which file


def of_line(stack: Stack, line: str) -> Path:
    """Where the cover letter for a line's releases alone lies, or is to be written: beside the
    patches of the port that serves it, which is the lowest stack's."""
    return stack.layers[0].for_line(line).series.directory / _name(stack)


def find(stack: Stack, line: str) -> Path | None:
    """The cover letter for a line's releases: that of the port which serves it, else the stack's.

    None if there is neither.  Raises UsageError for a link to what is no file of the series.
    """
    directory = stack.layers[0].top.directory
    for path in (of_line(stack, line), directory / _name(stack)):
        if os.path.lexists(path):
            found.refuse_outside(path, directory)
            return path
    return None


def _name(stack: Stack) -> str:
    others = others_of(stack)
    return f"cover-with-{others}.md" if others else NAME


def others_of(stack: Stack) -> str:
    """What to call the stacks that lie on the lowest one, together; "" if there is none.

    Raises UsageError if two of them have one name.
    """
    names = [_called(layer.top.directory) for layer in stack.layers[1:]]
    for name in names:
        if names.count(name) > 1:
            raise UsageError(
                f"two of the stacks are called {name}", "rename the directory of one of them"
            )
    return "+".join(names)


def _called(directory: Path) -> str:
    """The name of a stack whose patches are in a directory."""
    whole = Path(os.path.abspath(directory))
    # every quilt tree has one that is called so, which tells nothing
    return whole.parent.name if whole.name == "patches" and whole.parent.name else whole.name


def refuse_others(stack: Stack, line: str, path: Path, mailed: Sequence[str]) -> None:
    """Raise UsageError if the cover letter that was found for a line introduces other patches than
    those of these names."""
    own = of_line(stack, line)
    tops = [patch for layer in stack.layers for patch in layer.top.patches]
    introduced = stack.patches_for(line) if path == own else tops
    names = [patch.name for patch in introduced]
    if list(mailed) != names:
        raise UsageError(
            f"{path} introduces {_count(names)}, but {_count(mailed)} would be mailed",
            f"write {own} with --new-cover, or say --cover FILE",
        )


def refuse_unchanged(letter: Cover, version: int, name: str) -> None:
    """Raise UsageError if a letter, whose file is called so, says nothing of what is new in a
    version."""
    if version > 1 and version not in letter.changes:
        raise UsageError(
            f"{name} does not say what is new in v{version}", f"below '{heading(version)}'"
        )


def load(path: Path) -> Cover:
    """Read a cover letter's file.  Raises UsageError."""
    try:
        data = found.read(path)
    except FileNotFoundError as err:
        raise UsageError(f"cannot read {path}: {err.strerror}") from None
    return Cover.parse(data, str(path))


def new(path: Path, subjects: Sequence[str], version: int = 1) -> None:
    """Write a cover letter to fill in, for patches of these subjects.

    Raises UsageError if there is one, OutsideError if the disk refuses.
    """
    write_new(path, _template(subjects, version), "edit it")


def _template(subjects: Sequence[str], version: int) -> bytes:
    """A cover letter that is all placeholders but for what is known."""
    text = (
        "{{What goes wrong without the patches, for whom, and since when.}}\n\n"
        "{{How to see it: what to do, and what happens then.}}\n\n"
        "{{What each of these does, and why so:}}\n\n"
        + "".join(f"- {subject}\n" for subject in subjects)
        + "\n{{How it was tested, and on which releases.}}"
    )
    new_in = {version: "{{What is otherwise, and who asked for it.}}"} if version > 1 else {}
    return Cover("{{topic: what the series does}}", text, new_in).write()


# the form


def _lines(data: bytes, name: str) -> list[str]:
    try:
        # what editors on Windows put at the start and at the ends of lines is no part of it
        text = data.decode("utf-8-sig").replace("\r\n", "\n")
    except UnicodeDecodeError:
        raise UsageError(f"{name} is no UTF-8 text") from None
    lines = [line.rstrip(" \t") for line in text.split("\n")]
    for number, line in enumerate(lines, start=1):
        where = f"{name}: line {number}"
        if any(unicodedata.category(c) in ("Cc", "Zl", "Zp") for c in line.replace("\t", "")):
            raise UsageError(f"{where} has a control character")
        left = _PLACEHOLDER.search(line)
        if left:
            raise UsageError(f"{where} is still the template's: {left[0]}", "write the letter")
        if number > 1 and _PATCH.match(line):
            raise UsageError(f"{where} would be taken for a patch", "indent it")
    return lines


def _subject(lines: Sequence[str], name: str) -> tuple[str, list[tuple[int, str]]]:
    """The subject, and the lines after it with their numbers."""
    numbered = [(number, line) for number, line in enumerate(lines, start=1)]
    at = next((at for at, (_number, line) in enumerate(numbered) if line), None)
    if at is None:
        raise UsageError(f"{name} is empty", "its first line is '# ' and the subject")
    number, line = numbered[at]
    subject = " ".join(line[2:].split())
    if not line.startswith("# ") or not subject:
        raise UsageError(f"{name}: line {number} has to be '# ' and the subject")
    return subject, numbered[at + 1 :]


def _version(line: str, where: str, sections: Mapping[int, object]) -> int:
    """The version whose section starts with this line."""
    match = _SECTION.fullmatch(line)
    if match is None:
        raise UsageError(f"{where}: no section is called {line[3:]!r}", "'## Changes since v1' is")
    version = int(match[1]) + 1
    if version in sections:
        raise UsageError(f"{where}: there is such a section already")
    return version


def _joined(lines: Sequence[str]) -> str:
    return "\n".join(lines).strip("\n")


def _count(names: Sequence[str]) -> str:
    return f"{len(names)} patch{'es' * (len(names) != 1)}"
