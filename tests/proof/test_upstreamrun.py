"""Real tests of real releases, in a world made for them, of which nothing is left."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

from helpers_proof import catalogue, interpreter
from hgport.proof import upstreamrun
from hgport.proof.upstreamleftovers import belonging
from hgport.proof.upstreamreport import FAILED, PASSED
from hgport.proof.upstreamrun import Work, do

# Leaves a server behind that no note tells of, as a test that breaks off does; and needs Mercurial
# in a program of its own.
LEAVES = b"""\
  $ hg init a
  $ hg -R a serve -p $HGPORT -d --pid-file=a.pid
  $ get-with-headers.py $LOCALIP:$HGPORT '?style=raw' | head -n 1
  200 Script output follows
  $ echo $HGMODULEPOLICY
  py
"""
HANGS = b"  $ sleep 300\n"


def work(place: Path, version: str, python: str, *tests: str, **files: bytes) -> Work:
    release = catalogue().release(version)
    replaced = {f"tests/test-{name}.t": data for name, data in files.items()}
    return Work(place, release, interpreter(release, python), replaced, (), tests, 1)


@pytest.mark.parametrize(("version", "python"), [("5.2.2", "2.7"), ("7.2.4", "3.11")])
def test_a_run_leaves_nothing_behind(tmp_path: Path, version: str, python: str) -> None:
    seen = do(work(tmp_path, version, python, "test-leaves.t", leaves=LEAVES))
    assert isinstance(seen, dict)
    assert seen["test-leaves.t"].outcome == PASSED, seen
    assert list(belonging(tmp_path)) == [] and list(tmp_path.iterdir()) == []


def test_nothing_of_the_persons_gets_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    monkeypatch.setenv("HGEDITOR", "false")
    shows = b'  $ echo "$http_proxy$PYTHONHOME$PYTHONUSERBASE"\n  .+ (re)\n  $ pwd\n  /tmp\n'
    seen = do(work(tmp_path, "5.2.2", "2.7", "test-shows.t", shows=shows))
    assert isinstance(seen, dict)
    # the test fails and so tells what it saw, with no word of where the world was
    text = seen["test-shows.t"].text
    assert seen["test-shows.t"].outcome == FAILED
    assert "127.0.0.1:1" not in text and str(tmp_path) not in text


def test_time_is_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(upstreamrun, "_RUN_SECONDS", 6)
    monkeypatch.setattr(upstreamrun, "_RUN_SECONDS_A_TEST", 0)
    one = work(tmp_path, "5.2.2", "2.7", "test-hangs.t", hangs=LEAVES + HANGS)
    assert do(one) == "run-tests.py was not done after 6 seconds"
    assert list(belonging(tmp_path)) == [] and list(tmp_path.iterdir()) == []


def test_a_harness_that_crashes_is_no_pass(tmp_path: Path) -> None:
    one = work(tmp_path, "5.2.2", "2.7", "test-xdg.t")
    crashes = {"tests/run-tests.py": b"raise SystemExit('no such luck')\n"}
    seen = do(dataclasses.replace(one, replaced=crashes))
    assert seen == "run-tests.py made no report: no such luck"
