"""Rooms, grounds and worlds, with a real release."""

from __future__ import annotations

import fcntl
import hashlib
import os
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from helpers_proof import catalogue, interpreter
from hgport.process import run
from hgport.proof import world as module
from hgport.proof.scenarios import BUNDLE, DOWNLOAD, LARGE, LFS, Operation
from hgport.proof.world import Hg, blobs, ground, room, world, write_config

_STORE = "client/.hg/store/lfs/objects/*/*"
SMALL = Operation("lfs push", LFS, blobs=2, size=1000)


def test_a_room_is_there_for_the_run_only(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HGPORT_CACHE", str(tmp_path))
    with room() as place:
        (place / "x").mkdir()
        (place / "x" / "y").write_text("")
        assert place.is_relative_to(tmp_path)
    assert list((tmp_path / "worlds").glob("run-*")) == []


def test_what_a_killed_run_left_is_swept(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HGPORT_CACHE", str(tmp_path))
    dead, alive = (tmp_path / "worlds" / f"run-{name}" for name in ("dead", "alive"))
    for place in (dead, alive):
        place.mkdir(parents=True)
        (place / "in-use").write_text("")
    with (alive / "in-use").open("wb") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        with room() as mine, room() as another:
            assert mine != another
            assert not dead.exists()
            assert alive.exists() and mine.exists()


SHARES = """
import sys
from hgport.proof.world import machine_room
place = machine_room("ours")
(place / sys.argv[1]).write_text("")
if sys.argv[2:]:
    from hgport.process import run
    run([sys.executable, sys.argv[0], sys.argv[2]])
print(*sorted(path.name for path in place.iterdir()))
"""


def test_a_machines_room_is_there_while_a_process_has_it(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("HGPORT_CACHE", str(tmp_path / "cache"))
    script = tmp_path / "shares.py"
    script.write_text(SHARES)
    left = tmp_path / "cache" / "worlds" / "run-killed"
    left.mkdir(parents=True)
    both = run([sys.executable, script, "a", "b"]).stdout.split()
    # the inner one has ended before the outer, and took nothing with it
    assert both == [b"a", b"b", b"in-use"]
    assert list(left.parent.glob("run-*")) == []


def test_blobs_are_what_their_hash_says() -> None:
    made = blobs(LARGE)
    assert len(made) == 3
    for oid, data in made.items():
        assert len(data) == 1024 * 1024
        assert hashlib.sha256(data).hexdigest() == oid
    assert list(blobs(SMALL)) != list(made)[:2]


def test_a_ground_and_its_worlds(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    release = catalogue().release("5.2.2")
    python = interpreter(release, "3.8")
    monkeypatch.setenv("HGPLAINEXCEPT", "everything")
    with room() as place:
        base = ground(place, release, python)
        assert ground(place, release, python) == base
        made = base.repositories(SMALL)
        assert base.repositories(SMALL) == made
        stored = {p.parent.name + p.name for p in made.place.glob(_STORE)}
        assert stored == set(made.wanted) == set(blobs(SMALL))
        assert (made.place / "peer" / ".hg").is_dir() and not (made.place / "home").exists()
        _check_others(base)

        path = "mercurial/keepalive.py"
        content = (base.tree / path).read_bytes().replace(b"KeepAliveHandler", b"KeepXlivehandler")
        with world(base, {path: content, "new.py": b"", "COPYING": None}) as tree:
            _check_world(base.tree, tree, path, content)
        assert not tree.exists()
        with world(base, {}) as tree:
            assert tree == base.tree


def _check_others(base: module.Ground) -> None:
    """What the other kinds of operation begin with."""
    elsewhere = base.repositories(replace(SMALL, kind=DOWNLOAD))
    assert set(elsewhere.wanted) == set(blobs(SMALL))
    assert not list(elsewhere.place.glob(_STORE))
    bundle = base.repositories(replace(SMALL, kind=BUNDLE))
    (wanted,) = bundle.wanted
    assert wanted == hashlib.sha256((bundle.place / "bundle").read_bytes()).hexdigest()


def _check_world(base: Path, tree: Path, path: str, content: bytes) -> None:
    assert (tree / path).read_bytes() == content != (base / path).read_bytes()
    assert (tree / "new.py").exists() and not (tree / "COPYING").exists()
    # bytecode of what is not replaced is shared, and of what is replaced is not
    compiled = {p.name.split(".")[0] for p in (tree / "mercurial" / "__pycache__").iterdir()}
    assert "localrepo" in compiled and "keepalive" not in compiled


def test_bytecode_is_not_shared_for_what_is_replaced(tmp_path: Path) -> None:
    source, target = tmp_path / "a", tmp_path / "b"
    (source / "m" / "__pycache__").mkdir(parents=True)
    (target / "m").mkdir(parents=True)
    for name in ("one.pyc", "two.pyc", "two.py", "__pycache__/one.cpython-38.pyc"):
        (source / "m" / name).write_bytes(name.encode())
    (source / "m" / "__pycache__" / "two.cpython-38.pyc").write_bytes(b"")
    module._share_bytecode(source, target, {"m/two.py": b"", "other/one.py": b""})
    shared = {str(p.relative_to(target)) for p in target.rglob("*") if p.is_file()}
    assert shared == {"m/one.pyc", "m/__pycache__/one.cpython-38.pyc"}


def test_nothing_of_the_persons_gets_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    release = catalogue().release("5.2.2")
    python = interpreter(release, "3.8")
    person = tmp_path / "person"
    person.mkdir()
    (person / ".hgrc").write_text("[ui]\nusername = somebody\n[hooks]\npre-init = false\n")
    monkeypatch.setenv("HOME", str(person))
    monkeypatch.setenv("HGRCPATH", str(person / ".hgrc"))
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1/")
    monkeypatch.setenv("HGUSER", "somebody")
    with room() as place:
        base = ground(place, release, python)
        home = tmp_path / "home"
        write_config(home, LFS)
        hg = Hg(python.path, base.tree)
        hg(["init", "repo"], cwd=tmp_path, home=home)
        told = hg(["config"], cwd=tmp_path / "repo", home=home).stdout.decode()
        shown = hg(["debuginstall"], cwd=tmp_path / "repo", home=home, allowed=None).stdout
    assert "somebody" not in told and "pre-init" not in told
    assert b"somebody" not in shown
    assert set(module.environment(home)) & set(os.environ) <= {
        "HOME",
        "HGRCPATH",
        "LC_ALL",
        "PATH",
        "TMPDIR",
        "TZ",
    }
