"""The Python interpreters of this machine.

Looked for in what manages interpreters (pyenv, asdf, uv) and on PATH, by their full name
(``python2.7``), and run once: one that does not start, is of another version, or lacks what a push
over https needs is passed over.  pyenv's shims for versions that are not switched on are such.
"""

from __future__ import annotations

import os
import re
import tempfile
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from hgport.errors import HgportError, OutsideError, UsageError
from hgport.files import disk_errors
from hgport.process import run

# understood by Python 2 and 3
_PROBE = """
import ssl, struct, sys, zlib
sys.stdout.write("%d.%d\\n%s; %s\\n%s\\n" % (
    sys.version_info[0], sys.version_info[1], " ".join(sys.version.split()), ssl.OPENSSL_VERSION,
    sys.executable))
"""
_PROBE_SECONDS = 20
_VERSION = re.compile(r"\d+\.\d+")
_FULL = re.compile(r"\d+\.\d+\.\d+\w*")


@dataclass(frozen=True)
class Interpreter:
    """A Python that works: its ``version`` ("2.7"), where it is, and in ``full`` all that tells it
    from another build."""

    version: str
    path: Path
    full: str

    @property
    def openssl(self) -> str:
        """What it does TLS with, as that names itself: "OpenSSL 1.1.1w  11 Sep 2023"."""
        return self.full.rpartition("; ")[2]


def find(versions: Iterable[str]) -> dict[str, Interpreter]:
    """The interpreters of these versions ("2.7") that this machine has, by version."""
    wanted = list(dict.fromkeys(versions))
    if not wanted:
        return {}
    managed = list(_managed())
    with ThreadPoolExecutor(len(wanted)) as pool:
        found = pool.map(lambda version: _first(version, managed), wanted)
        return {one.version: one for one in found if one is not None}


def probe(path: Path) -> Interpreter | None:
    """What the program at ``path`` is, None if it is no Python that could run a push.

    Of a shim, which may start another Python in another directory, it is the Python that it starts.
    Raises OutsideError if the disk refuses.
    """
    told = _told(path)
    if told is None:
        return None
    version, full, executable = told
    # but not of a script that sets something up for its Python, which is another without it
    if executable != str(path) and os.path.isabs(executable) and _told(Path(executable)) == told:
        path = Path(executable)
    return Interpreter(version, path, full)


def _told(path: Path) -> tuple[str, str, str] | None:
    """The version, all that tells the build, and the path that a Python says of itself."""
    # the person's PYTHONPATH and the like do not get in; shims need PATH to find their manager
    env = {"PATH": os.environ.get("PATH", os.defpath)}
    words: list[str | Path] = [path, "-E", "-s", "-c", _PROBE]
    # nor do modules that lie where the person is: Python 2 has no option that says so
    with disk_errors("make a directory"), tempfile.TemporaryDirectory(prefix="hgport-") as nowhere:
        try:
            answer = run(words, cwd=Path(nowhere), env=env, timeout=_PROBE_SECONDS).stdout
            version, full, executable = os.fsdecode(answer).splitlines()[:3]
        except (HgportError, ValueError, OSError):
            return None
    return version, full, executable


def named(path: Path) -> Interpreter:
    """The interpreter that a person pointed at.  Raises UsageError if it is none."""
    found = probe(path.absolute())
    if found is None:
        raise UsageError(f"{path} is no Python with ssl and zlib")
    return found


def asked(words: Iterable[str]) -> tuple[tuple[str, ...], dict[str, Interpreter]]:
    """What a person asked for: the versions, and by version those interpreters that are certain.

    A word is a version ("3.8"), a full one ("3.8.18"), the path of an interpreter, or the name of
    one on PATH ("python3.8").  Raises UsageError for what is none and for two that are the same
    version, OutsideError if there is no interpreter of a full version.
    """
    versions: list[str] = []
    certain: dict[str, Interpreter] = {}
    for word in dict.fromkeys(words):
        one = _certain(word)
        if one is None:
            versions.append(word)
            continue
        other = certain.setdefault(one.version, one)
        if other != one:
            both = f"{other.path} and {one.path}"
            raise UsageError(f"{both} are both Python {one.version}", "give one of each version")
    return tuple(dict.fromkeys([*versions, *certain])), certain


def _certain(word: str) -> Interpreter | None:
    """The interpreter that a word names, None if it names any of a version."""
    if os.sep in word:
        return named(Path(word))
    if _FULL.fullmatch(word):
        return _exactly(word)
    on_path = next(_on_path(word), None)
    return named(on_path) if on_path and not _VERSION.fullmatch(word) else None


def _exactly(full: str) -> Interpreter:
    version = full.rpartition(".")[0]
    for found in _all(version, list(_managed())):
        if found.full.split()[0] == full:
            return found
    raise OutsideError(f"no Python {full} found", advice(full))


def advice(version: str) -> str:
    """How to get an interpreter of this version."""
    if _FULL.fullmatch(version):
        return f"get it with: pyenv install {version}; or give --python the path of one"
    return f"get it with: pyenv install {version}; or put a python{version} on PATH"


def _first(version: str, managed: Iterable[Path]) -> Interpreter | None:
    return next(_all(version, managed), None)


def _all(version: str, managed: Iterable[Path]) -> Iterator[Interpreter]:
    """The interpreters of a version that work, those of managers first."""
    name = f"python{version}"
    candidates = [path for path in managed if path.name == name]
    for path in dict.fromkeys([*candidates, *_on_path(name)]):
        found = probe(path)
        if found is not None and found.version == version:
            yield found


def _on_path(name: str) -> Iterator[Path]:
    for directory in os.get_exec_path():
        path = Path(directory) / name
        if path.is_file() and os.access(path, os.X_OK):
            yield path.absolute()


def _managed() -> Iterator[Path]:
    """The programs of every interpreter that a manager installed, the newest first."""
    from findpython.providers.asdf import AsdfProvider
    from findpython.providers.base import BaseProvider
    from findpython.providers.pyenv import PyenvProvider
    from findpython.providers.uv import UvProvider

    others: list[BaseProvider | None] = [AsdfProvider.create(), UvProvider.create()]
    for provider in [*(PyenvProvider(root) for root in _pyenv_roots()), *filter(None, others)]:
        # findpython would run each to learn its version, in a way that Python 2 does not know
        programs = (one.executable for one in provider.find_pythons())
        yield from sorted(programs, key=_numbers, reverse=True)


def _numbers(path: Path) -> list[int]:
    return [int(digits) for digits in re.findall(r"\d+", str(path))]


def _pyenv_roots() -> list[Path]:
    """Where pyenv keeps its versions: as it says itself, beside the program, or its default."""
    told = os.environ.get("PYENV_ROOT")
    if told:
        return [Path(told)]
    beside = [
        path.parents[1] for path in (*_on_path("pyenv"), *_on_path("python")) if _in_pyenv(path)
    ]
    return list(dict.fromkeys([*beside, Path.home() / ".pyenv"]))


def _in_pyenv(path: Path) -> bool:
    return (path.parents[1] / "versions").is_dir()
