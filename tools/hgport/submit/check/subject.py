"""A release and the patches on it, as the tools of the release are to see them."""

from __future__ import annotations

import contextlib
import importlib.metadata
import threading
from dataclasses import dataclass, field
from pathlib import Path

from hgport.engine import hg
from hgport.engine.commits import Order
from hgport.model.catalogue import Catalogue
from hgport.model.patch import Patch
from hgport.model.release import Release
from hgport.model.series import Series
from hgport.model.stack import Stack
from hgport.proof.interpreters import Interpreter
from hgport.submit.check.finding import Finding
from hgport.submit.check.memory import digest
from hgport.submit.check.perfile import Stage, Touched, touched
from hgport.submit.identity import STAND_IN
from hgport.submit.staged import Staged, staged

# Mercurial, of which staging is made within this process, is not for several threads
_STAGING = threading.Lock()
# which makes the tree that the tools see
_MERCURIAL = importlib.metadata.version("mercurial")


@dataclass(frozen=True)
class Subject:
    """What is put to a release's tools.

    ``patches`` are those that can be applied to the release, in order, and ``labels`` what findings
    call them; ``own`` the release's own files, as far as the patches touch them; ``stages`` what
    differs from these with no patch, with the first, and so on, and ``executable`` which files of
    the patches are executable then.  ``tree`` is the release as it was published, ``python`` what
    it runs under, ``pythons`` which of those it claims are here.
    """

    release: Release
    catalogue: Catalogue
    patches: tuple[Patch, ...]
    labels: tuple[str, ...]
    own: Stage = field(repr=False)
    stages: tuple[Stage, ...] = field(repr=False)
    executable: tuple[frozenset[str], ...] = field(repr=False)
    tree: Path
    python: Interpreter
    pythons: tuple[str, ...]

    @property
    def touched(self) -> list[Touched]:
        """The files that each patch leaves changed or new."""
        return touched(self.patches, self.own, self.stages)

    def content(self, number: int) -> list[str]:
        """Plain data that stands for the changesets of so many patches, with all that they say."""
        whole = (digest(patch.data) for patch in self.patches[:number])
        return [self.release.sha256, _MERCURIAL, *whole]

    def files(self, number: int) -> list[object]:
        """Plain data that stands for the tree with so many patches, whatever their headers say."""
        now = self.stages[number]
        changed = [[path, _digest(now[path])] for path in sorted(now)]
        return [self.release.sha256, _MERCURIAL, changed, sorted(self.executable[number])]

    def text(self, path: str) -> str:
        """A file of the release's, "" if it has none such."""
        place = self.tree / path
        return place.read_text("utf-8", "replace") if place.is_file() else ""

    def finding(
        self, rule: str, number: int | None, file: str | None, line: int | None, message: str
    ) -> Finding:
        """One about the patch of that number, counted from 0, or about none."""
        patch = None if number is None else self.labels[number]
        return Finding(self.release.version, patch, file, line, rule, message)


def _digest(content: bytes | None) -> str | None:
    return None if content is None else digest(content)


class Bench:
    """A subject's repository, which is made when it is first asked for; a context manager."""

    def __init__(self, subject: Subject) -> None:
        self.subject = subject
        self._open = contextlib.ExitStack()
        self._staged: Staged | None = None

    def __enter__(self) -> Bench:
        return self

    def __exit__(self, *_error: object) -> None:
        self._open.close()

    def staged(self) -> Staged:
        """The release and a changeset a patch.  Raises as ``submit.staged.staged``."""
        if self._staged is None:
            with _STAGING:
                self._staged = self._open.enter_context(staged(_order(self.subject)))
        return self._staged

    def tree(self, number: int) -> Path:
        """The repository, with so many patches checked out."""
        made = self.staged()
        nodes = [made.base, *made.changesets.values()]
        hg.run("update", "--quiet", "--clean", "-r", nodes[number], cwd=made.repository)
        return made.repository

    def exported(self, number: int) -> bytes:
        """The changeset of a patch, counted from 0, as ``hg export`` writes it."""
        made = self.staged()
        node = list(made.changesets.values())[number]
        return hg.run("export", "--git", "-r", node, cwd=made.repository).stdout


def _order(subject: Subject) -> Order:
    nowhere = Path()
    series = Series(nowhere, nowhere, b"", subject.patches)
    # whose author is not said is somebody's all the same; that was found before
    return Order(Stack(series, (), None), subject.catalogue, subject.release, STAND_IN, 0, "")
