from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from hgport.process import run
from hgport.proof import upstreamleftovers as module

# a daemon as tests start them: of another session, with nothing of ours open, in "/"
DAEMON = """\
setsid sh -c 'cd "$1"; echo $$ > "$2"; exec sleep 300' sh "$1" "$2" </dev/null >/dev/null 2>&1 &
while [ ! -s "$2" ]; do sleep 0.01; done"""


def daemon(note: Path, env: dict[str, str], cwd: Path) -> int:
    words: list[str | Path] = ["/bin/sh", "-c", DAEMON, "sh", cwd, note]
    run(words, cwd=Path("/"), env={"PATH": os.defpath, **env}, timeout=20)
    return int(note.read_text())


def alive(number: int) -> bool:
    with contextlib.suppress(OSError):
        return b"sleep" in Path(f"/proc/{number}/cmdline").read_bytes()
    return False


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Path]:
    place = tmp_path / "place"
    place.mkdir()
    yield place
    module.end_all(place)


@pytest.mark.skipif(not Path("/proc/self/environ").exists(), reason="no /proc here")
def test_a_daemon_is_known_by_its_environment_or_where_it_works(
    place: Path, tmp_path: Path
) -> None:
    other = tmp_path / "other"
    other.mkdir()
    of_another = daemon(other / "note", {"TMPDIR": str(other)}, Path("/"))
    by_environment = daemon(place / "one", {"TMPDIR": str(place / "tmp")}, Path("/"))
    by_directory = daemon(place / "two", {}, place)
    assert set(module.belonging(place)) == {by_environment, by_directory}
    module.end_all(place)
    assert not alive(by_environment) and not alive(by_directory)
    assert alive(of_another)
    module.end_all(other)


def test_without_proc_the_tests_notes_are_read(
    place: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    noted = daemon(place / "daemon.pids", {}, Path("/"))
    monkeypatch.setattr(module, "_PROC", tmp_path)
    assert list(module.belonging(place)) == [noted]
    module.end_all(place)
    assert not alive(noted)
