"""The one module that imports Mercurial: its patcher, and its repositories.

It stands alone so that an upgrade of Mercurial is a change here and in ``hg``.  No configuration
is read: neither the machine's, nor the person's, nor a repository's; so no hook runs and no
extension is loaded, except those that a repository cannot be read without.
"""

from __future__ import annotations

import contextlib
import errno
import io
import os
import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hgport.engine.outcome import HunkResult, Reader
from hgport.errors import OutsideError, UsageError
from hgport.model.header import is_text
from hgport.model.patch import Patch
from hgport.output import printable

import hgdemandimport  # type: ignore[import-untyped]  # isort: skip

if TYPE_CHECKING:
    from hgport.engine.outcome import Edit


@contextlib.contextmanager
def _lazily() -> Iterator[None]:
    """Have imports made as Mercurial makes its own, when something is used; the half of them
    never is.  Only for the block, since not every library stands it."""
    if hgdemandimport.isenabled():
        yield
        return
    hgdemandimport.enable()
    try:
        yield
    finally:
        hgdemandimport.disable()


with _lazily():
    from mercurial import context as hgcontext
    from mercurial import encoding as hgencoding
    from mercurial import error as hgerror
    from mercurial import hg as hgrepository
    from mercurial import mdiff as hgmdiff
    from mercurial import merge as hgmerge
    from mercurial import mergestate as hgmergestate
    from mercurial import patch as hgpatch
    from mercurial import scmutil as hgscmutil
    from mercurial import ui as hgui
    from mercurial.utils import procutil as hgprocutil
    from mercurial.utils import stringutil as hgstringutil

    # used here, so that they are there as a base class below needs them
    _LOADED = (hgerror.Abort, hgpatch.patchfile, hgui.ui)

# what Mercurial says is for us to tell; the person's streams, as they were when it was imported,
# are not its own to flush or to redirect for a hook
hgprocutil.stdin, hgprocutil.stdout, hgprocutil.stderr = (io.BytesIO() for _ in range(3))

_MODES = {(False, False): "", (False, True): "x", (True, False): "l", (True, True): "l"}
# seconds that we wait for another program's write to a repository
_PATIENCE = b"60"


@dataclass
class Attempt:
    """What Mercurial's patcher did with one patch.

    ``files``, ``modes`` and ``copies`` are as in PatchResult.  ``message`` is Mercurial's own
    word where it gave up before it tried the hunks.  ``unanchored`` says that a hunk which must
    stand at the start or the end of its file, having no context beyond it, was found elsewhere, or
    that a hunk has no context at all, being a binary file's whole content.
    """

    files: dict[str, bytes | None] = field(default_factory=dict)
    modes: dict[str, str] = field(default_factory=dict)
    copies: dict[str, str] = field(default_factory=dict)
    hunks: list[HunkResult] = field(default_factory=list)
    failed: bool = False
    message: str = ""
    unanchored: bool = False


def attempt(read: Reader, patch: Patch, fuzz: int) -> Attempt:
    """Apply one patch to the tree that ``read`` reads, in memory.

    ``fuzz`` is how many lines of context a hunk may lose.  Raises UsageError for a patch that
    Mercurial cannot read, or that names a path which it may not write.
    """
    with _lazily(), _reading(patch):
        return _attempt(_ui(fuzz), read, patch)


def _attempt(ui: Any, read: Reader, patch: Patch) -> Attempt:
    made = Attempt()
    backend = _Memory(ui, read, patch, made)
    store = hgpatch.filestore()
    backend.ui.pushbuffer(error=True)
    try:
        code = hgpatch._applydiff(backend.ui, io.BytesIO(patch.body), _Watched, backend, store)
        made.failed = code < 0
    except hgpatch.PatchParseError:
        raise
    except hgpatch.PatchError as err:
        made.failed, made.message = True, _message(err)
    finally:
        said = backend.ui.popbuffer()
        store.close()
    if made.failed and not made.message and not any(h.rejected for h in made.hunks):
        made.message = said.decode("utf-8", "replace").strip().replace("\n", "; ")
    return made


@contextlib.contextmanager
def _reading(patch: Patch) -> Iterator[None]:
    """Mercurial's errors about a patch that it cannot read as ours."""
    try:
        yield
    except hgpatch.PatchParseError as err:
        raise UsageError(f"{patch.name}: {_message(err)}") from None
    except (ValueError, zlib.error) as err:
        # that is how Mercurial fails at the lengths and the compressed data of binary files
        if not any(change.binary for change in patch.files):
            raise
        raise UsageError(f"{patch.name}: its binary data is damaged: {_message(err)}") from None


def is_there(read: Reader, patch: Patch) -> bool:
    """Whether the tree that ``read`` reads has all of what the patch changes.

    A patch that only removes files is never said to be there, since any tree lacks most files.
    Raises UsageError for one that Mercurial cannot read.
    """
    with _lazily(), _reading(patch):
        return _is_there(read, patch)


def _is_there(read: Reader, patch: Patch) -> bool:
    backend = _Memory(_ui(0), read, None, Attempt())
    seen = False
    for meta, hunks in _files_of(backend, patch.body):
        if not _file_is_there(backend, meta, hunks):
            return False
        seen = seen or meta.op != b"DELETE"
    return seen


def undone(read: Reader, patch: Patch) -> dict[str, bytes | None]:
    """What files the tree that ``read`` reads would have without the patch, all of whose change
    it has; those are left out of which the patch does not tell, like a binary file's."""
    found: dict[str, bytes | None] = {}
    with _lazily(), _reading(patch):
        backend = _Memory(_ui(0), read, None, Attempt())
        for meta, hunks in _files_of(backend, patch.body):
            binary = any(isinstance(h, hgpatch.binhunk) for h in hunks)
            if meta.op in (b"ADD", b"COPY"):
                found[_name(meta.path)] = None
            elif meta.op != b"DELETE" and not binary:
                content = _without(backend, meta, hunks)
                found[_name(meta.path)] = content
                if meta.op == b"RENAME":
                    found.update({_name(meta.path): None, _name(meta.oldpath): content})
    return found


def _ui(fuzz: int) -> Any:
    ui = hgui.ui()
    ui.setconfig(b"patch", b"fuzz", b"%d" % fuzz, b"hgport")
    ui.setconfig(b"patch", b"eol", b"strict", b"hgport")
    return ui


def _message(err: Exception) -> str:
    # Mercurial's errors are made of bytes, and str() would show them as such
    said = err.args[0] if err.args else str(err)
    text = _name(said) if isinstance(said, bytes) else str(said)
    return text.strip().partition("\n")[0]


def _name(raw: bytes) -> str:
    return raw.decode("utf-8", "surrogateescape")


class _Memory(hgpatch.abstractbackend):  # type: ignore[misc]
    """A tree for Mercurial's patcher: reads the given one, keeps what is written to itself."""

    repo = None

    def __init__(self, ui: Any, read: Reader, patch: Patch | None, made: Attempt) -> None:
        super().__init__(ui)
        self.made = made
        self._read = read
        self._patch = patch

    def content(self, path: str) -> bytes | None:
        if path in self.made.files:
            return self.made.files[path]
        return self._read(path)

    def getfile(self, fname: bytes) -> tuple[bytes | None, tuple[bool, bool] | None]:
        # no mode: the patch is asked only for the modes that it states
        return self.content(_name(fname)), None

    def exists(self, fname: bytes) -> bool:
        return self.content(_name(fname)) is not None

    def setfile(
        self,
        fname: bytes,
        data: bytes | None,
        mode: tuple[int, int] | None,
        copysource: bytes | None,
    ) -> None:
        path = self._writable(fname)
        content = self.content(path) if data is None else data
        if content is None:
            raise hgpatch.PatchApplicationError(b"%s is missing" % fname)
        self.made.files[path] = content
        if mode is not None:
            self.made.modes[path] = _MODES[bool(mode[0]), bool(mode[1])]
        if copysource:
            self.made.copies[path] = _name(copysource)

    def unlink(self, fname: bytes) -> None:
        path = self._writable(fname)
        if self.content(path) is None:
            raise hgpatch.PatchApplicationError(b"%s is missing" % fname)
        self.made.files[path] = None

    def _writable(self, fname: bytes) -> str:
        path = _name(fname)
        assert self._patch is not None
        if path not in self._patch.paths:
            # our reading of the diff, whose paths were checked, must be Mercurial's
            raise UsageError(f"{self._patch.name}: Mercurial reads a path that hgport does not")
        parts = path.split("/")
        for end in range(1, len(parts)):
            above = "/".join(parts[:end])
            if self.content(above) is not None:
                raise UsageError(
                    f"{self._patch.name}: the path {path!r} goes through {above!r}, "
                    "which is a link or a file there"
                )
        return path


class _Watched(hgpatch.patchfile):  # type: ignore[misc]
    """Mercurial's patcher of one file, which reports what became of each hunk."""

    def apply(self, h: Any) -> int:
        if isinstance(h, hgpatch.binhunk):
            return self._apply_binary(h)
        place = h.fuzzit(0, False)[1] + self.offset
        code: int = super().apply(h)
        moved = self.skew if code >= 0 else 0
        self._report(place + 1, moved, code)
        if code >= 0 and not self.remove:
            self._see_anchors(h, place + moved)
        return code

    def _apply_binary(self, h: Any) -> int:
        if h.delta and not self.missing and not self.remove:
            code = self._apply_delta(h)
        else:
            code = super().apply(h)
        self._report(1, 0, code)
        if code >= 0 and not self.remove:
            self.backend.made.unanchored = True
        return code

    def _apply_delta(self, h: Any) -> int:
        """Apply a binary delta, for which Mercurial does not check what it is applied to."""
        try:
            before, after = _delta_lengths(h.text)
            if before != sum(map(len, self.lines)):
                self.hunks += 1
                self.rej.append(h)
                return -1
            code: int = super().apply(h)
        except (IndexError, TypeError, hgpatch.PatchError):
            raise ValueError("the delta is cut short or no delta") from None
        if code >= 0 and after != sum(map(len, self.lines)):
            raise ValueError("the delta makes a file of another length than it says")
        return code

    def _report(self, line: int, moved: int, code: int) -> None:
        fuzz = max(code, 0)
        # Mercurial's hunks of binary files have no number of their own
        self.backend.made.hunks.append(
            HunkResult(_name(self.fname), self.hunks, line, moved - fuzz, fuzz, code < 0)
        )

    def _see_anchors(self, h: Any, start: int) -> None:
        above, below = _context(h.hunk[1:]), _context(h.hunk[:0:-1])
        at_end = start + len(h.b) == len(self.lines)
        if (above > below and not at_end) or (above < below and start):
            self.backend.made.unanchored = True


def _delta_lengths(delta: bytes) -> tuple[int, int]:
    """The lengths of the files before and after, with which git's binary deltas start.

    IndexError for one that ends before they do.
    """
    lengths = []
    at = 0
    for _which in range(2):
        length = shift = 0
        while delta[at] & 0x80:
            length |= (delta[at] & 0x7F) << shift
            shift, at = shift + 7, at + 1
        lengths.append(length | delta[at] << shift)
        at += 1
    return lengths[0], lengths[1]


def _context(lines: list[bytes]) -> int:
    """How many lines of context a hunk's lines start with."""
    for count, line in enumerate(lines):
        if not line.startswith((b" ", b"\n")):
            return count
    return len(lines)


def _files_of(backend: _Memory, body: bytes) -> list[tuple[Any, list[Any]]]:
    """Mercurial's own reading of a diff: what it does to each file, and its hunks there."""
    files: list[tuple[Any, list[Any]]] = []
    for state, values in hgpatch.iterhunks(io.BytesIO(body)):
        if state == b"hunk":
            files[-1][1].append(values)
        elif state == b"file":
            old, new, first, meta = values
            if meta is None:
                meta = hgpatch.makepatchmeta(backend, old, new, first, 1, b"")
            files.append((meta, []))
    return files


def _file_is_there(backend: _Memory, meta: Any, hunks: list[Any]) -> bool:
    content = backend.content(_name(meta.path))
    if meta.op == b"DELETE":
        return content is None
    if content is None:
        return False
    if meta.op == b"RENAME" and backend.content(_name(meta.oldpath)) is not None:
        return False
    if meta.op == b"ADD" or any(isinstance(h, hgpatch.binhunk) for h in hunks):
        return content == _whole(hunks)
    return _without(backend, meta, hunks) is not None


def _whole(hunks: list[Any]) -> bytes | None:
    """The content that a file has after hunks that hold all of it; None if they do not."""
    if not hunks:
        return b""
    if isinstance(hunks[0], hgpatch.binhunk):
        return None if hunks[0].delta else hunks[0].text
    return b"".join(hunks[0].b)


def _without(backend: _Memory, meta: Any, hunks: list[Any]) -> bytes | None:
    """The file with every hunk taken out of it again, None if one cannot be."""
    target = hgpatch.patchmeta(meta.path)
    file = hgpatch.patchfile(backend.ui, target, backend, hgpatch.filestore())
    backend.ui.pushbuffer(error=True)
    try:
        # a hunk that leaves no line behind fits everywhere, so it shows nothing
        undoes = all(h.b and file.apply(_reversed(h)) == 0 for h in hunks)
        return b"".join(file.lines) if undoes else None
    finally:
        backend.ui.popbuffer()


def _reversed(h: Any) -> Any:
    back = hgpatch.hunk(h.desc, h.number, None, None)
    back.hunk = list(h.hunk)
    back.a = [b"-" + line for line in h.b]
    back.b = [line[1:] for line in h.a]
    back.starta, back.lena, back.startb, back.lenb = h.startb, h.lenb, h.starta, h.lena
    return back


# diffs


def git_diff(edits: Iterable[Edit]) -> bytes:
    """The diff of these edits as ``hg export --git`` prints it with its own defaults."""
    with _lazily():
        there = (edit for edit in edits if edit.old is not None or edit.new is not None)
        return b"".join(_git_diff(sorted(there, key=lambda edit: _raw(edit.path))))


def _git_diff(edits: Sequence[Edit]) -> Iterator[bytes]:
    before, after = _Side(), _Side()
    copies = {}
    lists: dict[str, list[bytes]] = {"modified": [], "added": [], "removed": []}
    for edit in edits:
        name, source = _raw(edit.path), _raw(edit.source or edit.path)
        if edit.old is not None:
            before[source] = _Content(edit.old, edit.old_mode)
        if edit.new is not None:
            after[name] = _Content(edit.new, edit.new_mode)
        if edit.source is not None:
            copies[name] = source
        lists[_kind_of(edit)].append(name)
    options = hgmdiff.diffopts(git=True)
    for _old, _new, header, hunks in hgpatch.trydiff(
        None, (), before, after, *lists.values(), copies, _file_of, options, None, None
    ):
        text = b"".join(b"".join(lines) for _range, lines in hunks)
        if text or len(header) > 1:
            yield b"\n".join(header) + b"\n" + text


def _kind_of(edit: Edit) -> str:
    if edit.new is None:
        return "removed"
    return "added" if edit.old is None or edit.source is not None else "modified"


class _Side(dict[bytes, "_Content"]):
    """The files on one side of a diff, as Mercurial asks a changeset for them."""

    def date(self) -> tuple[int, int]:
        return 0, 0

    def flags(self, name: bytes) -> bytes:
        return self[name].mode


class _Content:
    """A file on one side of a diff, as Mercurial asks for its content."""

    def __init__(self, data: bytes, mode: str) -> None:
        self._data = data
        self.mode = mode.encode()

    def data(self) -> bytes:
        return self._data

    def isbinary(self) -> bool:
        return bool(hgstringutil.binary(self._data))


def _file_of(name: bytes, side: _Side) -> _Content:
    return side[name]


# repositories


@dataclass(frozen=True)
class Committed:
    """A changeset as a repository has it: ``node`` and ``parents`` are full hashes, ``date`` is as
    in Patch."""

    node: str
    parents: tuple[str, ...]
    user: str
    date: str
    description: str


# what Mercurial and its extensions leave in .hg while something is to be continued
_UNFINISHED = {
    "graftstate": "graft",
    "rebasestate": "rebase",
    "histedit-state": "histedit",
    "shelvedstate": "unshelve",
    "evolvestate": "evolve",
    "updatestate": "update",
    "transplant/journal": "transplant",
}


@dataclass(frozen=True)
class Changeset:
    """A changeset to be made.

    ``date`` is as in Patch; ``files``, ``modes`` and ``copies`` are as in PatchResult.
    """

    user: str
    date: str
    description: str
    files: Mapping[str, bytes | None] = field(repr=False)
    modes: Mapping[str, str]
    copies: Mapping[str, str]


class Repository:
    """A repository of Mercurial's, opened without its configuration.

    Changesets are named by their full hash in hex.  Every method raises UsageError for what the
    person has to put right in the repository, OutsideError if it is locked or the disk refuses;
    of one that is being made, which ``built_beside`` does under a name of no interest, OSError.
    """

    def __init__(self, path: Path, *, create: bool = False) -> None:
        """Open the repository at ``path``; ``create`` makes it, in a format that any Mercurial
        since 3.7 reads."""
        self.path = path
        self._new = create
        self._repo = self._open(create)

    def _open(self, create: bool = False) -> Any:
        hgencoding.encoding = b"utf-8"
        ui = _ui(0)
        ui.quiet = True
        # workers would be forks of us, which answer a signal as we do, and of what they fail at
        # we would learn a number alone
        settings = (b"ui.interactive=no", b"ui.timeout=" + _PATIENCE, b"worker.enabled=no")
        old = (b"revlog-compression=zlib", b"use-share-safe=no", b"sparse-revlog=no")
        for setting in settings + tuple(b"format." + one for one in old):
            name, _equals, value = setting.partition(b"=")
            ui.setconfig(*name.split(b".", 1), value, b"hgport")
        with self._errors(), _without_hgrc():
            return hgrepository.repository(ui, os.fsencode(self.path), create=create)

    def find(self, revision: str) -> str:
        """The changeset that a revision set names."""
        if not revision.strip() or not is_text(revision):
            # Mercurial would take the first for what is checked out
            raise UsageError(f"{revision!r} is no revision")
        with self._errors():
            found: bytes = hgscmutil.revsingle(self._repo, revision.encode(), None).hex()
        return found.decode()

    def reader(self, changeset: str) -> Reader:
        """How apply_series reads the tree of a changeset."""
        context = self._repo[changeset.encode()]

        def read(path: str) -> bytes | None:
            name = _raw(path)
            with self._errors():
                content: bytes | None = context[name].data() if name in context else None
            return content

        return read

    def has_directory(self, changeset: str, path: str) -> bool:
        """Whether the path is a directory in the tree of a changeset."""
        found: bool = self._repo[changeset.encode()].hasdir(_raw(path))
        return found

    def mode(self, changeset: str, path: str) -> str:
        """The mode of a file in the tree of a changeset, as in PatchResult."""
        with self._errors():
            flags: bytes = self._repo[changeset.encode()].manifest().flags(_raw(path))
        return flags.decode()

    def unfinished(self) -> str:
        """Why what is checked out is not all that there is, in words that follow "there is"; ""
        if nothing is in the way."""
        with self._errors():
            for name, what in _UNFINISHED.items():
                if self._repo.vfs.exists(name.encode()):
                    return f"an unfinished {what}"
            if hgmergestate.mergestate.read(self._repo).unresolvedcount():
                return "an unresolved conflict"
            working = self._repo[None]
            if len(working.parents()) > 1:
                return "an uncommitted merge"
            return "an uncommitted change" if working.dirty(missing=True, branch=False) else ""

    def checked_out(self) -> Committed:
        """The changeset that is checked out."""
        return self.committed(".")

    def committed(self, revision: str) -> Committed:
        """What a changeset says of itself, given by its hash or "."."""
        with self._errors():
            found = self._repo[revision.encode()]
            seconds, offset = found.date()
            return Committed(
                found.hex().decode(),
                tuple(p.hex().decode() for p in found.parents() if p.rev() >= 0),
                _name(found.user()),
                f"{int(seconds)} {offset}",
                _name(found.description()),
            )

    def tags(self) -> dict[str, str]:
        """The changeset of every tag, local ones included."""
        with self._errors():
            return {_name(t): node.hex() for t, node in self._repo.tags().items() if t != b"tip"}

    def has_ancestor(self, changeset: str, ancestor: str) -> bool:
        """Whether one changeset is another, or among what it was made upon."""
        with self._errors():
            log = self._repo.changelog
            rev = [self._repo[node.encode()].rev() for node in (ancestor, changeset)]
            return bool(log.isancestorrev(*rev))

    def diff(self, changeset: str) -> bytes:
        """The diff of a changeset to its first parent, as ``hg export --git`` prints it."""
        with self._errors():
            context = self._repo[changeset.encode()]
            options = hgmdiff.diffopts(git=True)
            return b"".join(hgpatch.diff(self._repo, context.p1(), context, opts=options))

    def commit(self, changesets: Sequence[Changeset], parent: str | None) -> list[str]:
        """Add changesets, each on the one before and the first on ``parent``, or add none.

        Neither the working copy nor what is checked out is touched.  ``parent`` None makes a
        root.  A changeset that is there already is not made twice.
        """
        made = []
        node = self._repo[parent.encode()].node() if parent else self._repo.nullid
        try:
            with self._errors(), self._repo.lock(), self._transaction():
                for changeset in changesets:
                    node = self._repo.commitctx(_context_of(self._repo, changeset, node))
                    made.append(node.hex())
        except BaseException:
            self._recover()
            raise
        return made

    @contextlib.contextmanager
    def _transaction(self) -> Iterator[None]:
        transaction = self._repo.transaction(b"hgport apply")
        try:
            with transaction:
                yield
        except BaseException:
            # a second try to take it back, as the object goes, would print a traceback
            transaction._journal = None
            raise

    def _recover(self) -> None:
        """Take back what a failed transaction could not: on a full disk Mercurial gives up on the
        way, and then leaves that to ``hg recover``."""
        if self._repo.svfs.exists(b"journal"):
            # whoever holds the lock now takes care of it, or it is the person's turn
            with contextlib.suppress(hgerror.Abort, hgerror.LockError, OSError):
                self._open().recover()

    def tag_locally(self, name: str, changeset: str) -> None:
        """Tag a changeset in this repository alone, which takes no changeset of its own."""
        with self._errors(), self._repo.wlock(), self._repo.lock():
            node = self._repo[changeset.encode()].node()
            # as in .hg/localtags: one line a tag
            self._repo.vfs.append(b"localtags", b"%s %s\n" % (node.hex().encode(), name.encode()))

    def check_out(self, changeset: str) -> None:
        """Make the working copy, of which there is none yet, that of a changeset."""
        with self._errors(), self._repo.wlock():
            hgmerge.clean_update(self._repo[changeset.encode()])

    @contextlib.contextmanager
    def _errors(self) -> Iterator[None]:
        """Mercurial's errors as ours; imports are lazy meanwhile."""
        try:
            with _lazily():
                yield
        except hgerror.LockError as err:
            raise OutsideError(
                f"{self.path} is locked: {_message(err)}", "another hg writes to it; try again"
            ) from err
        except (hgerror.RepoError, hgerror.Abort, hgerror.StorageError) as err:
            hint = getattr(err, "hint", None)
            raise UsageError(
                f"{self.path}: {_message(err)}", printable(_name(hint)) if hint else None
            ) from err
        except OSError as err:
            refused = (errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EACCES)
            if self._new or err.errno not in refused:
                raise
            raise OutsideError(f"cannot write {self.path}: {err.strerror}") from err


def _raw(path: str) -> bytes:
    return path.encode("utf-8", "surrogateescape")


@contextlib.contextmanager
def _without_hgrc() -> Iterator[None]:
    """Have Mercurial open a repository without reading its ``.hg/hgrc``."""
    name = "HGRCSKIPREPO"
    before = os.environ.get(name)
    os.environ[name] = "1"
    try:
        yield
    finally:
        if before is None:
            del os.environ[name]
        else:
            os.environ[name] = before


def _context_of(repo: Any, changeset: Changeset, parent: bytes) -> Any:
    """What Mercurial commits for a changeset."""
    before = repo[parent]

    def file(repo: Any, context: Any, name: bytes) -> Any:
        path = _name(name)
        content = changeset.files[path]
        if content is None:
            return None
        source = changeset.copies.get(path)
        mode = changeset.modes.get(path)
        if mode is None:
            mode = before.manifest().flags(_raw(source or path)).decode()
        return hgcontext.memfilectx(
            repo, context, name, content, mode == "l", mode == "x", _raw(source) if source else None
        )

    return hgcontext.memctx(
        repo,
        (parent, None),
        changeset.description.encode(),
        [_raw(path) for path in changeset.files],
        file,
        changeset.user.encode(),
        changeset.date.encode(),
    )
