"""What is said of a machine is so: interpreters, programs, the cache and the index."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from helpers_proof import catalogue
from helpers_upstream import Index, sdist_of, served
from hgport.model.ranges import select
from hgport.proof import doctor
from hgport.proof.doctor import Machine, examine

CATALOGUE = catalogue()


@pytest.fixture(autouse=True)
def bare(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A machine with an empty PATH, no manager of interpreters, and an empty cache; returns PATH's
    directory."""
    directory = tmp_path / "bin"
    directory.mkdir()
    monkeypatch.setenv("PATH", str(directory))
    for name in ("PYENV_ROOT", "ASDF_DATA_DIR", "UV_PYTHON_INSTALL_DIR", "HGPORT_OFFLINE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HGPORT_CACHE", str(tmp_path / "cache"))
    return directory


def python(directory: Path, version: str, full: str) -> Path:
    """A program that says that it is such a Python."""
    path = directory / f"python{version}"
    path.write_text(f"#!/bin/sh\nprintf '{version}\\n{full}\\n{path}\\n'\n")
    path.chmod(0o755)
    return path


def look(text: str, *, every: bool = True, online: bool = False) -> Machine:
    return examine(CATALOGUE, select(CATALOGUE, text), every=every, online=online)


def test_the_pythons_that_would_be_used(bare: Path) -> None:
    path = python(bare, "2.7", "2.7.18 (x) [GCC]; OpenSSL 1.1.1w  11 Sep 2023")
    found = look("4.9,5.2")
    assert [(one.release.version, one.pythons) for one in found.places] == [
        ("4.9.1", ("2.7",)),
        ("5.2.2", ("2.7",)),
        ("5.2.2", ("3.8",)),
    ]
    first, second, third = (one.interpreter for one in found.places)
    assert first is not None and (first.path, first.openssl) == (
        path,
        "OpenSSL 1.1.1w  11 Sep 2023",
    )
    assert second == first and third is None
    assert found.lacking == ("Python 3.8 for 5.2.2",)
    assert found.notes == ()


def test_what_does_not_count_is_not_lacking(bare: Path) -> None:
    python(bare, "2.7", "2.7.18 (x); OpenSSL 1.1.1w")
    assert look("4.9,7.2", every=False).lacking == ()
    (lacking,) = look("4.9,7.2").lacking
    assert lacking.startswith("Python 3.11 or ") and lacking.endswith(" for 7.2.4")


def test_an_openssl_that_upstreams_tests_do_not_know(bare: Path) -> None:
    python(bare, "2.7", "2.7.18 (x); OpenSSL 3.0.19 27 Jan 2026")
    (note,) = look("4.9").notes
    assert "OpenSSL 3.0.19" in note and "test-https.t" in note
    python(bare, "3.11", "3.11.7 (x); OpenSSL 3.0.19 27 Jan 2026")
    assert look("7.2").notes == ()


def test_programs(bare: Path) -> None:
    found = {one.name: one for one in look("7.2").programs}
    assert [one.name for one in look("7.2").programs][:3] == ["quilt", "patch", "git"]
    assert found["quilt"].found == "" and "apt-get install quilt" in found["quilt"].advice
    assert all(one.advice and one.good_for for one in found.values())
    (bare / "quilt").write_text("#!/bin/sh\n")
    (bare / "quilt").chmod(0o755)
    assert look("7.2").programs[0].found == str(bare / "quilt")


def test_the_cache(tmp_path: Path) -> None:
    cache = tmp_path / "cache"
    empty = look("7.2").cache
    assert (empty.path, empty.writable, empty.sizes) == (cache, True, {})
    assert empty.free > 0 and not cache.exists()
    (cache / "trees" / "x").mkdir(parents=True)
    (cache / "trees" / "x" / "a").write_bytes(b"12345")
    (cache / "trees" / "b").write_bytes(b"123")
    for name in ("proofs.sqlite", "proofs.sqlite-wal"):
        (cache / name).write_bytes(b"1234")
    assert look("7.2").cache.sizes == {"results": 8, "trees": 8}


def test_a_cache_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "cache").write_text("in the way")
    found = look("7.2")
    assert not found.cache.writable
    assert any("a cache that can be written" in what for what in found.lacking)


def test_the_index_is_not_asked_unless_told(monkeypatch: pytest.MonkeyPatch) -> None:
    with served(Index(files={"mercurial-5.2.tar.gz": sdist_of("5.2", {})})) as one:
        monkeypatch.setenv("HGPORT_INDEX_URL", one.url.replace("://", "://me:secret@"))
        assert look("7.2").index.releases is None and one.pages == 0
        found = look("7.2", online=True).index
    assert one.pages == 1
    assert (found.address, found.releases, found.error) == (one.url, 1, "")


def test_an_index_that_does_not_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HGPORT_INDEX_URL", "http://127.0.0.1:9/simple")
    found = look("7.2", online=True)
    assert found.index.releases is None and "cannot ask the index" in found.index.error
    assert any(what.startswith("the sdists of 7.2.4") for what in found.lacking)


def test_sdists_that_may_not_be_fetched(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert [one.version for one in look("7.2").unfetched] == ["7.2.4"]
    assert not any("sdists" in what for what in look("7.2").lacking)
    monkeypatch.setenv("HGPORT_OFFLINE", "1")
    assert any(what.startswith("the sdists of 7.2.4") for what in look("7.2").lacking)
    release = CATALOGUE.release("7.2.4")
    (tmp_path / "cache" / "sdists").mkdir(parents=True)
    with (tmp_path / "cache" / "sdists" / release.sdist).open("wb") as file:
        file.truncate(release.size)
    assert look("7.2").unfetched == ()


def test_this_very_machine() -> None:
    found = look("7.2")
    assert found.processors >= 1
    assert found.python == sys.version.split()[0]


def test_what_goes_meanwhile_has_no_size(tmp_path: Path) -> None:
    assert doctor._size(tmp_path / "proofs.sqlite-wal") == 0
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "b").write_bytes(b"12345")
    (tmp_path / "c").write_bytes(b"678")
    assert (doctor._size(tmp_path), doctor._size(tmp_path / "c")) == (8, 3)
