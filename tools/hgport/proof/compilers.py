"""Compile Python as a release's own Pythons do, those of them that this machine has.

What an interpreter said of a text is remembered, and so is which interpreters there are, as long as
the places where they are looked for are as they were; so a text is compiled once, and looking for
interpreters, which runs each of them, is done once.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from hgport.errors import HgportError, OutsideError
from hgport.model.release import Release
from hgport.places import cache_dir

if TYPE_CHECKING:
    from hgport.engine.merge.merge import Compiles
    from hgport.proof.compiled import Compiled
    from hgport.proof.interpreters import Interpreter

# understood by Python 2 and 3; the text comes from standard input
_PROGRAM = """
import sys
text = getattr(sys.stdin, "buffer", sys.stdin).read()
try:
    compile(text, "text", "exec", 0, True)
except SyntaxError:
    err = sys.exc_info()[1]
    sys.stdout.write("line %s: %s" % (err.lineno, err.msg))
except Exception:
    sys.stdout.write("%s: %s" % (sys.exc_info()[0].__name__, sys.exc_info()[1]))
"""
# seconds; a text that takes longer is none that anybody wrote
_PATIENCE = 30
# where managers keep interpreters, below their own root
_MANAGED = (
    ("PYENV_ROOT", "~/.pyenv", "versions"),
    ("ASDF_DATA_DIR", "~/.asdf", "installs/python"),
    ("UV_PYTHON_INSTALL_DIR", "~/.local/share/uv/python", "."),
)


def compiler(release: Release) -> Compiles | None:
    """What compiles a text under every Python of a release that this machine has, None if it has
    none.

    It takes a path, which messages may name, and the text; it returns "" if all of them take it,
    else which of them does not, and why.  Raises OutsideError if the disk refuses.
    """
    found = _found(release.pythons, identity(release))
    return _Compilers(found).compile if found else None


def identity(release: Release) -> str:
    """What tells the Pythons that ``compiler`` uses for a release from others, without running any:
    where they could be, and what is there."""
    digest = hashlib.sha256(repr((release.pythons, _PROGRAM)).encode())
    for place in _places(release.pythons):
        digest.update(place.encode("utf-8", "surrogateescape") + b"\0")
    return digest.hexdigest()


def _places(versions: Sequence[str]) -> Iterator[str]:
    for directory in os.get_exec_path():
        yield from _stamps(directory, [f"python{version}" for version in versions])
        yield from _listed(os.path.join(os.path.dirname(directory), "versions"))
    for variable, default, below in _MANAGED:
        root = os.environ.get(variable) or os.path.expanduser(default)
        yield from _listed(os.path.join(root, below))


def _stamps(directory: str, names: Sequence[str]) -> Iterator[str]:
    for name in names:
        path = os.path.join(directory, name)
        try:
            status = os.stat(path)
        except OSError:
            continue
        yield f"{path} {status.st_size} {status.st_mtime_ns}"


def _listed(directory: str) -> Iterator[str]:
    try:
        yield f"{directory} {sorted(os.listdir(directory))}"
    except OSError:
        return


@lru_cache(maxsize=64)
def _found(versions: tuple[str, ...], key: str) -> tuple[Interpreter, ...]:
    """The interpreters of these versions, which are remembered under ``key``."""
    with _compiled() as compiled:
        known = compiled.interpreters(key)
        if known is None or not all(one.path.exists() for one in known):
            from hgport.proof import interpreters

            found = interpreters.find(versions)
            known = tuple(found[version] for version in versions if version in found)
            compiled.remember_interpreters(key, known)
    return known


def _compiled() -> Compiled:
    from hgport.proof.compiled import Compiled

    return Compiled(cache_dir() / "compiled.sqlite")


@dataclass(frozen=True)
class _Compilers:
    """The interpreters of one release."""

    interpreters: tuple[Interpreter, ...]

    def compile(self, path: str, content: bytes) -> str:
        """Why the text does not compile, "" if it does."""
        digest = hashlib.sha256(content).hexdigest()
        keys = {f"{digest} {one.path} {one.full}": one for one in self.interpreters}
        with _compiled() as compiled:
            said = compiled.verdicts(list(keys))
            lacking = {key: one for key, one in keys.items() if key not in said}
            if lacking:
                fresh = dict(zip(lacking, _run_all(list(lacking.values()), content)))
                compiled.remember_verdicts(fresh)
                said.update(fresh)
        told = [f"Python {one.version}: {said[key]}" for key, one in keys.items() if said[key]]
        return "; ".join(told)


def _run_all(interpreters: Sequence[Interpreter], content: bytes) -> list[str]:
    from concurrent.futures import ThreadPoolExecutor

    with ThreadPoolExecutor(len(interpreters)) as pool:
        return list(pool.map(lambda one: _run(one, content), interpreters))


def _run(interpreter: Interpreter, content: bytes) -> str:
    from hgport import process

    # nothing of the person's gets in: neither their environment nor modules that lie about
    words: list[str | Path] = [interpreter.path, "-E", "-s", "-S", "-W", "ignore", "-c", _PROGRAM]
    try:
        said = process.run(words, env={}, stdin=content, timeout=_PATIENCE).stdout
    except OutsideError:
        raise
    except HgportError as err:
        # such a text may bring an interpreter down, and then nobody can use it
        return f"it fails: {err.message.splitlines()[0][:200]}"
    return " ".join(said.decode("utf-8", "replace").split())
