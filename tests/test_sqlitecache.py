"""A file that is damaged is begun anew, once; one that is merely in use is left alone."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from hgport import sqlitecache
from hgport.errors import OutsideError
from hgport.sqlitecache import Damaged, SqliteCache

TABLES = ("CREATE TABLE one (value INTEGER)",)


def opened(path: Path) -> SqliteCache:
    cache = SqliteCache(path, 1, TABLES)
    cache.open()
    return cache


def add(cache: SqliteCache, value: int) -> None:
    with cache.transaction() as connection:
        connection.execute("INSERT INTO one VALUES (?)", (value,))


def values(cache: SqliteCache) -> list[int]:
    return [value for (value,) in cache.rows("SELECT value FROM one ORDER BY value", ())]


def test_a_block_that_fails_writes_nothing(tmp_path: Path) -> None:
    cache = opened(tmp_path / "x")
    with pytest.raises(ZeroDivisionError), cache.transaction() as connection:
        connection.execute("INSERT INTO one VALUES (1)")
        raise ZeroDivisionError
    add(cache, 2)
    assert values(cache) == [2]


def test_a_locked_file_is_not_damaged(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sqlitecache, "PATIENCE", 0.1)
    path = tmp_path / "x"
    first = opened(path)
    add(first, 1)
    first.close()
    holder = sqlite3.connect(path, isolation_level=None)
    holder.execute("PRAGMA locking_mode = EXCLUSIVE")
    holder.execute("BEGIN EXCLUSIVE")
    with pytest.raises(OutsideError, match="cannot use .*locked"):
        opened(path)
    holder.execute("ROLLBACK")
    holder.close()
    assert values(opened(path)) == [1]
    assert capsys.readouterr().err == "" and not (tmp_path / "x.damaged").exists()


def test_the_second_that_sees_damage_takes_what_the_first_began(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    first, second = opened(tmp_path / "x"), opened(tmp_path / "x")

    def repaired(cache: SqliteCache) -> list[int]:
        seen: list[int] = []

        def call() -> list[int]:
            seen.append(1)
            if len(seen) == 1:
                raise Damaged("seen by both")
            return values(cache)

        return cache.sound(call)

    assert repaired(first) == []
    add(first, 7)
    assert repaired(second) == [7]
    assert capsys.readouterr().err.count("set aside: seen by both") == 1


def test_another_version_is_set_aside(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    add(opened(tmp_path / "x"), 1)
    newer = SqliteCache(tmp_path / "x", 2, TABLES)
    assert values(newer) == []
    assert "another version of hgport made it" in capsys.readouterr().err
    assert (tmp_path / "x.damaged").exists()


def test_damage_twice_over_is_raised(tmp_path: Path) -> None:
    cache = opened(tmp_path / "x")
    with pytest.raises(Damaged, match="no such table: two"):
        cache.sound(lambda: cache.rows("SELECT * FROM two", ()))
