from __future__ import annotations

import gzip
import os
import stat
import tarfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from helpers_upstream import noise, plain, sdist_of, special, tar_gz
from hgport.errors import OutsideError
from hgport.upstream import unpack

TOP = "mercurial-5.2.2"


def sdist(tmp_path: Path, data: bytes) -> Path:
    path = tmp_path / "mercurial-5.2.2.tar.gz"
    path.write_bytes(data)
    return path


def unpacked(tmp_path: Path, data: bytes) -> Path:
    target = tmp_path / "target"
    target.mkdir()
    unpack.unpack(unpack.read(sdist(tmp_path, data)), target)
    return target


def tree(root: Path) -> dict[str, bytes]:
    return {str(p.relative_to(root)): p.read_bytes() for p in root.rglob("*") if p.is_file()}


def test_files_come_out_below_the_target_without_the_top_directory(tmp_path: Path) -> None:
    files = {"hg": b"#!", "a/b/c.py": b"c", "a/empty": b"", "a/\udcff": b"latin"}
    target = unpacked(tmp_path, sdist_of("5.2.2", files, executable=("hg",)))
    assert tree(target) == files
    assert stat.S_IMODE((target / "hg").stat().st_mode) == 0o755
    assert stat.S_IMODE((target / "a/b/c.py").stat().st_mode) == 0o644
    assert (target / "hg").stat().st_mtime == 1_500_000_000


def test_modes_are_ours_not_the_archives(tmp_path: Path) -> None:
    data = tar_gz([plain(f"{TOP}/a", b"", 0o4777), plain(f"{TOP}/b", b"", 0o000)])
    target = unpacked(tmp_path, data)
    assert stat.S_IMODE((target / "a").stat().st_mode) == 0o755
    assert stat.S_IMODE((target / "b").stat().st_mode) == 0o644


@pytest.mark.parametrize("kind", [tarfile.SYMTYPE, tarfile.LNKTYPE])
def test_a_link_to_a_file_of_the_archive_becomes_a_copy(tmp_path: Path, kind: bytes) -> None:
    named = "x/../../b" if kind == tarfile.SYMTYPE else f"{TOP}/b"
    data = tar_gz([special(f"{TOP}/a/link", kind, named), plain(f"{TOP}/b", b"b", 0o755)])
    target = unpacked(tmp_path, data)
    link = target / "a/link"
    assert not link.is_symlink()
    assert link.stat().st_nlink == 1
    assert link.read_bytes() == b"b"
    assert link.stat().st_mode & 0o100


def test_the_last_of_several_members_of_one_name_counts(tmp_path: Path) -> None:
    link = special(f"{TOP}/a", tarfile.SYMTYPE, "b")
    data = tar_gz([plain(f"{TOP}/a", b"1"), link, plain(f"{TOP}/b"), plain(f"{TOP}/a", b"2")])
    assert tree(unpacked(tmp_path, data)) == {"a": b"2", "b": b""}


OUTSIDE = "/etc/passwd"
HOSTILE = {
    "parent": [plain(f"{TOP}/../evil", b"x")],
    "parent in the middle": [plain(f"{TOP}/a/../../../evil", b"x")],
    "only parent": [plain("../evil", b"x")],
    "absolute": [plain("/tmp/evil", b"x")],
    "double slash": [plain(f"{TOP}//etc/evil", b"x")],
    "dot": [plain(f"{TOP}/./evil", b"x")],
    "into .hg": [plain(f"{TOP}/.hg/hgrc", b"[hooks]")],
    "into .HG": [plain(f"{TOP}/sub/.HG/hgrc", b"[hooks]")],
    "too long": [plain(f"{TOP}/{'x' * 250}", b"x")],
    "no directory": [plain("evil", b"x")],
    "two top directories": [plain(f"{TOP}/a", b"x"), plain("other/a", b"x")],
    "symlink out": [special(f"{TOP}/a", tarfile.SYMTYPE, "../../evil")],
    "absolute symlink": [special(f"{TOP}/a", tarfile.SYMTYPE, OUTSIDE)],
    "hard link out": [special(f"{TOP}/a", tarfile.LNKTYPE, f"{TOP}/../../evil")],
    "absolute hard link": [special(f"{TOP}/a", tarfile.LNKTYPE, OUTSIDE)],
    "dangling link": [special(f"{TOP}/a", tarfile.SYMTYPE, "gone")],
    "link to itself": [special(f"{TOP}/a", tarfile.SYMTYPE, "a")],
    "links in a ring": [
        special(f"{TOP}/a", tarfile.SYMTYPE, "b"),
        special(f"{TOP}/b", tarfile.SYMTYPE, "a"),
    ],
    "link to a directory": [
        special(f"{TOP}/d", tarfile.DIRTYPE),
        special(f"{TOP}/a", tarfile.SYMTYPE, "d"),
    ],
    "file through a link": [
        special(f"{TOP}/a", tarfile.SYMTYPE, ".."),
        plain(f"{TOP}/a/evil", b"x"),
    ],
    "file through a later link to a file": [
        plain(f"{TOP}/b", b"b"),
        plain(f"{TOP}/a/evil", b"x"),
        special(f"{TOP}/a", tarfile.SYMTYPE, "b"),
    ],
    "file through a file": [plain(f"{TOP}/a", b"x"), plain(f"{TOP}/a/evil", b"x")],
    "directory and file": [special(f"{TOP}/a", tarfile.DIRTYPE), plain(f"{TOP}/a", b"x")],
    "fifo": [special(f"{TOP}/a", tarfile.FIFOTYPE)],
    "device": [special(f"{TOP}/a", tarfile.BLKTYPE)],
    "terminal": [special(f"{TOP}/a", tarfile.CHRTYPE)],
    "unheard of": [special(f"{TOP}/a", b"Z")],
}


@pytest.mark.parametrize("members", HOSTILE.values(), ids=HOSTILE)
def test_a_hostile_member_makes_the_archive_unfit(
    tmp_path: Path, members: list[tuple[tarfile.TarInfo, bytes]]
) -> None:
    data = tar_gz([plain(f"{TOP}/good", b"good"), *members])
    with pytest.raises(OutsideError, match="mercurial-5.2.2.tar.gz is not fit to unpack"):
        unpacked(tmp_path, data)
    assert tree(tmp_path) == {"mercurial-5.2.2.tar.gz": data}


def test_what_stands_in_the_target_is_not_written_through(tmp_path: Path) -> None:
    (tmp_path / "victim").write_bytes(b"safe")
    target = tmp_path / "target"
    target.mkdir()
    (target / "a").symlink_to(tmp_path / "victim")
    archive = unpack.read(sdist(tmp_path, sdist_of("5.2.2", {"a": b"evil"})))
    with pytest.raises(OutsideError, match="File exists"):
        unpack.unpack(archive, target)
    assert (tmp_path / "victim").read_bytes() == b"safe"


GOOD = sdist_of("5.2.2", {f"f{i}": noise(700 + i) for i in range(20)})


@pytest.mark.parametrize("length", [0, 1, 10, 100, len(GOOD) // 2, len(GOOD) - 1])
def test_a_file_that_is_cut_is_unfit(tmp_path: Path, length: int) -> None:
    with pytest.raises(OutsideError, match="not fit"):
        unpack.read(sdist(tmp_path, GOOD[:length]))


def test_a_tar_that_is_cut_inside_whole_gzip_data_is_unfit(tmp_path: Path) -> None:
    tar = gzip.decompress(GOOD)
    for length in (0, 700, 1024, 1500, 10_000):
        with pytest.raises(OutsideError, match="not fit"):
            unpack.read(sdist(tmp_path, gzip.compress(tar[:length])))


def test_a_damaged_header_is_not_taken_for_the_end(tmp_path: Path) -> None:
    tar = bytearray(gzip.decompress(GOOD))
    tar[tar.index(b"mercurial-5.2.2/f7")] ^= 0xFF
    with pytest.raises(OutsideError, match="damaged at byte"):
        unpack.read(sdist(tmp_path, gzip.compress(bytes(tar))))


def test_what_is_no_archive_at_all_is_unfit(tmp_path: Path) -> None:
    for data in (b"", b"<html>sorry</html>", gzip.compress(b"no tar" * 1000), GOOD + GOOD):
        with pytest.raises(OutsideError, match="not fit"):
            unpack.read(sdist(tmp_path, data))


def test_a_bomb_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    bomb = sdist_of("5.2.2", {"zeros": bytes(3 << 20)})
    monkeypatch.setattr(unpack, "MOST_BYTES", 1 << 20)
    with pytest.raises(OutsideError, match="inflates to more than 1 MiB"):
        unpack.read(sdist(tmp_path, bomb))
    monkeypatch.setattr(unpack, "MOST_BYTES", 1 << 30)
    monkeypatch.setattr(unpack, "MOST_MEMBERS", 10)
    with pytest.raises(OutsideError, match="more than 10 members"):
        unpack.read(sdist(tmp_path, GOOD))


names = st.text(alphabet="ab./", min_size=1, max_size=8)
kinds = st.sampled_from([None, tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.DIRTYPE, tarfile.FIFOTYPE])


@settings(deadline=None, max_examples=150)
@given(st.lists(st.tuples(names, kinds, names), max_size=6), st.booleans())
def test_nothing_ever_leaves_the_target(
    tmp_path_factory: pytest.TempPathFactory,
    members: list[tuple[str, bytes | None, str]],
    below: bool,
) -> None:
    tmp_path = tmp_path_factory.mktemp("any")
    top = f"{TOP}/" if below else ""
    made = [
        special(top + name, kind, link) if kind else plain(top + name, b"data")
        for name, kind, link in members
    ]
    data = tar_gz(made)
    try:
        target = unpacked(tmp_path, data)
    except OutsideError:
        target = tmp_path / "target"
        assert not any(target.iterdir())
    outside = [path for path in tmp_path.rglob("*") if target not in (path, *path.parents)]
    assert [path.name for path in outside] == ["mercurial-5.2.2.tar.gz"]
    assert not any(path.is_symlink() or path.is_fifo() for path in target.rglob("*"))


@pytest.mark.parametrize(
    "path",
    ["a\\b", "c:x", "a/\x01", "a/.HG/hgrc", "a/.hg /x", "a/\u200c.hg", "HG~1/x", "a/../b", ""],
)
def test_a_path_that_some_system_reads_otherwise_is_not_safe(path: str) -> None:
    assert not unpack.is_safe(path)


@given(st.text(alphabet="ab./\0\\.hHgG", max_size=12))
def test_a_safe_path_stays_below(path: str) -> None:
    if unpack.is_safe(path):
        joined = os.path.normpath(os.path.join("/srv/here", path))
        assert joined == f"/srv/here/{path}"
        assert ".hg" not in path.lower().split("/")
