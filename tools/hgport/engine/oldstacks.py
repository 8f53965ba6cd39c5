"""A stack as an older commit of its repository has it."""

from __future__ import annotations

import io
import os
import tarfile
import tempfile
from pathlib import Path

from hgport import process
from hgport.engine import hg
from hgport.errors import UsageError
from hgport.model.catalogue import Catalogue
from hgport.model.stack import Stack


def stack_at(stack: Stack, revision: str) -> Stack:
    """The stack as it was at a revision of the git or Mercurial repository that it is in, on those
    below it as they were.

    Raises UsageError if it is in none, or for what is no revision there or held no stack,
    OutsideError if there is no git to ask.
    """
    under = None if stack.under is None else stack_at(stack.under, revision)
    series = stack.top.path.resolve()
    root = _root(series)
    top = series.relative_to(root)
    patches = stack.top.directory.resolve().relative_to(root)
    data = (_git if (root / ".git").exists() else _hg)(root, revision, (top, patches))
    with tempfile.TemporaryDirectory() as directory:
        _unpack(data, Path(directory))
        try:
            base = _base(Path(directory) / patches, stack)
            return Stack.load(Path(directory) / top, base, under)
        except UsageError as err:
            said = err.message.replace(f"{directory}{os.sep}", "")
            raise UsageError(f"at {revision}: {said}", err.hint) from None


def _root(path: Path) -> Path:
    for parent in path.parents:
        if (parent / ".git").exists() or (parent / ".hg").is_dir():
            return parent
    raise UsageError(f"{path} is in no repository, so it has no older commits")


def _base(patches: Path, stack: Stack) -> str | None:
    catalogue = patches / "releases.toml"
    return Catalogue.load(catalogue).base if catalogue.is_file() else stack.base


def _git(root: Path, revision: str, paths: tuple[Path, ...]) -> bytes:
    kept = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    env = {**kept, "LC_ALL": "C", "GIT_OPTIONAL_LOCKS": "0"}
    words = [
        "git",
        "rev-parse",
        "--quiet",
        "--verify",
        "--end-of-options",
        f"{revision}^{{commit}}",
    ]
    found = process.run(words, cwd=root, env=env, allowed=(0, 1, 128))
    if found.code:
        raise _unknown(revision, root)
    commit = found.stdout.decode().strip()
    words = ["git", "ls-tree", "--name-only", commit, "--", *map(str, paths)]
    there = process.run(words, cwd=root, env=env).stdout
    if there.count(b"\n") < len(set(paths)):
        raise UsageError(f"at {revision}, there was no {paths[0]}")
    words = ["git", "archive", "--format=tar", commit, "--", *map(str, paths)]
    return process.run(words, cwd=root, env=env).stdout


def _hg(root: Path, revision: str, paths: tuple[Path, ...]) -> bytes:
    found = hg.run("log", "-r", f"limit({revision}, 2)", "-T", "{node}\n", cwd=root, allowed=None)
    nodes = found.stdout.decode().split()
    if found.code or len(nodes) != 1:
        raise _unknown(revision, root)
    wanted = [word for path in paths for word in ("-I", f"path:{path}")]
    words = ["archive", "-r", nodes[0], *wanted, "-t", "tar", "-p", "here", "-"]
    found = hg.run(*words, cwd=root, allowed=(0, 255))
    if found.code:
        raise UsageError(f"at {revision}, there was no {paths[0]}")
    return found.stdout


def _unknown(revision: str, root: Path) -> UsageError:
    return UsageError(f"{revision!r} is no commit in {root}")


def _unpack(data: bytes, directory: Path) -> None:
    """Write the plain files of an archive that git or Mercurial has made."""
    with tarfile.open(fileobj=io.BytesIO(data)) as archive:
        for member in archive:
            content = archive.extractfile(member) if member.isfile() else None
            if content is None:
                continue
            name = member.name[len("here/") :] if member.name.startswith("here/") else member.name
            path = directory / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content.read())
