"""``hgport test --upstream`` as a person runs it: what it prints, its exit codes, how it ends."""

from __future__ import annotations

import json
import os
import signal
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from helpers_proof import catalogue, interpreter
from helpers_upstreamtests import BREAKS, MENDS, VERSION, write_stack
from hgport import places, process
from hgport.commands import upstream_tests
from hgport.commands.upstream_tests import upstream
from hgport.errors import UsageError
from hgport.proof.upstreamleftovers import belonging
from hgport.upstream import sdist

OWN, OTHER = "test-hgport-own.t", "test-debugrename.t"


@pytest.fixture
def python() -> str:
    return str(interpreter(catalogue().release(VERSION), "2.7").path)


def nobody_reads(*_lines: str) -> None:
    raise BrokenPipeError


def test_no_harm_done_and_own_tests_show_their_patch(
    tmp_path: Path,
    python: str,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    series, file = write_stack(tmp_path / "stack", ("own", [MENDS])), tmp_path / "junit.xml"
    about: dict[str, Any] = {"globs": [OTHER], "pythons": [python], "series": series}
    assert upstream(VERSION, **about, jobs=2, junit=file) == 0
    out, err = capsys.readouterr()
    assert out.splitlines()[2:] == [
        "release  Python  passed/failed/skipped before  after  newly failing  own tests  "
        "newly passing",
        f"5.2.2    2.7     1/1/0                         2/0/0  0              +1 ok      {OWN}",
        "1 release, 2 tests; 0 newly failing; own tests fail without and pass with their patch:"
        " 1 of 1",
    ]
    assert err.splitlines() == [
        "5.2.2, Python 2.7: 2 test files, before and after ...",
        "5.2.2, Python 2.7: before 1 passed, 1 failed, 0 skipped; "
        "after 2 passed, 0 failed, 0 skipped; 0 newly failing",
    ]
    names = {case.get("name") for case in ElementTree.parse(file).iter("testcase")}
    assert names == {OWN, OTHER}

    # the report is written though nobody reads the output
    file.unlink()
    with monkeypatch.context() as patched:
        patched.setattr(upstream_tests, "say", nobody_reads)
        with pytest.raises(BrokenPipeError):
            upstream(VERSION, **about, jobs=2, junit=file, as_json=True)
    assert {case.get("name") for case in ElementTree.parse(file).iter("testcase")} == names

    # now it is known
    told = plain(about, capsys)
    assert told["cached"] and told["right"]
    assert {test["name"]: test["change"] for test in told["tests"]} == {
        OWN: "newly passing",
        OTHER: "unchanged (passes)",
    }

    # and an edit of the patch's own test costs no run of the others
    write_stack(tmp_path / "stack", ("own", [MENDS]), remark=b"\nThat is all.\n")
    again = plain(about, capsys)
    assert not again["cached"] and again["right"]
    (other, own), (other_again, own_again) = told["tests"], again["tests"]
    assert other == other_again and own["before"] != own_again["before"]


def plain(about: dict[str, Any], capsys: pytest.CaptureFixture[str]) -> dict[str, Any]:
    assert upstream(VERSION, **about, as_json=True) == 0
    out, err = capsys.readouterr()
    assert err == ""
    (told,) = json.loads(out)["releases"]
    return dict(told)


def test_harm(tmp_path: Path, python: str, capsys: pytest.CaptureFixture[str]) -> None:
    series = write_stack(tmp_path / "stack", ("mend", [MENDS]), ("harm", [BREAKS]))
    about: dict[str, Any] = {"globs": [f"{OTHER},"], "pythons": [python], "series": series}
    assert upstream(VERSION, **about, jobs=2, upto="mend") == 0
    assert upstream(VERSION, **about, jobs=2) == 1
    out = capsys.readouterr().out
    place = "5.2.2, Python 2.7"
    assert f"NEWLY FAILING: {place}: {OTHER}: passed before, failed after\n" in out
    assert "    +  b was once a" in out
    assert "1 release, 1 test; 1 newly failing; " in out


def test_a_missing_interpreter_is_no_pass(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("PYENV_ROOT", raising=False)
    assert upstream("4.8..5.0") == 3
    out = capsys.readouterr().out
    assert "4.9.1    2.7      not run" in out and "5.0.2    2.7/3.7  not run" in out
    assert "get it with: pyenv install 2.7" in out
    assert out.splitlines()[-1].endswith("3 releases without an interpreter")


def test_what_python_leaves_out_is_said(
    python: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    series = write_stack(tmp_path / "stack", ("mend", [MENDS]))
    (tmp_path / "stack" / "7.2").mkdir()
    (tmp_path / "stack" / "7.2" / "series").write_text("")
    best = str(interpreter(catalogue().release("7.2.4"), "3.11").path)
    # a port without patches, and a release that does not run on what was asked for
    assert upstream("4.9,7.2", pythons=[best], series=series) == 0
    out = capsys.readouterr().out
    assert "7.2.4    3.11    no patch" in out
    assert "4.9.1 left out, as --python asks" in out


@pytest.mark.parametrize(
    ("about", "message"),
    [
        ({"globs": ["test-lfs-serv.t"]}, "no test matches 'test-lfs-serv.t'"),
        ({"upto": "nothing"}, "no patch nothing"),
        ({"pythons": ["3.1"]}, "known to run on Python 3.1"),
        ({"pythons": ["./missing"]}, "is no Python"),
        ({"junit": Path("missing") / "file"}, "no directory"),
        ({"series": Path("missing") / "series"}, "missing"),
    ],
)
def test_bad_input(about: dict[str, Any], message: str) -> None:
    interpreter(catalogue().release(VERSION), "2.7")
    with pytest.raises(UsageError, match=message) as raised:
        upstream(VERSION, **about)
    if "globs" in about:
        assert "test-lfs-serve.t" in str(raised.value.hint)


def test_ctrl_c_ends_everything(tmp_path: Path, python: str) -> None:
    cache = tmp_path / "cache"
    cache.mkdir()
    (cache / "sdists").symlink_to(places.cache_dir() / "sdists")
    sdist.fetch(catalogue().release(VERSION))
    series = write_stack(tmp_path / "stack", ("mend", [MENDS]))
    args = [sys.executable, "-m", "hgport", "test", "--upstream", VERSION, "--python", python]
    args += ["--series", str(series), "--tests", "test-http-branchmap.t", "--jobs", "2"]
    env = {**os.environ, "HGPORT_CACHE": str(cache)}
    with ThreadPoolExecutor(1) as pool:
        running = pool.submit(process.run, args, env=env, allowed=None, timeout=120)
        found(cache, b"\0serve\0")
        os.kill(found(cache, b"hgport\0test"), signal.SIGINT)
        finished = running.result()
    assert finished.code == 130
    assert finished.stderr.splitlines()[-1:] == [b"hgport: interrupted"]
    assert list((cache / "worlds").glob("run-*")) == []
    assert list(belonging(cache)) == []


def found(cache: Path, words: bytes) -> int:
    """The number of a process that knows of this cache and was started with these words."""
    until = time.monotonic() + 60
    while time.monotonic() < until:
        for number in belonging(cache):
            try:
                if words in Path(f"/proc/{number}/cmdline").read_bytes():
                    return number
            except OSError:
                continue
        time.sleep(0.05)
    raise AssertionError(f"there is no process {words!r}")
