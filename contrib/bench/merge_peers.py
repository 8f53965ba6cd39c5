"""The programs that people carry changes with, each asked to merge the same cases.

``git merge-file`` is what ``git apply -3``, ``git am -3``, ``git cherry-pick``, ``git rebase`` and
StGit settle a file's content with; the strategy options of ``git cherry-pick`` that could matter
are tried as well.  ``hg graft`` stands for ``hg rebase`` likewise.
Programs that take a whole repository get all cases in one, which is faster for them than one
by one.
"""

from __future__ import annotations

import os
import shutil
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from corpus import Case

from hgport import process
from hgport.engine import hg

# how to get the programs that may be missing
PROGRAMS = {
    "git": "apt-get install git",
    "patch": "apt-get install patch",
    "diff3": "apt-get install diffutils",
    "wiggle": "apt-get install wiggle",
}


@dataclass(frozen=True)
class Made:
    """What a program made of a case; ``content`` is None for a conflict, or where it gave up."""

    content: bytes | None = field(repr=False)
    seconds: float


# cases and an empty directory -> what was made of each
Peer = Callable[[Sequence[Case], Path], "list[Made]"]


def peers() -> dict[str, Peer]:
    """Every program that this machine has, by the name that the tables show."""
    found: dict[str, Peer] = {"git merge-file": _each(_git_merge_file())}
    if b"--diff-algorithm" in process.run(["git", "merge-file", "-h"], allowed=None).stdout:
        for name in ("patience", "histogram"):
            words = _git_merge_file(f"--diff-algorithm={name}")
            found[f"git merge-file, {name}"] = _each(words)
    for option in ("", "patience", "histogram", "minimal", "ignore-all-space"):
        name = f"git cherry-pick -X {option}" if option else "git cherry-pick"
        found[name] = _cherry_pick([f"-X{option}"] if option else [])
    found["patch -F2"] = _patch
    found["diff3 -m"] = _each(lambda sides: ["diff3", "-m", *sides])
    found["wiggle"] = _each(lambda sides: ["wiggle", "--merge", *sides])
    found["merge3"] = _merge3
    found["hg graft"] = _graft([])
    relaxed = ["--config", "experimental.relaxed-block-sync-merge=yes"]
    found["hg graft, relaxed sync"] = _graft(relaxed)
    return {name: peer for name, peer in found.items() if _is_there(name.split()[0])}


def _is_there(program: str) -> bool:
    if program not in PROGRAMS or shutil.which(program):
        return True
    print(f"no {program} here ({PROGRAMS[program]})", file=sys.stderr)
    return False


def environment() -> dict[str, str]:
    """That of the programs: nobody's configuration, one identity, one date."""
    kept = {name: os.environ[name] for name in ("PATH", "TMPDIR") if name in os.environ}
    who = {"NAME": "bench", "EMAIL": "bench@example.org", "DATE": "@0 +0000"}
    fixed = {f"GIT_{role}_{key}": v for role in ("AUTHOR", "COMMITTER") for key, v in who.items()}
    return {
        **kept,
        **fixed,
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_CONFIG_GLOBAL": os.devnull,
        "HOME": os.devnull,
        "LC_ALL": "C.UTF-8",
    }


# a program for each case


def _git_merge_file(*options: str) -> Callable[[list[str]], list[str]]:
    return lambda sides: ["git", "merge-file", "-p", "-q", *options, *sides]


def _each(words: Callable[[list[str]], list[str]]) -> Peer:
    """A program that gets target, base and patched, and prints the merge, with code 0 if it is
    one."""

    def run(cases: Sequence[Case], room: Path) -> list[Made]:
        made = []
        for case in cases:
            sides = [str(room / side) for side in ("target", "base", "patched")]
            for side in sides:
                Path(side).write_bytes(getattr(case, Path(side).name))
            start = time.perf_counter()
            done = process.run(words(sides), cwd=room, env=environment(), allowed=None)
            seconds = time.perf_counter() - start
            made.append(Made(done.stdout if done.code == 0 else None, seconds))
        return made

    return run


def _patch(cases: Sequence[Case], room: Path) -> list[Made]:
    """GNU patch with the fuzz that it takes by default; making the diff is not timed."""
    made = []
    target, base, patched = (room / side for side in ("target", "base", "patched"))
    for case in cases:
        for side in (target, base, patched):
            side.write_bytes(getattr(case, side.name))
        words = ["diff", "-u", base, patched]
        diff = process.run(words, env=environment(), allowed=(0, 1)).stdout
        start = time.perf_counter()
        words = ["patch", "-s", "-f", "-F2", "-r", "-", "--no-backup-if-mismatch", target]
        done = process.run(words, cwd=room, env=environment(), allowed=None, stdin=diff)
        seconds = time.perf_counter() - start
        made.append(Made(target.read_bytes() if done.code == 0 else None, seconds))
    return made


def _merge3(cases: Sequence[Case], room: Path) -> list[Made]:
    import merge3

    made = []
    for case in cases:
        start = time.perf_counter()
        texts = [side.splitlines(keepends=True) for side in (case.base, case.target, case.patched)]
        merge = merge3.Merge3(*texts)
        conflict = any(region[0] == "conflict" for region in merge.merge_regions())
        content = None if conflict else b"".join(merge.merge_lines())
        made.append(Made(content, time.perf_counter() - start))
    return made


# a program for all cases


def _write(cases: Sequence[Case], room: Path, side: str) -> None:
    for number, case in enumerate(cases):
        (room / f"{number}{case.suffix}").write_bytes(getattr(case, side))


def _read(cases: Sequence[Case], room: Path, unsettled: bytes, seconds: float) -> list[Made]:
    """``unsettled`` holds a line for each file in conflict."""
    names = set(unsettled.decode().splitlines())
    made = []
    for number, case in enumerate(cases):
        name = f"{number}{case.suffix}"
        content = None if name in names else (room / name).read_bytes()
        made.append(Made(content, seconds / len(cases)))
    return made


def _cherry_pick(options: list[str]) -> Peer:
    def run(cases: Sequence[Case], room: Path) -> list[Made]:
        def git(*words: str, allowed: tuple[int, ...] = (0,)) -> bytes:
            every = ["git", "-c", "core.autocrlf=false", *words]
            return process.run(every, cwd=room, env=environment(), allowed=allowed).stdout

        git("init", "-q")
        for side in ("base", "patched"):
            _write(cases, room, side)
            git("add", ".")
            git("commit", "-q", "-m", side)
        git("tag", "patched")
        git("checkout", "-q", "patched^")
        _write(cases, room, "target")
        git("commit", "-q", "-a", "-m", "target")
        start = time.perf_counter()
        git("cherry-pick", "-Xno-renames", *options, "patched", allowed=(0, 1))
        seconds = time.perf_counter() - start
        return _read(cases, room, git("diff", "--name-only", "--diff-filter=U"), seconds)

    return run


def _graft(options: list[str]) -> Peer:
    def run(cases: Sequence[Case], room: Path) -> list[Made]:
        def commit(side: str) -> None:
            _write(cases, room, side)
            hg.run("commit", "-q", "-A", "-m", side, "-u", "bench", "-d", "0 0", cwd=room)

        hg.run("init", cwd=room)
        commit("base")
        commit("patched")
        hg.run("update", "-q", "0", cwd=room)
        commit("target")
        start = time.perf_counter()
        words = ["graft", "-q", "-r", "1", "--tool", "internal:merge", *options]
        hg.run(*words, cwd=room, allowed=(0, 1))
        seconds = time.perf_counter() - start
        unsettled = hg.run(
            "resolve", "--list", "-T", "{ifeq(mergestatus, 'U', '{path}\n')}", cwd=room
        )
        return _read(cases, room, unsettled.stdout, seconds)

    return run
