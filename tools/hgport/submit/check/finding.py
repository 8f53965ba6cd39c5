"""What checking finds, and what it has looked at."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from typing import Any

# what each check counts
UNITS = {
    "series": ("series file", "series files"),
    "patch": ("patch", "patches"),
    "header": ("header", "headers"),
    "description": ("description", "descriptions"),
    "diff": ("line added", "lines added"),
    "mode": ("file", "files"),
    "apply": ("patch on a release", "patches on releases"),
    "check-commit": ("changeset", "changesets"),
    "check-code": ("file", "files"),
    "import-checker": ("file", "files"),
    "pyflakes": ("file", "files"),
    "black": ("file", "files"),
    "py_compile": ("compilation", "compilations"),
    "test-check": ("test", "tests"),
}
# those that run a release's tools, or others on what the patches make of it
OF_RELEASES = tuple(UNITS)[tuple(UNITS).index("check-commit") :]


@dataclass(frozen=True)
class Finding:
    """One thing that is not as it should be.

    ``patch`` is the path of a patch or series file, relative to the directory of the stack's
    series file; None where no single one is to blame.  ``file`` is a path in the release's tree,
    ``line`` a line of that (of the patch file where ``file`` is None), counted from 1.  ``release``
    is a version, None for what needs no release to be seen.  ``rule`` is the check's name, one of
    UNITS, and ``message`` one line.
    """

    release: str | None
    patch: str | None
    file: str | None
    line: int | None
    rule: str
    message: str

    def to_plain(self) -> dict[str, Any]:
        """As what JSON can hold."""
        return asdict(self)


@dataclass(frozen=True)
class Note:
    """What was not looked at, on which release (a version).

    ``lacks`` says that this machine lacks something for it, such as a Python; else the release
    itself has no such check, or the person wanted it left out.
    """

    text: str
    release: str
    lacks: bool = False


@dataclass
class Checked:
    """What came of checking: the findings, how much each check (of UNITS) has looked at, and what
    was not looked at; ``tools`` names those of hgport's own that were used, with their versions.
    ``needed`` are checks of which at least one has to have looked at something."""

    findings: list[Finding] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)
    notes: list[Note] = field(default_factory=list)
    tools: dict[str, str] = field(default_factory=dict)
    needed: tuple[str, ...] = tuple(rule for rule in UNITS if rule != "series")

    def add(self, other: Checked) -> None:
        """Take up what another look has found."""
        self.findings += other.findings
        self.counts.update(other.counts)
        self.notes += other.notes
        self.tools.update(other.tools)

    @property
    def looked(self) -> bool:
        """Whether there was anything to look at."""
        return any(self.counts[rule] for rule in self.needed)

    @property
    def exit_code(self) -> int:
        """1 for findings; else 3 for what this machine lacks; else 1 if nothing was looked at."""
        if self.findings:
            return 1
        if any(note.lacks for note in self.notes):
            return 3
        return 0 if self.looked else 1


def in_order(findings: Iterable[Finding]) -> list[Finding]:
    """Each finding once: by patch, file and line, then by rule, message and release."""
    return sorted(set(findings), key=_key)


def _key(one: Finding) -> tuple[object, ...]:
    from hgport.model.release import version_key

    release = version_key(one.release) if one.release else (0, 0, 0)
    where = (one.patch or "", one.file or "", one.line or 0)
    return (*where, one.rule, one.message, release)
