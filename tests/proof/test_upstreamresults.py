from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from hgport.proof.upstreamreport import FAILED, PASSED, Seen
from hgport.proof.upstreamresults import UpstreamResults

SEEN = {"test-é.t": Seen(FAILED, 1.5, "a\nb\0", "passed: "), "test-b.t": Seen(PASSED, 0.0)}


def test_what_is_put_is_there_next_time(tmp_path: Path) -> None:
    with UpstreamResults(tmp_path / "a" / "runs") as results:
        assert results.get(["key"]) == {}
        results.put({"key": SEEN})
    with UpstreamResults(tmp_path / "a" / "runs") as results:
        assert results.get(["key"]) == {"key": SEEN}
        results.put({"key": {}, "other": SEEN})
        many = [f"k{number}" for number in range(2000)]
        assert results.get([*many, "key", "other"]) == {"key": {}, "other": SEEN}


def test_what_is_very_old_goes(tmp_path: Path) -> None:
    with UpstreamResults(tmp_path / "runs") as results:
        results.put({"old": SEEN})
        with sqlite3.connect(tmp_path / "runs") as connection:
            connection.execute("UPDATE used SET day = 1")
        connection.close()
        results.put({"new": SEEN})
        assert set(results.get(["old", "new"])) == {"new"}


@pytest.mark.parametrize("text", ["{", "[]", '{"a": 1}', '{"a": {"outcome": "odd"}}'])
def test_damage_costs_a_new_run_and_no_traceback(
    tmp_path: Path, text: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with UpstreamResults(tmp_path / "runs") as results:
        results.put({"key": SEEN})
        with sqlite3.connect(tmp_path / "runs") as connection:
            connection.execute("UPDATE files SET seen = ?", [text])
        connection.close()
        assert results.get(["key"]) == {}
        results.put({"key": SEEN})
        assert results.get(["key"]) == {"key": SEEN}
    assert "set aside: it holds what is no outcome" in capsys.readouterr().err
