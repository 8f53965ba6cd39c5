"""Which of upstream's tests a series is put to."""

from __future__ import annotations

import fnmatch
import posixpath
from collections.abc import Collection, Iterable, Sequence

from hgport.errors import UsageError
from hgport.model.catalogue import unknown
from hgport.model.patch import Patch

DIRECTORY = "tests/"
_HTTP = ("test-http*", "test-push-http*", "test-lfs*", "test-largefiles*", "test-bundle2-remote*")
# what touches a module that a patch touches; any other has the tests that are named after it
_TOUCHING = {
    "mercurial/httpconnection.py": _HTTP,
    "mercurial/httppeer.py": _HTTP,
    "mercurial/keepalive.py": _HTTP,
    "mercurial/url.py": _HTTP,
    "mercurial/worker.py": ("test-worker*", "test-lfs*"),
    "hgext/lfs/": ("test-lfs*",),
    "hgext/largefiles/": ("test-largefiles*", "test-lfs-largefiles*"),
}


def is_test(name: str) -> bool:
    """Whether a file in tests/ is one that run-tests.py runs."""
    return name.startswith("test-") and name.endswith((".t", ".py"))


def own(patches: Iterable[Patch]) -> dict[str, str]:
    """The tests that patches bring: "added" or "changed", by file name."""
    found: dict[str, str] = {}
    for patch in patches:
        for change in patch.files:
            directory, name = posixpath.split(change.path)
            if directory + "/" == DIRECTORY and is_test(name):
                if change.kind == "delete":
                    found.pop(name, None)
                else:
                    found.setdefault(name, "added" if change.kind == "add" else "changed")
    return found


def split(globs: Iterable[str]) -> tuple[str, ...]:
    """The patterns of several ``--tests``, each of which may name some with commas."""
    parts = (part.strip() for text in globs for part in text.split(","))
    return tuple(dict.fromkeys(filter(None, parts)))


def chosen(
    names: Collection[str], patches: Sequence[Patch], globs: Sequence[str]
) -> tuple[str, ...]:
    """Of a release's test files, those that the globs match, or without globs those that touch
    what the patches touch; and in any case those that the patches bring.  Sorted."""
    wanted = globs or _touching(patches)
    every = [name for name in {*names, *own(patches)} if is_test(name)]
    found = [name for name in every if any(fnmatch.fnmatchcase(name, one) for one in wanted)]
    return tuple(sorted({*found, *own(patches)}))


def check(globs: Iterable[str], names: Iterable[str]) -> None:
    """Raise UsageError, which offers near names, for a glob that matches none of ``names``, the
    test files of every release in question."""
    known = sorted(set(filter(is_test, names)))
    for one in globs:
        if not fnmatch.filter(known, one):
            error = unknown("test", one, known)
            hint = error.hint if "mean" in str(error.hint) else "name files as they are in tests/"
            raise UsageError(f"no test matches {one!r} in any of these releases", hint)


def _touching(patches: Sequence[Patch]) -> list[str]:
    wanted: list[str] = []
    for path in dict.fromkeys(path for patch in patches for path in patch.paths):
        if path.startswith(("mercurial/", "hgext/")):
            wanted += _of(path)
    return wanted


def _of(path: str) -> Sequence[str]:
    for place, globs in _TOUCHING.items():
        if path.startswith(place):
            return globs
    return (f"test-{posixpath.basename(path).split('.')[0]}*",)
