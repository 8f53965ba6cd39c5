"""What stands for all that goes into a run of one of upstream's test files.

What the machine has beside the interpreter, which its ``hghave`` looks for, does not: so nothing
that was skipped for want of something may be remembered.
"""

from __future__ import annotations

import functools
import hashlib
import json
import posixpath
from pathlib import Path

import hgport
from hgport.proof import upstreamchoice
from hgport.proof.upstreamrun import Work

# what makes a tree and runs tests in it, beside what is in the key by its content
_HARNESS = (
    "files.py",
    "process.py",
    "engine/apply.py",
    "engine/hgpatcher.py",
    "engine/outcome.py",
    "model/diff.py",
    "model/header.py",
    "model/patch.py",
    "proof/patched.py",
    "proof/upstreamchoice.py",
    "proof/upstreamkey.py",
    "proof/upstreamleftovers.py",
    "proof/upstreamports.py",
    "proof/upstreamreport.py",
    "proof/upstreamrun.py",
    "proof/upstreamruns.py",
    "proof/upstreamvenv.py",
    "proof/world.py",
    "upstream/contents.py",
    "upstream/store.py",
    "upstream/tree.py",
    "upstream/unpack.py",
)


def in_tests(path: str) -> bool:
    """Whether a path is one below tests/."""
    return path.startswith(upstreamchoice.DIRECTORY)


def key(work: Work, file: str) -> str:
    """The key (hex) of one file of a run; the other tests are not in it."""
    parts = [
        harness(),
        work.release.sha256,
        work.interpreter.full,
        [
            (path, None if data is None else hashlib.sha256(data).hexdigest())
            for path, data in sorted(work.replaced.items())
            if not _is_another(path, file)
        ],
        [path for path in work.executable if not _is_another(path, file)],
        file,
    ]
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()


@functools.lru_cache(maxsize=1)
def harness() -> str:
    """The hash of our own part in a run."""
    digest = hashlib.sha256()
    for name in _HARNESS:
        digest.update((Path(hgport.__file__).parent / name).read_bytes())
    return digest.hexdigest()


def _is_another(path: str, file: str) -> bool:
    directory, name = posixpath.split(path)
    return in_tests(directory + "/") and upstreamchoice.is_test(name) and name != file
