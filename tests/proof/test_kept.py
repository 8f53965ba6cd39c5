"""A cell that was left can be looked at, changed, and run again."""

from __future__ import annotations

import json
import os
import shutil
import stat
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from helpers_cells import ground_of, patched, row
from hgport.errors import OutsideError, UsageError
from hgport.process import Finished, run
from hgport.proof import again, kept
from hgport.proof.cell import run_cell
from hgport.proof.evidence import Evidence
from hgport.proof.scenarios import IDLE_CLOSE, SMALL
from hgport.proof.world import Ground, Repositories, copied

ROW = row(SMALL, IDLE_CLOSE)


@dataclass(frozen=True)
class Left:
    """A cell that was left; its ground and its tree are gone."""

    place: Path
    base: Ground
    seen: Evidence
    # the inodes of the ground's files, and of those of the tree under test
    pristine: frozenset[int]
    tested: frozenset[int]


def inodes(top: Path) -> frozenset[int]:
    return frozenset(path.lstat().st_ino for path in top.rglob("*"))


@pytest.fixture(scope="module")
def left(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Left]:
    place = tmp_path_factory.mktemp("kept") / "cell"
    place.mkdir()
    (place / "of old").write_text("")
    with ground_of("5.2.2", "2.7") as base, patched(base, 2) as tree:
        seen = run_cell(base, tree, ROW, keep=place)
        made = Left(place, base, seen, inodes(base.tree), inodes(tree))
        pristine = {path: path.read_bytes() for path in (base.tree / "mercurial").glob("*.py")}
        _write_to_all(place / "tree" / "mercurial")
        assert all(path.read_bytes() == data for path, data in pristine.items())
    # the room is gone
    yield made


def _write_to_all(top: Path) -> None:
    """Add an empty line to each module, as a person may."""
    for path in top.glob("*.py"):
        with path.open("ab") as module:
            module.write(b"\n")


def program(*words: str | Path) -> Finished:
    return run([*words], allowed=None)


def test_what_was_left_can_be_read_back(left: Left) -> None:
    cell = kept.read(left.place)
    assert cell.row is ROW
    assert (cell.ground.release, cell.ground.interpreter) == (
        left.base.release,
        left.base.interpreter,
    )
    assert cell.ground.tree.is_dir() and cell.tree.is_dir()
    assert (cell.ran / "client" / ".hg").is_dir() and (cell.ran / "home" / "hgrc").is_file()
    assert not (left.place / "of old").exists()


def test_nothing_of_the_pristine_tree_is_in_the_one_to_write_to(left: Left) -> None:
    mine = inodes(left.place / "tree")
    assert len(mine) > 500
    assert not mine & left.pristine and not mine & left.tested
    for path in (left.place / "tree").rglob("*"):
        mode = path.lstat().st_mode
        assert not stat.S_ISREG(mode) or (path.stat().st_nlink == 1 and mode & stat.S_IWUSR)


def test_what_is_shared_with_the_pristine_tree_is_read_only(left: Left) -> None:
    for path in (left.place / "ground" / "tree").rglob("*.py"):
        assert path.stat().st_nlink == 1 or not path.stat().st_mode & 0o222


def test_it_is_run_again_by_a_program(left: Left) -> None:
    assert left.seen.exit_code == 0
    for _time in range(2):
        done = program(left.place / "again")
        told = done.stdout.decode().splitlines()
        assert done.code == 0 and done.stderr == b""
        assert told[0] == f"5.2.2, Python 2.7: {ROW.name}"
        assert f"hg:       {left.base.interpreter.path} {left.place / 'tree' / 'hg'}" in told
        assert any(one.startswith("seen:     exit code 0, 12 of 12 stored, in ") for one in told)
        attempts = [one for one in told if one.startswith("attempt:")]
        sent = [one for one in attempts if "read 0 times" not in one]
        assert len(sent) >= 12 and all("rewound 1 times, read" in one for one in sent)
        puts = [one for one in told if one.startswith("request:") and " PUT /lfs/" in one]
        assert len(puts) >= 12 and "4096 of 4096 bytes answered" in puts[-1]
        assert "printed:  searching for changes" in told


def test_what_a_person_writes_is_what_runs(left: Left, tmp_path: Path) -> None:
    place = tmp_path / "cell"
    shutil.copytree(left.place, place, symlinks=True)
    script = place / "tree" / "hg"
    text = script.read_text()
    assert "libdir = " in text
    script.write_text(text.replace("libdir = ", "sys.exit('by a person')\nlibdir = ", 1))
    done = program(sys.executable, "-m", "hgport.proof.again", place)
    assert done.code == 1
    assert "printed:  by a person" in done.stdout.decode().splitlines()


def test_a_cell_is_run_again_from_anywhere(
    left: Left, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "tree").mkdir()
    (tmp_path / "ran").mkdir()
    (tmp_path / "lfs-12-4096").mkdir()
    (tmp_path / "lfs-12-4096" / "wanted").write_text("")
    base = Ground(left.base.release, left.base.interpreter, tmp_path)
    kept.leave(Path("here"), base, tmp_path / "tree", ROW, tmp_path / "ran")
    words = (tmp_path / "here" / "again").read_text().split()
    assert words[-1] == str(tmp_path / "here")


ABOUT = {
    "release": {"version": "5.2.2", "pythons": ["2.7"]},
    "interpreter": {"version": "2.7", "path": "/nowhere"},
    "row": ["embedded", ROW.name],
}
# what may be found in a cell.json, if there is one
DAMAGED = {
    "missing": None,
    "no JSON": b"{",
    "no text": b"\xff",
    "another kind": b"[]",
    "nothing": b"{}",
    "of another hgport": json.dumps(ABOUT).encode(),
    "no release": json.dumps({**ABOUT, "release": None}).encode(),
    "no pythons": json.dumps({**ABOUT, "release": {"pythons": None}}).encode(),
}


@pytest.mark.parametrize("content", DAMAGED.values(), ids=DAMAGED)
def test_what_is_no_cell_is_said_to_be_none(
    content: bytes | None,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    if content is not None:
        (tmp_path / "cell.json").write_bytes(content)
    with pytest.raises(UsageError, match="holds no cell"):
        kept.read(tmp_path)
    monkeypatch.setattr(sys, "argv", ["again", str(tmp_path)])
    assert again.main() == 2
    assert capsys.readouterr().err.startswith(f"hgport: {tmp_path} holds no cell")


def changed(left: Left, place: Path, **more: object) -> Path:
    """A cell of which only cell.json is there, with something else in it."""
    about = json.loads((left.place / "cell.json").read_text())
    place.mkdir()
    (place / "cell.json").write_text(json.dumps({**about, **more}))
    return place


@pytest.mark.parametrize("named", [["embedded", "lfs push, of old"], ["giftless", ROW.name]])
def test_a_row_may_be_gone(left: Left, tmp_path: Path, named: list[str]) -> None:
    place = changed(left, tmp_path / "cell", row=named)
    with pytest.raises(UsageError, match="has no .* any more"):
        kept.read(place)


@pytest.mark.parametrize("named", [["embedded"], [["embedded"], ROW.name, "more"], None])
def test_a_row_is_a_server_and_a_name(left: Left, tmp_path: Path, named: object) -> None:
    with pytest.raises(UsageError, match="holds no cell"):
        kept.read(changed(left, tmp_path / "cell", row=named))


def test_the_program_says_what_is_wrong_in_a_line(left: Left, tmp_path: Path) -> None:
    words = (sys.executable, "-m", "hgport.proof.again")
    none = program(*words, tmp_path)
    assert (none.code, none.stdout) == (2, b"")
    assert none.stderr.decode().splitlines() == [
        f"hgport: {tmp_path} holds no cell that hgport test --keep has left"
    ]
    assert program(*words).code == 2
    # the interpreter that it ran in may be gone, too
    place = tmp_path / "cell"
    shutil.copytree(left.place, place, symlinks=True)
    about = json.loads((place / "cell.json").read_text())
    about["interpreter"]["path"] = str(tmp_path / "python")
    (place / "cell.json").write_text(json.dumps(about))
    gone = program(*words, place)
    assert gone.code not in (0, 1) and b"Traceback" not in gone.stderr
    assert len(gone.stderr.splitlines()) == 1 and b"python" in gone.stderr


def test_trouble_with_the_disk_is_told_in_a_line(left: Left, tmp_path: Path) -> None:
    # a file that cannot be copied, whoever asks
    for name in ("client", "peer", "ran"):
        (tmp_path / name).mkdir()
    os.mkfifo(tmp_path / "client" / "pipe")
    os.mkfifo(tmp_path / "ran" / "pipe")
    with pytest.raises(OutsideError, match=f"cannot write {tmp_path / 'cell' / 'client'}: "):
        copied(Repositories(tmp_path, ()), tmp_path / "cell")
    cell = kept.read(left.place)
    with pytest.raises(OutsideError, match="cannot write .*ran: .*named pipe"):
        kept.leave(tmp_path / "new", cell.ground, cell.tree, cell.row, tmp_path / "ran")
    assert not (tmp_path / "new").exists()
