"""``hgport test`` as a person runs it: what it prints, its exit codes, and how it ends."""

from __future__ import annotations

import contextlib
import json
import os
import re
import shlex
import shutil
import signal
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from helpers_proof import catalogue, interpreter
from hgport import cli, places, process
from hgport.commands import test as command
from hgport.proof import realservers
from hgport.proof.courses import LOST_ONCE, REFUSE
from hgport.proof.expectations import HANG, STORED
from hgport.proof.followups import EVERY, FOLLOWUPS
from hgport.proof.scenarios import DOWNLOAD, REAL, SCENARIOS
from hgport.upstream import sdist
from programs import missing

LEFT_OUT = "5.2 left out on Python 2.7"
QUICK = [row for row in SCENARIOS if row.quick]
BUG = next(row for row in QUICK if row.course.at_first is HANG and not row.workers)
# nothing of ours is about downloads
UNTOUCHED = next(row for row in SCENARIOS if row.operation.kind == DOWNLOAD)
SINCE = next(row for row in REAL if row.since)
FINE = next(row for row in QUICK if row.course.at_first is STORED and not row.workers)
# says nothing without a follow-up
LOST = next(row for row in FOLLOWUPS if row.course.since == LOST_ONCE.since and not row.workers)
ROWS = ["--scenario", BUG.name, "--scenario", FINE.name]


@pytest.fixture
def python() -> str:
    """An interpreter for 5.2.2, by its path."""
    return str(interpreter(catalogue().release("5.2.2"), "3.8").path)


def told(capsys: pytest.CaptureFixture[str]) -> Any:
    """What was printed, read as JSON."""
    return json.loads(capsys.readouterr().out)


def test_one_release_up_to_a_patch(python: str, capsys: pytest.CaptureFixture[str]) -> None:
    args = ["test", "5.2.2", "--python", python, "--upto", REFUSE, *ROWS]
    assert cli.run(args) == 0
    out = capsys.readouterr().out.splitlines()
    assert out[0].startswith("series ")
    assert out[-3] == "5.2.2    3.8     1 hang, 1 stored  1 refused, 1 stored  -   -"
    assert out[-1] == "4 cells: 4 as stated; bug shown on 1 of 1 unpatched; " + LEFT_OUT

    assert cli.run([*args, "--json"]) == 0
    cells = told(capsys)["cells"]
    assert len(cells) == 4 and all(cell["cached"] for cell in cells)
    assert [c["scenario"] for c in cells] == [
        row.name for row in SCENARIOS if row in (BUG, FINE)
    ] * 2
    # what was not read to judge it is there all the same
    assert all(len(cell["evidence"]["requests"]) > 1 for cell in cells)

    assert cli.run([*args, "--by-scenario"]) == 0
    out = capsys.readouterr().out.splitlines()
    (line,) = [line for line in out if line.startswith(BUG.name)]
    assert line.split()[-4:] == ["hang", "refused", "-", "-"]


def test_only_with_all_patches(python: str, capsys: pytest.CaptureFixture[str]) -> None:
    args = ["test", "5.2.2", "--python", python, "--patched", *ROWS]
    assert cli.run([*args, "--json"]) == 0
    cells = told(capsys)["cells"]
    assert [(len(cell["patches"]), cell["expected"]) for cell in cells] == [(3, "stored")] * 2
    # nothing is claimed of a bug that nobody looked for
    assert cli.run(args) == 0
    assert "bug shown" not in capsys.readouterr().out
    assert cli.run([*args, "--upto", REFUSE]) == 2
    assert "--patched and --upto make no sense together" in capsys.readouterr().err


def test_only_what_failed(
    tmp_path: Path,
    python: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    cache = tmp_path / "cache"
    cache.mkdir()
    (cache / "sdists").symlink_to(places.cache_dir() / "sdists")
    monkeypatch.setenv("HGPORT_CACHE", str(cache))
    script = tmp_path / "python"
    script.write_text(f"""#!/bin/sh
case " $* " in
# it is no shim, in whose place its Python would be run
*" -c "*) {python} "$@" | sed "3s,.*,$0,"; exit;;
*" push "*) test -e {tmp_path}/broken && exit 7;;
esac
exec {python} "$@"
""")
    script.chmod(0o755)
    args = ["test", "5.2.2", "--python", str(script), "--upto", REFUSE, "--scenario", FINE.name]
    assert cli.run([*args, "--failed"]) == 2
    assert "nothing of this was run before" in capsys.readouterr().err

    (tmp_path / "broken").touch()
    assert cli.run([*args, "--keep"]) == 1
    out = capsys.readouterr().out.splitlines()
    assert any("exit code 7" in line for line in out)
    (kept,) = [line for line in out if line.startswith("KEPT: 5.2.2, Python 3.8, unpatched: ")]
    again = Path(shlex.split(kept)[-1])
    assert again.is_relative_to(cache / "kept") and os.access(again, os.X_OK)

    (tmp_path / "broken").unlink()
    assert cli.run([*args, "--failed", "--json"]) == 0
    cells = told(capsys)["cells"]
    assert [cell["cached"] for cell in cells] == [False] * 2
    assert cli.run([*args, "--failed"]) == 0
    assert capsys.readouterr().out.endswith("nothing of it failed when it was run last\n")
    assert cli.run([*args, "--failed", "--scenario", BUG.name]) == 0
    assert "last; 2 cells never run, so not known" in capsys.readouterr().out


def test_what_failed_is_known_when_a_patch_was_edited(
    tmp_path: Path, python: str, capsys: pytest.CaptureFixture[str]
) -> None:
    patch, series = tmp_path / "new.patch", tmp_path / "series"
    body = "--- a/hg\n+++ b/hg\n@@ -1,1 +1,1 @@\n-%s\n+%s\n"
    patch.write_text(body % ("no such line", "x"))
    series.write_text("new.patch\n")
    args = ["test", "5.2.2", "--python", python, "--series", str(series)]
    args += ["--scenario", FINE.name]
    assert cli.run(args) == 1
    assert "does not apply" in capsys.readouterr().out
    patch.write_text(body % ("#!/usr/bin/env python", "#!/usr/bin/env python3"))
    assert cli.run([*args, "--failed", "--json"]) == 0
    (cell,) = told(capsys)["cells"]
    assert cell["patches"] == ["new.patch"]
    assert cli.run([*args, "--failed"]) == 0
    assert "nothing of it failed" in capsys.readouterr().out


def test_a_report_for_others_to_read(
    tmp_path: Path, python: str, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "out.xml"
    args = ["test", "5.2.2", "--python", python, "--upto", REFUSE, *ROWS]
    assert cli.run([*args, "--junit", str(path)]) == 0
    (suite,) = ElementTree.parse(path).getroot()
    assert (suite.get("name"), suite.get("tests"), suite.get("failures")) == (
        "hgport test",
        "4",
        "0",
    )
    first = suite[0]
    assert first.get("classname") == "5.2.2.python3.8.unpatched"
    assert float(str(first.get("time"))) > 0
    capsys.readouterr()
    assert cli.run([*args, "--junit", str(tmp_path / "missing" / "out.xml")]) == 2
    out, err = capsys.readouterr()
    assert out == "" and "there is no directory" in err


def test_a_report_that_cannot_be_written_in_the_end_costs_no_table(
    tmp_path: Path, python: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "reports" / "out.xml"
    path.parent.mkdir()
    again = command.prover.prove

    def prove(*args: Any, **more: Any) -> Any:
        path.parent.rmdir()
        path.parent.write_text("")
        return again(*args, **more)

    monkeypatch.setattr(command.prover, "prove", prove)
    args = ["test", "5.2.2", "--python", python, "--upto", REFUSE, *ROWS]
    assert cli.run([*args, "--junit", str(path)]) == 3
    out, err = capsys.readouterr()
    assert "4 cells: 4 as stated" in out
    assert err.splitlines()[-1].startswith(f"hgport: cannot write {path}: ")


@pytest.mark.parametrize(("where", "code"), [("| true", 141), ("> /dev/full", 3)])
def test_a_report_is_written_though_nobody_reads_the_output(
    tmp_path: Path, python: str, where: str, code: int
) -> None:
    path = tmp_path / "out.xml"
    words = [sys.executable, "-m", "hgport", "test", "5.2.2", "--python", python, "--upto", REFUSE]
    words += ["--scenario", FINE.name, "--json", "--junit", str(path)]
    script = f"{shlex.join(words)} {where}; exit ${{PIPESTATUS[0]}}"
    assert process.run(["bash", "-c", script], allowed=None, timeout=120).code == code
    (suite,) = ElementTree.parse(path).getroot()
    assert suite.get("tests") == "2"


def test_the_table_of_scenarios(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.run(["test", "--list"]) == 0
    out = capsys.readouterr().out.splitlines()
    assert out[0].startswith("series ")
    assert out[-1] == f"{len(SCENARIOS)} scenarios, server: embedded"
    assert cli.run(["test", "--list", *ROWS, "--json"]) == 0
    assert {one["name"] for one in told(capsys)["scenarios"]} == {BUG.name, FINE.name}
    assert cli.run(["test", "--list", "--quick", "--json"]) == 0
    assert [one["name"] for one in told(capsys)["scenarios"]] == [row.name for row in QUICK]


def test_a_stack_on_top(python: str, capsys: pytest.CaptureFixture[str]) -> None:
    args = ["test", "5.2.2", "--python", python, "--with", "followups", "--scenario", LOST.name]
    assert cli.run(args) == 0
    out = capsys.readouterr().out.splitlines()
    assert out[4].endswith("followups/series, base 5.2")
    # it is run without a patch, with all, and with the one that makes the difference
    assert cells_of(out) == ["1 failed", "-", "-", "-", "-", "1 stored", "-"]
    assert cli.run([*args[:2], "--scenario", LOST.name]) == 2
    assert "no scenario matches" in capsys.readouterr().err
    assert cli.run(["test", "--list", "--with", "followups", "--json"]) == 0
    plain = told(capsys)
    assert len(plain["scenarios"]) == len(EVERY)
    assert [len(one["patches"]) for one in plain["stacks"]] == [3, 3]
    assert Path(plain["stacks"][1]["series"]).parent.name == "followups"


def test_a_further_stack_alone(python: str, capsys: pytest.CaptureFixture[str]) -> None:
    series = str(places.project_dir() / "patches" / "followups")
    args = ["test", "5.2.2", "--python", python, "--series", series]
    assert cli.run([*args, "--scenario", LOST.name, "--scenario", BUG.name]) == 0
    out = capsys.readouterr().out.splitlines()
    assert out[-1].startswith("4 cells: 4 as stated; bug shown on 1 of 1 unpatched; 1 scenario")
    assert cells_of(out)[:3] == ["1 hang, 1 failed", "-", "1 hang, 1 stored"]


def cells_of(out: list[str]) -> list[str]:
    """What the table says of the one release, by state."""
    (line,) = [line for line in out if line.startswith("5.2.2 ")]
    return re.split("  +", line)[2:]


def test_what_is_known_is_quick_and_needs_no_mercurial(python: str) -> None:
    args = ["test", "5.2.2", "--python", python, "--upto", REFUSE, *ROWS]
    assert cli.run(args) == 0
    code = (
        "import sys; from hgport import cli; code = cli.run(sys.argv[1:]);"
        "print([m for m in ('mercurial', 'cryptography', 'requests', 'rich') if m in sys.modules]);"
        "sys.exit(code)"
    )
    finished = process.run([sys.executable, "-c", code, *args])
    assert finished.stdout.splitlines()[-1] == b"[]"


def test_a_missing_interpreter_is_no_pass(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("PYENV_ROOT", raising=False)
    assert cli.run(["test", "4.5..5.1"]) == 3
    out = capsys.readouterr().out.splitlines()
    assert "4.5.3    2.7     not proven" in out
    assert any(
        line.startswith("4.5–5.1 not proven on Python 2.7: none found; get it with") for line in out
    )
    gaps = "4.5–5.1 not proven (no Python 2.7); 5.0–5.1 not proven (no Python 3.7)"
    assert out[-1] == f"0 cells: 0 as stated; {gaps}"


def test_a_port_that_lacks_patches_is_no_pass(
    tmp_path: Path, python: str, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.copy(places.project_dir() / "series", tmp_path)
    shutil.copytree(places.project_dir() / "patches", tmp_path / "patches")
    port = tmp_path / "patches" / "5.2"
    port.mkdir()
    (port / "series").write_text("")
    args = ["test", "5.2.2", "--python", python, "--series", str(tmp_path / "series")]
    assert cli.run([*args, *ROWS]) == 1
    out = capsys.readouterr().out.splitlines()
    (line,) = [line for line in out if line.startswith("NOT AS STATED") and BUG.name in line]
    assert "stored stated, but hung" in line
    (line,) = [line for line in out if line.startswith("INCOMPLETE")]
    assert f"serves 5.2 lacks {REFUSE.partition('.')[0]} and " in line
    # also where each cell comes out as it must
    assert cli.run([*args, "--json", "--scenario", UNTOUCHED.name]) == 1
    plain = told(capsys)
    assert all(cell["as_stated"] for cell in plain["cells"])
    assert set(plain["incomplete"]) == {"5.2.2"}


def test_a_series_that_mends_nothing(
    tmp_path: Path, python: str, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "new.patch").write_text("--- /dev/null\n+++ b/new\n@@ -0,0 +1,1 @@\n+new\n")
    (tmp_path / "series").write_text("new.patch\n")
    args = ["test", "5.2.2", "--python", python, "--series", str(tmp_path / "series"), *ROWS]
    assert cli.run(args) == 1
    out = capsys.readouterr().out.splitlines()
    assert out[-1] == (
        "4 cells: 3 as stated, 1 not; bug shown on 1 of 1 unpatched; gone on 0 of 1 patched; "
        + LEFT_OUT
    )
    (line,) = [line for line in out if line.startswith("NOT AS STATED")]
    assert f"up to new: {BUG.name}: " in line and "it hung" in line


@pytest.mark.parametrize(
    ("args", "message"),
    [
        (["5.2.9"], "5.2.9"),
        (["5.2", "--python", "3.1"], "known to run on Python 3.1"),
        (["5.2", "--python", "./missing"], "is no Python"),
        (["5.2", "--upto", "nothing"], "no patch nothing"),
        (["5.2", "--series", "missing/series"], "missing/series"),
        (["5.2", "--jobs", "0"], "--jobs"),
        (["5.2", "--scenario", "nothing like it"], "no scenario matches"),
        (["4.5", "--scenario", SINCE.name, "--server", "all"], "makes sense on 4.5"),
        (["4.5", "--scenario", SINCE.name, "--server", "all", "--json"], "makes sense on 4.5"),
        (["5.2", "--server", "nobody"], "no scenario is on a server"),
        (["5.2", "--list"], "--list and [RANGE] make no sense together"),
        (["--list", "--junit", "x.xml"], "--list and --junit make no sense together"),
        (["5.2", "--upstream", "--failed"], "--upstream and --failed make no sense together"),
        (["5.2", "--upstream", "--list"], "--upstream and --list make no sense together"),
        (["5.2", "--tests", "test-lfs*"], "--tests names upstream's own tests (give --upstream"),
    ],
)
def test_bad_input(args: list[str], message: str, capsys: pytest.CaptureFixture[str]) -> None:
    if SINCE.name in args and realservers.lacking(SINCE.server):
        missing("no nginx")
    assert cli.run(["test", *args]) == 2
    err = capsys.readouterr().err
    assert err.startswith("hgport: ") and message in err and err.count("\n") == 1


def test_as_many_jobs_as_keep_the_processors_busy(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(os, "cpu_count", lambda: 3)
    assert (command._jobs(command._WORLDS), command._jobs(command._TESTS)) == (12, 6)
    monkeypatch.setattr(os, "cpu_count", lambda: 1000)
    assert command._jobs(command._WORLDS) == 256
    assert cli.run(["test", "--help"]) == 0
    assert "four times the processors" in " ".join(capsys.readouterr().out.split())


def test_two_paths_of_one_version(
    tmp_path: Path, python: str, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "other").symlink_to(python)
    args = ["--python", python, "--python", str(tmp_path / "other")]
    assert cli.run(["test", "5.2.2", *args]) == 2
    assert "are both Python 3.8" in capsys.readouterr().err


@pytest.mark.parametrize("how", ["ctrl-C", "the end of the terminal"])
def test_an_interruption_ends_everything(tmp_path: Path, python: str, how: str) -> None:
    cache = tmp_path / "cache"
    cache.mkdir()
    (cache / "sdists").symlink_to(places.cache_dir() / "sdists")
    sdist.fetch(catalogue().release("5.2.2"))
    args = [
        sys.executable,
        "-m",
        "hgport",
        "test",
        "5.2.2",
        "--python",
        python,
        "--jobs",
        "2",
        *ROWS,
    ]
    env = {**os.environ, "HGPORT_CACHE": str(cache)}
    with ThreadPoolExecutor(1) as pool:
        running = pool.submit(process.run, args, env=env, allowed=None, timeout=120)
        inside = _cell(cache)
        if how == "ctrl-C":
            os.kill(_hgport(cache), signal.SIGINT)
        else:
            # the kernel and the shell both say so, to the whole group
            for _time in range(2):
                os.killpg(_hgport(cache), signal.SIGHUP)
        finished = running.result()
    assert inside
    if how == "ctrl-C":
        assert finished.code == 130
        assert finished.stderr.splitlines()[-1:] == [b"hgport: interrupted"]
    else:
        assert finished.code == 129
        assert finished.stderr == b"hgport: ended by SIGHUP\n"
    assert list((cache / "worlds").glob("run-*")) == []
    assert _using(cache) == []


def _cell(cache: Path) -> Path:
    """A cell's directory, when its client is at work."""
    until = time.monotonic() + 60
    while time.monotonic() < until:
        for path in (cache / "worlds").glob("run-*/*/cell-*/authority.pem"):
            return path
        time.sleep(0.01)
    raise AssertionError("no cell was begun")


def _using(cache: Path) -> list[int]:
    """The processes that know of this cache."""
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            known = (entry / "environ").read_bytes() + (entry / "cmdline").read_bytes()
            if str(cache).encode() in known:
                found.append(int(entry.name))
    return found


def _hgport(cache: Path) -> int:
    """The process that was started as hgport, not those that it started."""
    for number in _using(cache):
        if b"-m\0hgport\0test" in Path(f"/proc/{number}/cmdline").read_bytes():
            return number
    raise AssertionError("hgport is not running")
