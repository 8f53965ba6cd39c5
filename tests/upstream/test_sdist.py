from __future__ import annotations

import os
import socket
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from helpers_upstream import Index, cached, noise, release_of, sdist_of, served
from hgport.errors import OutsideError
from hgport.process import run
from hgport.upstream import download, index, sdist

DATA = {version: sdist_of(version, {"blob": noise(60_000)}) for version in ("5.1", "5.2", "5.2.2")}
RELEASES = {version: release_of(version, data) for version, data in DATA.items()}
RELEASE, SDIST = RELEASES["5.2.2"], DATA["5.2.2"]


@pytest.fixture()
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("HGPORT_CACHE", str(tmp_path / "cache"))
    monkeypatch.delenv("HGPORT_OFFLINE", raising=False)
    monkeypatch.setattr(download, "PAUSE", 0.01)
    return tmp_path / "cache" / "sdists"


@pytest.fixture()
def server(cache: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Index]:
    index._published_once.cache_clear()
    files = {RELEASES[version].sdist: data for version, data in DATA.items()}
    with served(Index(files)) as made:
        monkeypatch.setenv("HGPORT_INDEX_URL", made.url)
        yield made


def test_a_wrong_file_while_offline_is_said_to_be_wrong(
    cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cached(cache.parent, "5.2.2", SDIST[:-1] + b"x")
    monkeypatch.setenv("HGPORT_OFFLINE", "1")
    with pytest.raises(OutsideError, match="not the file that the catalogue names: HGPORT_OFFLINE"):
        sdist.fetch(RELEASE)
    assert names(cache) == {RELEASE.sdist}


@pytest.mark.parametrize("damage", [SDIST[:-1] + b"x", SDIST[:500], b""])
def test_a_wrong_file_without_a_network_is_named(
    cache: Path, monkeypatch: pytest.MonkeyPatch, damage: bytes
) -> None:
    cached(cache.parent, "5.2.2", SDIST)
    (cache / RELEASE.sdist).write_bytes(damage)
    index._published_once.cache_clear()
    monkeypatch.setenv("HGPORT_INDEX_URL", f"http://127.0.0.1:{closed_port()}/simple/")
    with pytest.raises(OutsideError) as caught:
        sdist.fetch(RELEASE)
    wrong = (
        f"cannot replace {cache / RELEASE.sdist}, which is not the file that the catalogue names"
    )
    assert caught.value.message.startswith(f"{wrong}: cannot ask the index: ")
    assert "\n" not in caught.value.message
    assert (cache / RELEASE.sdist).read_bytes() == damage


@pytest.mark.parametrize("suffix", ["", ".part"])
def test_a_directory_in_its_place_is_said_before_anything_is_asked(
    server: Index, cache: Path, suffix: str
) -> None:
    place = cache / f"{RELEASE.sdist}{suffix}"
    place.mkdir(parents=True)
    with pytest.raises(OutsideError) as caught:
        sdist.fetch(RELEASE)
    assert caught.value.message == f"cannot write {place}: it is a directory"
    assert server.asked == []
    assert server.pages == 0


def test_a_fifo_in_its_place_is_replaced(server: Index, cache: Path) -> None:
    cache.mkdir(parents=True)
    os.mkfifo(cache / RELEASE.sdist)
    assert sdist.fetch(RELEASE).read_bytes() == SDIST


@pytest.mark.parametrize("left", [SDIST, SDIST[:20_000], bytes(20_000), bytes(len(SDIST))])
def test_the_end_is_told_once_and_when_the_hash_is_right(
    server: Index, cache: Path, left: bytes
) -> None:
    part(cache, left)
    told: list[tuple[int, bool]] = []
    path = cache / RELEASE.sdist
    sdist.fetch(RELEASE, progress=lambda done, _whole: told.append((done, path.exists())))
    assert told[-1] == (len(SDIST), True)
    assert [done for done, _there in told].count(len(SDIST)) == 1


def test_no_end_is_told_of_another_file(server: Index, cache: Path) -> None:
    server.files[RELEASE.sdist] = bytes(len(SDIST))
    told: list[int] = []
    with pytest.raises(OutsideError, match="is not the file that the catalogue names"):
        sdist.fetch(RELEASE, progress=lambda done, _whole: told.append(done))
    assert max(told) < len(SDIST)


def part(cache: Path, data: bytes) -> Path:
    cache.mkdir(parents=True)
    path = cache / f"{RELEASE.sdist}.part"
    path.write_bytes(data)
    return path


def names(cache: Path) -> set[str]:
    return {path.name for path in cache.iterdir() if path.suffix != ".lock"}


def test_a_download_is_whole_and_tells_how_it_goes(server: Index, cache: Path) -> None:
    told: list[tuple[int, int]] = []
    assert not sdist.is_cached(RELEASE)
    path = sdist.fetch(RELEASE, progress=lambda done, whole: told.append((done, whole)))
    assert path == cache / RELEASE.sdist
    assert path.read_bytes() == SDIST
    assert names(cache) == {RELEASE.sdist}
    assert told[0] == (0, len(SDIST))
    assert told[-1] == (len(SDIST), len(SDIST))
    assert sdist.is_cached(RELEASE)


def test_what_is_cached_asks_nobody(server: Index, cache: Path) -> None:
    sdist.fetch(RELEASE)
    server.asked.clear()
    sdist.fetch(RELEASE)
    assert server.asked == []
    assert server.pages == 1


@pytest.mark.parametrize("damage", ["short", "long", "other bytes", "empty"])
def test_a_damaged_file_in_the_cache_is_downloaded_again(
    server: Index, cache: Path, damage: str
) -> None:
    wrong = {"short": SDIST[:-1], "long": SDIST + b"x", "empty": b""}
    cache.mkdir(parents=True)
    (cache / RELEASE.sdist).write_bytes(wrong.get(damage, SDIST[:-1] + b"\xff"))
    assert sdist.fetch(RELEASE).read_bytes() == SDIST


def test_a_part_is_gone_on_with(server: Index, cache: Path) -> None:
    part(cache, SDIST[:20_000])
    assert sdist.fetch(RELEASE).read_bytes() == SDIST
    assert server.asked == [(RELEASE.sdist, "bytes=20000-")]
    assert names(cache) == {RELEASE.sdist}


def test_a_server_without_ranges_sends_it_from_the_start(server: Index, cache: Path) -> None:
    server.ranges = False
    part(cache, SDIST[:20_000])
    assert sdist.fetch(RELEASE).read_bytes() == SDIST


@pytest.mark.parametrize("ranges", [True, False])
@pytest.mark.parametrize("length", [1, 20_000, len(SDIST), len(SDIST) + 5])
def test_a_part_of_something_else_is_begun_anew(
    server: Index, cache: Path, length: int, ranges: bool
) -> None:
    server.ranges = ranges
    part(cache, b"\0" * length)
    assert sdist.fetch(RELEASE).read_bytes() == SDIST


def test_a_whole_part_needs_no_download(server: Index, cache: Path) -> None:
    part(cache, SDIST)
    assert sdist.fetch(RELEASE).read_bytes() == SDIST
    assert server.asked == []


def test_a_connection_that_is_cut_is_taken_up_again(server: Index, cache: Path) -> None:
    server.cuts = [10_000, 10_000]
    assert sdist.fetch(RELEASE).read_bytes() == SDIST
    assert [wanted for _name, wanted in server.asked] == ["", "bytes=10000-", "bytes=20000-"]


def test_a_server_in_trouble_is_asked_again(server: Index, cache: Path) -> None:
    server.broken = 2
    assert sdist.fetch(RELEASE).read_bytes() == SDIST
    assert len(server.asked) == 3


def test_a_connection_that_is_always_cut_leaves_a_part_to_go_on_from(
    server: Index, cache: Path
) -> None:
    server.cuts = [1000] * 99
    with pytest.raises(OutsideError, match="cannot download mercurial-5.2.2.tar.gz") as caught:
        sdist.fetch(RELEASE)
    assert caught.value.hint == "run it again to go on from there"
    assert names(cache) == {f"{RELEASE.sdist}.part"}
    assert len(server.asked) == download.ATTEMPTS
    server.cuts = []
    assert sdist.fetch(RELEASE).read_bytes() == SDIST
    assert server.asked[-1] == (RELEASE.sdist, f"bytes={1000 * download.ATTEMPTS}-")


@pytest.mark.parametrize(
    "wrong",
    [SDIST[:-1] + b"\xff", SDIST + b"more", bytes(len(SDIST))],
    ids=["byte", "long", "zeros"],
)
def test_a_download_with_another_hash_is_refused(server: Index, cache: Path, wrong: bytes) -> None:
    server.files[RELEASE.sdist] = wrong
    with pytest.raises(OutsideError, match="is not the file that the catalogue names"):
        sdist.fetch(RELEASE)
    assert names(cache) == set()


def test_a_download_that_ends_early_without_a_cut_is_refused(server: Index, cache: Path) -> None:
    server.files[RELEASE.sdist] = SDIST[:-10]
    with pytest.raises(OutsideError, match="mercurial-5.2.2.tar.gz"):
        sdist.fetch(RELEASE)
    assert RELEASE.sdist not in names(cache)


def test_a_release_that_the_index_lacks(server: Index) -> None:
    del server.files[RELEASE.sdist]
    with pytest.raises(OutsideError, match="the index has no mercurial-5.2.2.tar.gz"):
        sdist.fetch(RELEASE)


def closed_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        port: int = one.getsockname()[1]
        return port


def test_no_network_is_one_line_and_the_cache_still_serves(
    cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    index._published_once.cache_clear()
    monkeypatch.setenv("HGPORT_INDEX_URL", f"http://127.0.0.1:{closed_port()}/simple/")
    with pytest.raises(
        OutsideError, match="5.2.2.tar.gz: cannot ask the index: .*refused"
    ) as caught:
        sdist.fetch(RELEASE)
    assert "\n" not in caught.value.message
    assert len(caught.value.message) < 160
    cached(cache.parent, "5.2.2", SDIST)
    assert sdist.fetch(RELEASE).read_bytes() == SDIST


def test_offline_forbids_to_ask_and_the_cache_still_serves(
    server: Index, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HGPORT_OFFLINE", "1")
    with pytest.raises(OutsideError, match="HGPORT_OFFLINE forbids the network"):
        sdist.fetch(RELEASE)
    assert server.pages == 0
    cached(cache.parent, "5.2.2", SDIST)
    assert sdist.fetch(RELEASE).read_bytes() == SDIST


def test_two_at_once_download_once(server: Index, cache: Path) -> None:
    server.slow = 0.005
    with ThreadPoolExecutor(4) as pool:
        paths = list(pool.map(lambda _: sdist.fetch(RELEASE), range(4)))
    assert len(server.asked) == 1
    assert {path.read_bytes() for path in paths} == {SDIST}


def test_several_are_fetched_over_two_connections(server: Index, cache: Path) -> None:
    server.slow = 0.005
    told: dict[str, int] = {}
    paths = sdist.fetch_all(
        RELEASES.values(), jobs=9, progress=lambda r, done, _whole: told.update({r.version: done})
    )
    assert [path.read_bytes() for path in paths] == list(DATA.values())
    assert server.most_at_once == 2
    assert told == {version: len(data) for version, data in DATA.items()}
    assert server.pages == 1


def test_what_was_just_downloaded_is_hashed_once(
    server: Index, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cached(cache.parent, "5.1", DATA["5.1"])
    hashed: list[str] = []
    real = sdist._sha256

    def sha256(path: Path) -> str:
        hashed.append(path.name)
        return real(path)

    monkeypatch.setattr(sdist, "_sha256", sha256)
    wanted = list(RELEASES.values())
    assert [path.name for path in sdist.fetch_all(wanted)] == [one.sdist for one in wanted]
    assert sorted(name.partition(".part")[0] for name in hashed) == sorted(
        one.sdist for one in wanted
    )


def test_after_a_failure_no_further_download_starts(server: Index, cache: Path) -> None:
    server.files = {name: bytes(len(data)) for name, data in server.files.items()}
    with pytest.raises(OutsideError, match="not the file that the catalogue names"):
        sdist.fetch_all(RELEASES.values(), jobs=1)
    assert len({name for name, _wanted in server.asked}) == 1


def test_a_full_disk_is_one_line(server: Index, tmp_path: Path) -> None:
    disk = tmp_path / "cache"
    disk.mkdir()
    options = ["-t", "tmpfs", "-o", "size=32k", "tmpfs"]
    mounted = run(["mount", *options, disk], allowed=None)
    if mounted.code:
        pytest.skip("no right to mount a small file system here")
    try:
        with pytest.raises(OutsideError, match="No space left on device") as caught:
            sdist.fetch(RELEASE)
        assert caught.value.hint
        assert RELEASE.sdist not in names(disk / "sdists")
    finally:
        run(["umount", disk])


def test_a_limit_on_the_size_of_files_is_one_line(server: Index, cache: Path) -> None:
    """As a full disk, for those who may not mount one: in a process of its own."""
    script = (
        "import resource, sys; from hgport.cli import run\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (20000, 20000)); sys.exit(run(sys.argv[1:]))"
    )
    project = cache.parent.parent / "project"
    (project / "patches").mkdir(parents=True)
    (project / "patches" / "releases.toml").write_text(
        'base = "5.2.2"\naffected = "5.2..5.2"\n[[release]]\nversion = "5.2.2"\n'
        f'sdist = "{RELEASE.sdist}"\nsha256 = "{RELEASE.sha256}"\nsize = {RELEASE.size}\n'
    )
    args = [sys.executable, "-c", script, "releases", "--fetch", "5.2.2"]
    # the limit would cut bytecode as well, and Python would not notice
    env = {**os.environ, "HGPORT_PROJECT": str(project), "PYTHONDONTWRITEBYTECODE": "1"}
    ended = run(args, env=env, allowed=(3,))
    assert ended.stderr.startswith(b"hgport: cannot write ")
    assert ended.stderr.count(b"\n") == 1
