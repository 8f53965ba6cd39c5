"""What was seen is kept, and a file that cannot be trusted costs a new run and no traceback."""

from __future__ import annotations

import dataclasses
import multiprocessing
import sqlite3
import string
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from helpers_proof import evidence, put
from hgport.errors import OutsideError
from hgport.proof.evidence import Evidence
from hgport.proof.results import Results, Settled

SEEN = evidence(put("ab"), put("cd", 2, received=5, outcome="cut", status=None), output="é\0\n")


@given(
    st.builds(
        evidence,
        st.builds(put, st.text(string.hexdigits), st.integers(1), st.integers(1)),
        exit_code=st.integers(-64, 255),
        output=st.text(),
        stalled=st.booleans(),
        timed_out=st.booleans(),
        seconds=st.floats(0, 1e6),
    )
)
def test_evidence_survives_as_plain_data(seen: Evidence) -> None:
    assert Evidence.from_json(seen.to_json()) == seen


def test_what_is_put_is_there_next_time(tmp_path: Path) -> None:
    path = tmp_path / "cache" / "proofs.sqlite"
    with Results(path) as results:
        assert results.get(["a", "b"]) == {}
        results.put({"a": SEEN})
    with Results(path) as results:
        assert results.get(["a", "b"]) == {"a": SEEN}
        assert results.get([f"k{n}" for n in range(2000)] + ["a"]) == {"a": SEEN}
        newer = dataclasses.replace(SEEN, exit_code=7)
        results.put({"a": newer})
        assert results.get(["a"]) == {"a": newer}


def test_what_is_very_old_goes(tmp_path: Path) -> None:
    with Results(tmp_path / "p") as results:
        results.put({"old": SEEN, "new": SEEN})
    with sqlite3.connect(tmp_path / "p") as connection:
        connection.execute("UPDATE used SET day = 1 WHERE key = 'old'")
    connection.close()
    with Results(tmp_path / "p") as results:
        results.put({"newer": SEEN})
        assert set(results.get(["old", "new", "newer"])) == {"new", "newer"}


def days(path: Path) -> dict[str, int]:
    """When each key was used last, in days before today."""
    today = int(time.time()) // 86400
    with sqlite3.connect(path) as connection:
        found = {key: today - day for key, day in connection.execute("SELECT * FROM used")}
    connection.close()
    return found


def test_what_is_read_stays(tmp_path: Path) -> None:
    path = tmp_path / "p"
    with Results(path) as results:
        results.put({name: SEEN for name in ("seen", "settled", "neither")})
        results.settle({"settled": Settled("s", "stored", 1.0)})
        with sqlite3.connect(path) as connection:
            connection.execute("UPDATE used SET day = day - 91")
        connection.close()
        assert set(results.get(["seen"])) == {"seen"}
        assert set(results.settled({"settled": "s"})) == {"settled"}
        assert days(path) == {"seen": 0, "settled": 0, "neither": 91}
        results.put({"other": SEEN})
        assert set(results.get(["seen", "settled", "neither"])) == {"seen", "settled"}
        assert set(results.settled({"settled": "s"})) == {"settled"}


def test_reading_writes_once_a_day(tmp_path: Path) -> None:
    path = tmp_path / "p"
    with Results(path) as results:
        results.put({"a": SEEN})
        with sqlite3.connect(path) as connection:
            ((before,),) = connection.execute("PRAGMA data_version")
            results.get(["a"])
            assert connection.execute("PRAGMA data_version").fetchall() == [(before,)]
            connection.execute("UPDATE used SET day = day - 1")
            connection.commit()
            results.get(["a"])
            assert connection.execute("PRAGMA data_version").fetchall() != [(before,)]
        connection.close()


def test_outcomes_are_remembered_beside_others(tmp_path: Path) -> None:
    with Results(tmp_path / "p") as results:
        results.remember({"a": {"x": True, "y": False}, "b": {"x": False}})
        results.remember({"a": {"y": True, "z": False}})
        assert results.lately(["a", "b", "c"]) == {
            "a": {"x": True, "y": True, "z": False},
            "b": {"x": False},
        }


def test_what_is_settled_under_its_stamp(tmp_path: Path) -> None:
    one, two = Settled("s1", "stored", 1.5), Settled("s2", "hung", 0.25)
    with Results(tmp_path / "p") as results:
        results.put({"a": SEEN, "b": SEEN})
        results.settle({"a": one, "b": two})
    with Results(tmp_path / "p") as results:
        assert results.settled({"a": "s1", "b": "s2", "c": "s1"}) == {"a": one, "b": two}
        # an expectation, or the judge, has changed
        assert results.settled({"a": "s2", "b": "s2"}) == {"b": two}
        results.settle({"a": Settled("s3", "stored", 1.5)})
        assert results.settled({"a": "s3"})["a"].observed == "stored"
        many = {f"k{n}": "s" for n in range(2000)}
        assert set(results.settled({**many, "a": "s3"})) == {"a"}


def test_nothing_is_settled_without_its_evidence(tmp_path: Path) -> None:
    with Results(tmp_path / "p") as results:
        results.put({"a": SEEN, "b": SEEN})
        results.settle({name: Settled("s", "stored", 1.0) for name in "abc"})
        assert set(results.settled(dict.fromkeys("abc", "s"))) == {"a", "b"}
        # what was run again is to be judged again
        results.put({"a": SEEN})
        assert set(results.settled(dict.fromkeys("abc", "s"))) == {"b"}
    with sqlite3.connect(tmp_path / "p") as connection:
        connection.execute("UPDATE used SET day = 1 WHERE key = 'b'")
    connection.close()
    with Results(tmp_path / "p") as results:
        results.put({"c": SEEN})
        results.settle({"a": Settled("s", "stored", 1.0)})
        assert set(results.settled(dict.fromkeys("abc", "s"))) == {"a"}


def _damage_file(path: Path) -> None:
    path.write_bytes(b"this is no database" * 100)


def _damage_middle(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[100:] = b"\xa5" * (len(data) - 100)
    path.write_bytes(data)


def _older(path: Path) -> None:
    with sqlite3.connect(path) as connection:
        connection.execute("PRAGMA user_version = 12345")
    connection.close()


def _no_table(path: Path) -> None:
    with sqlite3.connect(path) as connection:
        connection.execute("DROP TABLE evidence")
        connection.execute("CREATE TABLE other (x)")
    connection.close()


def _bad_row(path: Path) -> None:
    with sqlite3.connect(path) as connection:
        connection.execute("UPDATE evidence SET seen = '{\"requests\": 5}'")
    connection.close()


@pytest.mark.parametrize("damage", [_damage_file, _damage_middle, _older, _no_table, _bad_row])
def test_a_file_that_is_damaged_or_older_is_set_aside(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], damage: object
) -> None:
    path = tmp_path / "proofs.sqlite"
    with Results(path) as results:
        results.put({"a": SEEN})
    assert callable(damage)
    damage(path)
    with Results(path) as results:
        assert results.get(["a"]) == {}
        results.put({"a": SEEN})
        assert results.get(["a"]) == {"a": SEEN}
    told = capsys.readouterr().err
    assert told.count("set aside") == 1 and str(path) in told and "Traceback" not in told
    assert (tmp_path / "proofs.sqlite.damaged").exists()


def test_damage_while_it_is_open(tmp_path: Path) -> None:
    path = tmp_path / "proofs.sqlite"
    with Results(path) as results:
        results.put({"a": SEEN})
        _bad_row(path)
        assert results.get(["a"]) == {}
        results.put({"b": SEEN})
        assert results.get(["a", "b"]) == {"b": SEEN}


def test_a_disk_that_refuses(tmp_path: Path) -> None:
    (tmp_path / "proofs.sqlite").mkdir()
    with pytest.raises(OutsideError, match="cannot use"):
        Results(tmp_path / "proofs.sqlite")


def _fill(path: Path, name: str) -> None:
    with Results(path) as results:
        for number in range(20):
            results.put({f"{name}{number}": SEEN})


def test_two_processes_at_once(tmp_path: Path) -> None:
    path = tmp_path / "proofs.sqlite"
    context = multiprocessing.get_context("spawn")
    others = [context.Process(target=_fill, args=(path, name)) for name in "ab"]
    for other in others:
        other.start()
    for other in others:
        other.join()
    assert [other.exitcode for other in others] == [0, 0]
    with Results(path) as results:
        assert len(results.get([f"{name}{n}" for name in "ab" for n in range(20)])) == 40
