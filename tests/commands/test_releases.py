from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from helpers_upstream import Index, release_of, sdist_of, served
from hgport.cli import run as hgport
from hgport.model.catalogue import Catalogue, updated
from hgport.process import run
from hgport.upstream import index

DATA = {v: sdist_of(v, {"hg": os.urandom(400_000)}) for v in ("5.1", "5.2", "5.2.2")}
RELEASES = {version: release_of(version, data) for version, data in DATA.items()}
HEAD = """# written by hand
base = "5.2"
affected = "5.1..5.2"

[pythons]
"5.1" = ["3.8", "2.7"]

[[absorbed]]
patch = "fix.patch"
release = "5.2"
changeset = "0123456789ab"
file = "hg"
line = "fixed"
"""


@pytest.fixture()
def catalogue(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project whose catalogue knows all three, and an empty cache."""
    path = tmp_path / "project" / "patches" / "releases.toml"
    path.parent.mkdir(parents=True)
    path.write_bytes(updated(HEAD.encode(), RELEASES.values()))
    monkeypatch.setenv("HGPORT_PROJECT", str(tmp_path / "project"))
    monkeypatch.setenv("HGPORT_CACHE", str(tmp_path / "cache"))
    monkeypatch.delenv("HGPORT_OFFLINE", raising=False)
    return path


@pytest.fixture()
def server(catalogue: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Index]:
    index._published_once.cache_clear()
    files = {RELEASES[version].sdist: data for version, data in DATA.items()}
    with served(Index(files)) as made:
        monkeypatch.setenv("HGPORT_INDEX_URL", made.url)
        yield made


def test_the_table_names_release_sdist_pythons_and_what_is_absorbed(
    catalogue: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert hgport(["releases"]) == 0
    assert capsys.readouterr().out.splitlines() == [
        "RELEASE  SDIST                   PYTHONS  UPSTREAM HAS",
        "5.1      mercurial-5.1.tar.gz    3.8 2.7",
        "5.2      mercurial-5.2.tar.gz    3.8 2.7  fix since 5.2 (0123456789ab)",
        "5.2.2    mercurial-5.2.2.tar.gz  3.8 2.7  fix since 5.2 (0123456789ab)",
    ]


def test_a_range_lists_less(catalogue: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert hgport(["releases", "latest"]) == 0
    lines = capsys.readouterr().out.splitlines()[1:]
    assert [line.split()[0] for line in lines] == ["5.1", "5.2.2"]


def test_json_tells_all(catalogue: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert hgport(["releases", "5.2.2", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["base"], told["affected"]) == ("5.2", "5.1..5.2")
    assert told["releases"] == [
        {
            "version": "5.2.2",
            "line": "5.2",
            "sdist": "mercurial-5.2.2.tar.gz",
            "sha256": RELEASES["5.2.2"].sha256,
            "size": len(DATA["5.2.2"]),
            "pythons": ["3.8", "2.7"],
            "yanked": "",
            "absorbed": [{"patch": "fix.patch", "release": "5.2", "changeset": "0123456789ab"}],
        }
    ]


def test_an_update_without_news_leaves_the_file_alone(
    server: Index, catalogue: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = catalogue.stat()
    assert hgport(["releases", "--update"]) == 0
    assert capsys.readouterr().out == "nothing new: 3 releases, the newest 5.2.2\n"
    after = catalogue.stat()
    assert (after.st_ino, after.st_mtime_ns) == (before.st_ino, before.st_mtime_ns)


def test_an_update_adds_what_is_new_and_says_so(
    server: Index, catalogue: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    whole = catalogue.read_bytes()
    catalogue.write_bytes(updated(HEAD.encode(), [RELEASES["5.1"], RELEASES["5.2"]]))
    server.yanked = {RELEASES["5.1"].sdist: "bad"}
    assert hgport(["releases", "--update"]) == 0
    out = capsys.readouterr().out
    assert out == "added 5.2.2 (mercurial-5.2.2.tar.gz)\n5.1 is yanked from the index: bad\n"
    changed = Catalogue.load(catalogue)
    assert changed.release("5.1").yanked == "bad"
    server.yanked = {}
    assert hgport(["releases", "--update", "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == {"added": [], "yanked": {"5.1": ""}}
    assert catalogue.read_bytes() == whole


def test_another_hash_is_refused_and_nothing_written(
    server: Index, catalogue: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    catalogue.write_bytes(updated(HEAD.encode(), [RELEASES["5.1"], RELEASES["5.2"]]))
    before = catalogue.read_bytes()
    server.hashes = {RELEASES["5.1"].sdist: "ab" * 32}
    assert hgport(["releases", "--update"]) == 1
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.startswith(f"hgport: the index says sha256 {'ab' * 32} for mercurial-5.1.tar")
    assert said.err.count("\n") == 1
    assert catalogue.read_bytes() == before


def test_fetch_downloads_what_is_missing(
    server: Index, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    sdists = tmp_path / "cache" / "sdists"
    assert hgport(["releases", "--fetch", "5.2.2"]) == 0
    said = capsys.readouterr()
    assert said.out == f"1 sdist in {sdists}, 1 of them new (0.4 MiB)\n"
    assert said.err == "fetched mercurial-5.2.2.tar.gz (0.4 MiB)\n"
    assert hgport(["releases", "--fetch", "all", "--jobs", "2", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)["sdists"]
    assert {version: Path(path).read_bytes() for version, path in told.items()} == DATA
    assert len(server.asked) == 3
    assert hgport(["releases", "--fetch", "all"]) == 0
    assert "0 of them new" in capsys.readouterr().out
    assert len(server.asked) == 3


def test_fetch_counts_what_it_replaces(
    server: Index, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    sdists = tmp_path / "cache" / "sdists"
    sdists.mkdir(parents=True)
    (sdists / RELEASES["5.2.2"].sdist).write_bytes(bytes(len(DATA["5.2.2"])))
    (sdists / RELEASES["5.1"].sdist).write_bytes(DATA["5.1"])
    assert hgport(["releases", "--fetch", "5.1,5.2.2"]) == 0
    said = capsys.readouterr()
    assert said.out == f"2 sdists in {sdists}, 1 of them new (0.4 MiB)\n"
    assert said.err == "fetched mercurial-5.2.2.tar.gz (0.4 MiB)\n"


def test_what_is_not_the_right_file_is_not_said_to_be_fetched(
    server: Index, capsys: pytest.CaptureFixture[str]
) -> None:
    server.files[RELEASES["5.2.2"].sdist] = bytes(len(DATA["5.2.2"]))
    assert hgport(["releases", "--fetch", "5.2.2"]) == 3
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.startswith("hgport: mercurial-5.2.2.tar.gz as downloaded is not the file")
    assert said.err.count("\n") == 1


@pytest.mark.parametrize("page", [b"<html><body>Please log in</body></html>", b"", b"\0garbage"])
def test_a_page_without_mercurial_is_no_good_news(
    server: Index, catalogue: Path, page: bytes, capsys: pytest.CaptureFixture[str]
) -> None:
    server.html, server.page = True, page
    before = catalogue.read_bytes()
    assert hgport(["releases", "--update"]) == 3
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.startswith("hgport: the index lists no release of Mercurial")
    assert said.err.count("\n") == 1
    assert catalogue.read_bytes() == before


@pytest.mark.parametrize(
    ("args", "code", "message"),
    [
        (
            ["5.9"],
            2,
            "no release or range '5.9' (the newest known is 5.2.2; hgport releases --update",
        ),
        (["--fetch", "5.1.9"], 2, "no release '5.1.9' (did you mean 5.1"),
        (["--fetch", "lates"], 2, "did you mean latest?"),
        (["5.2", "--update"], 2, "RANGE is what to list"),
        (["--fetch", "all", "--jobs", "3"], 2, "3 is not in the range 1<=x<=2"),
    ],
)
def test_a_wrong_command_is_one_line(
    catalogue: Path, args: list[str], code: int, message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert hgport(["releases", *args]) == code
    said = capsys.readouterr()
    assert said.err.count("\n") == 1
    assert message in said.err
    assert said.out == ""


def test_offline_is_one_line(
    server: Index, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("HGPORT_OFFLINE", "1")
    for args in (["--update"], ["--fetch", "latest"]):
        assert hgport(["releases", *args]) == 3
        said = capsys.readouterr()
        assert "HGPORT_OFFLINE forbids the network (unset it)" in said.err
        assert said.err.count("\n") == 1
    assert hgport(["releases"]) == 0


def test_listing_imports_no_library_that_it_does_not_need(catalogue: Path) -> None:
    script = (
        "import sys; from hgport.cli import run; run(['releases']);"
        "print([n for n in ('requests', 'pypi_simple', 'rich', 'tomlkit', 'sqlite3', 'mercurial',"
        " 'tarfile') if n in sys.modules], file=sys.stderr)"
    )
    said = run([sys.executable, "-c", script], env=dict(os.environ))
    assert said.stderr == b"[]\n"


@pytest.mark.parametrize("jobs", ["1", "2"])
def test_ctrl_c_in_a_download_is_130_and_the_next_run_goes_on(
    server: Index, tmp_path: Path, jobs: str, capsys: pytest.CaptureFixture[str]
) -> None:
    server.slow = 0.1  # seconds for each of the hundred pieces of a file
    script = """
import os, pathlib, signal, sys, threading, time
from hgport.cli import run
def interrupt():
    begun = []
    while len(begun) < int(sys.argv[-1]):
        time.sleep(0.01)
        parts = pathlib.Path(os.environ["HGPORT_CACHE"]).glob("sdists/*.part")
        begun = [part for part in parts if part.stat().st_size]
    os.kill(os.getpid(), signal.SIGINT)
threading.Thread(target=interrupt, daemon=True).start()
sys.exit(run(sys.argv[1:]))
"""
    args = [sys.executable, "-c", script, "releases", "--fetch", "all", "--jobs", jobs]
    ended = run(args, env=dict(os.environ), allowed=(130,), timeout=20)
    assert ended.stderr.strip() == b"hgport: interrupted"
    left = {path.name for path in (tmp_path / "cache" / "sdists").iterdir()}
    assert not any(name.endswith(".gz") for name in left)
    parts = [name for name in left if name.endswith(".part")]
    assert len(parts) == int(jobs)
    server.slow = 0
    assert hgport(["releases", "--fetch", "all"]) == 0
    assert capsys.readouterr().out.endswith("3 of them new (1.1 MiB)\n")
    again = {name: wanted for name, wanted in server.asked}
    assert all(again[part[: -len(".part")]].startswith("bytes=") for part in parts)


def test_bars_are_shown_on_a_terminal(server: Index, tmp_path: Path) -> None:
    import pty

    ours, theirs = pty.openpty()
    script = (
        "import os, sys; from hgport.cli import run\n"
        f"os.dup2({theirs}, 2); sys.exit(run(['releases', '--fetch', 'all']))"
    )
    run([sys.executable, "-c", script], env={**os.environ, "TERM": "xterm"}, pass_fds=[theirs])
    os.close(theirs)
    shown = os.read(ours, 1 << 16)
    os.close(ours)
    assert b"mercurial-5.2.2.tar.gz" in shown
    assert b"\x1b[" in shown
