from __future__ import annotations

import hashlib
import os
import re
import signal
import sqlite3
import sys
import time
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from helpers_upstream import cached, plain, sdist_of, tar_gz
from hgport.engine.directories import directories
from hgport.errors import OutsideError
from hgport.model.release import Release
from hgport.process import run
from hgport.upstream import sdist, unpack
from hgport.upstream.contents import Contents

FILES = {"hg": b"#! hg", "mercurial/url.py": b"url", "empty": b""}
PATHS = [*FILES, "gone", "mercurial"]


@pytest.fixture()
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("HGPORT_CACHE", str(tmp_path))
    monkeypatch.setenv("HGPORT_OFFLINE", "1")
    return tmp_path


@pytest.fixture()
def release(cache: Path) -> Release:
    return cached(cache, "5.2.2", sdist_of("5.2.2", FILES, executable=("hg",)))


def no_sdist(cache: Path) -> None:
    for path in (cache / "sdists").glob("*.gz"):
        path.unlink()


def test_content_hash_and_mode_of_each_path(release: Release) -> None:
    with Contents() as contents:
        assert contents.read(release, PATHS) == {**FILES, "gone": None, "mercurial": None}
        hashes = {path: hashlib.sha256(data).hexdigest() for path, data in FILES.items()}
        assert contents.hashes(release, PATHS) == {**hashes, "gone": None, "mercurial": None}
        assert contents.executable(release, "hg")
        assert not contents.executable(release, "empty")
        assert not contents.executable(release, "gone")


def test_what_is_known_needs_no_sdist(cache: Path, release: Release) -> None:
    with Contents() as contents:
        contents.read(release, PATHS)
    no_sdist(cache)
    with Contents() as contents:
        assert contents.read(release, PATHS[::-1])["hg"] == b"#! hg"
        assert contents.read(release, ["gone"]) == {"gone": None}
        with pytest.raises(OutsideError, match="HGPORT_OFFLINE"):
            contents.read(release, ["hg", "other"])
        assert contents.read(release, ["hg"]) == {"hg": b"#! hg"}


def test_many_releases_and_paths_at_once(cache: Path) -> None:
    files = {f"f{i}": b"%d" % i for i in range(450)}
    releases = [
        cached(cache, version, sdist_of(version, {**files, "own": version.encode()}))
        for version in ("4.9", "5.2", "5.2.2")
    ]
    with Contents() as contents:
        found = contents.read_many(releases, [*files, "own"])
        hashes = contents.hashes_many(releases, ["own", "gone"])
    assert {version: one["own"] for version, one in found.items()} == {
        "4.9": b"4.9",
        "5.2": b"5.2",
        "5.2.2": b"5.2.2",
    }
    assert all(one[path] == data for one in found.values() for path, data in files.items())
    assert len({one["own"] for one in hashes.values()}) == 3
    assert {one["gone"] for one in hashes.values()} == {None}


def test_nothing_asked_is_nothing_told(release: Release) -> None:
    with Contents() as contents:
        assert contents.read_many([], ["hg"]) == {}
        assert contents.read_many([release], []) == {"5.2.2": {}}


def test_a_path_need_not_be_utf8(cache: Path) -> None:
    release = cached(cache, "5.2", sdist_of("5.2", {"caf\udce9": b"latin"}))
    with Contents() as contents:
        assert contents.read(release, ["caf\udce9", "café"]) == {
            "caf\udce9": b"latin",
            "café": None,
        }


def test_another_sdist_of_the_same_version_is_another_release(cache: Path) -> None:
    for data in (b"one", b"two"):
        release = cached(cache, "5.2", sdist_of("5.2", {"hg": data}))
        with Contents() as contents:
            assert contents.read(release, ["hg"]) == {"hg": data}


def test_an_sdist_that_is_unfit_teaches_nothing(cache: Path) -> None:
    release = cached(cache, "5.2", tar_gz([plain("mercurial-5.2/../hg", b"evil")]))
    with Contents() as contents, pytest.raises(OutsideError, match="not fit to unpack"):
        contents.read(release, ["hg"])


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:5000])


def overwrite_all(path: Path) -> None:
    path.write_bytes(b"\xff" * 20_000)


def drop_table(path: Path) -> None:
    with sqlite3.connect(path) as connection:
        connection.execute("DROP TABLE blob")


def drop_content(path: Path) -> None:
    with sqlite3.connect(path) as connection:
        connection.execute("DELETE FROM blob WHERE data = x'75726c'")


def flip_content(path: Path) -> None:
    with sqlite3.connect(path) as connection:
        connection.execute("UPDATE blob SET data = x'757271' WHERE data = x'75726c'")


def older(path: Path) -> None:
    with sqlite3.connect(path) as connection:
        connection.execute("PRAGMA user_version = 0")


@pytest.mark.parametrize(
    "damage", [cut, overwrite_all, drop_table, drop_content, flip_content, older]
)
def test_a_damaged_or_older_store_is_set_aside_and_made_again(
    release: Release, cache: Path, damage: Callable[[Path], None], capfd: pytest.CaptureFixture[str]
) -> None:
    with Contents() as contents:
        contents.read(release, PATHS)
    damage(cache / "contents.sqlite")
    with Contents() as contents:
        assert contents.read(release, PATHS) == {**FILES, "gone": None, "mercurial": None}
    said = capfd.readouterr().err
    assert said.count("\n") == 1
    assert f"{cache}/contents.sqlite set aside: " in said
    assert (cache / "contents.sqlite.damaged").exists()
    no_sdist(cache)
    with Contents() as contents:
        assert contents.read(release, ["hg"]) == {"hg": b"#! hg"}
    assert capfd.readouterr().err == ""


def test_a_store_that_was_only_begun_is_gone_on_with(
    release: Release, cache: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    (cache / "contents.sqlite").write_bytes(b"")
    with Contents() as contents:
        assert contents.read(release, ["hg"]) == {"hg": b"#! hg"}
    assert capfd.readouterr().err == ""


def test_several_at_once_on_an_empty_cache(release: Release, cache: Path) -> None:
    others = [
        cached(cache, version, sdist_of(version, {**FILES, "v": version.encode()}))
        for version in ("4.9", "5.0", "5.1", "5.2")
    ]

    def read(_number: int) -> list[bytes | None]:
        with Contents() as contents:
            found = contents.read_many(others, [*PATHS, "v"])
        return [found[one.version]["v"] for one in others]

    with ThreadPoolExecutor(6) as pool:
        results = list(pool.map(read, range(12)))
    assert results == [[b"4.9", b"5.0", b"5.1", b"5.2"]] * 12
    assert not (cache / "contents.sqlite.damaged").exists()


SCRIPT = """
import sys
from hgport.model.release import Release
from hgport.upstream.contents import Contents
release = Release(*sys.argv[1:4], int(sys.argv[4]), ())
print("begun", flush=True)
for number in range(100000):
    with Contents() as contents:
        contents.read(release, ["hg", f"gone-{number}"])
"""


@pytest.mark.parametrize("ending", [signal.SIGINT, signal.SIGKILL])
def test_a_run_that_is_ended_leaves_a_good_store(
    release: Release, cache: Path, ending: signal.Signals, capfd: pytest.CaptureFixture[str]
) -> None:
    words = [release.version, release.sdist, release.sha256, str(release.size)]
    kill = f"os.kill, (os.getpid(), {int(ending)})"
    script = f"import os, threading\nthreading.Timer(0.7, {kill}).start()\n"
    args = [sys.executable, "-c", script + SCRIPT, *words]
    ended = run(args, env=dict(os.environ), allowed=None, timeout=60)
    assert not ended.timed_out
    assert b"begun" in ended.stdout
    with Contents() as contents:
        assert contents.read(release, PATHS)["hg"] == b"#! hg"
    assert capfd.readouterr().err == ""


def test_a_store_that_cannot_be_written_is_done_without(
    cache: Path, release: Release, capfd: pytest.CaptureFixture[str]
) -> None:
    (cache / "contents.sqlite.lock").mkdir()
    for _again in range(2):
        with Contents() as contents:
            assert contents.read(release, PATHS)["hg"] == b"#! hg"
            assert contents.read(release, ["gone"]) == {"gone": None}
            assert contents.executable(release, "hg")
    said = capfd.readouterr().err
    assert said.count("\n") == 1
    assert said.startswith("hgport: contents are not remembered: cannot write ")


def test_without_sdists_a_store_that_cannot_be_written_is_one_line(
    cache: Path, release: Release, capfd: pytest.CaptureFixture[str]
) -> None:
    (cache / "contents.sqlite.lock").mkdir()
    no_sdist(cache)
    with Contents() as contents, pytest.raises(OutsideError) as caught:
        contents.read(release, ["hg"])
    assert "contents.sqlite.lock" in caught.value.message
    assert "\n" not in caught.value.message
    assert capfd.readouterr().err == ""


@pytest.fixture()
def inflated(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names of the sdists that were inflated, in order."""
    found: list[str] = []
    real = unpack.read

    def read(path: Path) -> unpack.Archive:
        found.append(path.name)
        return real(path)

    monkeypatch.setattr(unpack, "read", read)
    return found


def test_an_sdist_is_inflated_once_for_files_and_directories(
    release: Release, inflated: list[str]
) -> None:
    with Contents() as contents:
        contents.learn({release: PATHS})
        contents.learn({release: PATHS[::-1]})
        assert contents.read(release, PATHS)["empty"] == b""
    assert directories([release]) == {"5.2.2": {"mercurial"}}
    assert inflated == [release.sdist]


def test_what_lacks_is_learned_in_one_go(
    cache: Path, inflated: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[list[str]] = []
    real = sdist.fetch_all

    def fetch_all(releases: Iterable[Release], **options: Any) -> list[Path]:
        asked.append([release.version for release in releases])
        return real(releases, **options)

    monkeypatch.setattr(sdist, "fetch_all", fetch_all)
    one, two, three = (
        cached(cache, version, sdist_of(version, {"hg": version.encode()}))
        for version in ("5.0", "5.1", "5.2")
    )
    with Contents() as contents:
        contents.read(two, ["hg"])
        contents.learn({one: ["hg"], two: ["hg"], three: ["hg", "gone"]})
        assert contents.read_many([one, two, three], ["hg"])["5.0"] == {"hg": b"5.0"}
        assert contents.read(three, ["gone"]) == {"gone": None}
    assert [versions for versions in asked if versions] == [["5.1"], ["5.0", "5.2"]]
    assert sorted(inflated) == [one.sdist, two.sdist, three.sdist]


def test_a_full_disk_costs_a_word(cache: Path, capfd: pytest.CaptureFixture[str]) -> None:
    files = {f"f{i}": os.urandom(9000) for i in range(30)}
    release = cached(cache, "5.2", sdist_of("5.2", files))
    disk = cache / "disk"
    disk.mkdir()
    if run(["mount", "-t", "tmpfs", "-o", "size=100k", "tmpfs", disk], allowed=None).code:
        pytest.skip("no right to mount a small file system here")
    try:
        with Contents(disk / "contents.sqlite") as contents:
            assert contents.read(release, files) == files
        said = capfd.readouterr().err
        assert said.count("\n") == 1
        assert re.search("contents are not remembered: cannot use .*(full|I/O)", said)
    finally:
        run(["umount", disk])


def test_what_is_known_is_quick(cache: Path) -> None:
    """28 releases and 10 paths: well below the 0.15 s that a whole cached status may take."""
    files = {f"f{i}": os.urandom(20_000) for i in range(10)}
    releases = [
        cached(cache, f"5.{n}", sdist_of(f"5.{n}", {**files, f"f{n % 10}": b"%d" % n}))
        for n in range(28)
    ]
    with Contents() as contents:
        contents.hashes_many(releases, files)
    taken = []
    for _ in range(5):
        start = time.perf_counter()
        with Contents() as contents:
            contents.hashes_many(releases, files)
        taken.append(time.perf_counter() - start)
    assert min(taken) < 0.03
