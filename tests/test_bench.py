"""The measuring scripts in contrib: what they may touch."""

from __future__ import annotations

import hashlib
import http.client
import importlib.util
import json
import socket
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from helpers_engine import Project, file_diff, numbered, patch_bytes
from helpers_proof import evidence, interpreter
from hgport import places
from hgport.cli import run
from hgport.errors import HgportError
from hgport.process import Finished
from hgport.proof.evidence import Request
from hgport.proof.faults import Fault
from hgport.proof.results import Results
from hgport.proof.server import Server

BENCH = Path(__file__).parents[1] / "contrib" / "bench"
BASE = numbered(30)


def loaded(name: str, monkeypatch: pytest.MonkeyPatch) -> Any:
    spec = importlib.util.spec_from_file_location(name, BENCH / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    bench = importlib.util.module_from_spec(spec)
    monkeypatch.setitem(sys.modules, name, bench)
    spec.loader.exec_module(bench)
    return bench


def test_the_persons_verdicts_stay(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    bench = loaded("bench_apply", monkeypatch)
    made = Project(tmp_path)
    made.release("5.2", {"f": BASE})
    made.write("5.2", {"one.patch": patch_bytes(file_diff("f", BASE, numbered(30, line3="x")))})
    monkeypatch.setenv("HGPORT_PROJECT", str(tmp_path))
    monkeypatch.setenv("HGPORT_CACHE", str(made.cache))
    assert run(["status"]) == 0
    before = {path: path.stat().st_mtime_ns for path in (made.cache / "verdicts").iterdir()}
    assert before
    room = tmp_path / "room"
    room.mkdir()
    bench._take_own_cache(room)
    assert places.cache_dir() == room / "cache"
    stack, catalogue = bench.project.load()
    jobs = bench._jobs(room, stack, catalogue, list(catalogue.releases))
    for one in bench._status(jobs).values():
        one(jobs)
    assert {p: p.stat().st_mtime_ns for p in (made.cache / "verdicts").iterdir()} == before


def test_the_persons_proofs_are_known_and_stay(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench = loaded("bench_proof", monkeypatch)
    monkeypatch.setenv("HGPORT_CACHE", str(tmp_path / "persons"))
    theirs = tmp_path / "persons" / "proofs.sqlite"
    with Results(theirs) as results:
        results.put({"a": evidence()})
        # it may be in use
        bench.take_own_cache(tmp_path)
    own = places.cache_dir() / "proofs.sqlite"
    assert own == tmp_path / "cache" / "proofs.sqlite"
    with Results(own) as results:
        assert results.get(["a"]) == {"a": evidence()}
        results.put({"b": evidence()})
    with Results(theirs) as results:
        assert set(results.get(["a", "b"])) == {"a"}


def test_a_soak_counts_what_is_not_as_stated(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    soak = loaded("soak", monkeypatch)
    release = soak.project.load()[1].release("5.2.2")
    cells = soak.chosen("5.2.2", interpreter(release).version, ["*small*http, no fault"])
    assert [cell.subject.whole for cell in cells] == [True]
    assert soak.told(cells, "could not be run: x") == 1
    assert soak.told(cells, [evidence()]) == 1
    assert "the server answered nothing" in capsys.readouterr().out
    # from the room to the verdict, by a real release
    assert soak.soak(cells, 2, 2) == 0


def test_what_goes_through_a_relay_is_late_and_not_slow(monkeypatch: pytest.MonkeyPatch) -> None:
    relay = loaded("latency", monkeypatch)
    seconds, blocks = 0.1, 50
    with (
        socket.create_server(("127.0.0.1", 0)) as far,
        relay.latency(far.getsockname()[1], seconds) as port,
        socket.create_connection(("127.0.0.1", port)) as near,
    ):
        near.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        server, _peer = far.accept()
        started = time.monotonic()
        near.sendall(b"x")
        with server:
            assert server.recv(1) == b"x"
            # the first byte comes after the handshake, and is half way then
            assert time.monotonic() - started >= 1.4 * seconds
            started = time.monotonic()
            for _block in range(blocks):
                near.sendall(b"y" * 1000)
                time.sleep(0.001)
            came = b""
            while len(came) < blocks * 1000:
                came += server.recv(65536)
            took = time.monotonic() - started
            assert 0.5 * seconds <= took < blocks * 0.5 * seconds / 4
            server.sendall(b"z")
        assert near.recv(1) == b"z"
        # the far end has closed
        assert near.recv(1) == b""


def test_the_quick_server_tells_what_is_stored_wrong(monkeypatch: pytest.MonkeyPatch) -> None:
    quick = loaded("quickserver", monkeypatch)
    names = {data: hashlib.sha256(data).hexdigest() for data in (b"good", b"bad", b"twice")}
    with quick.quick_server() as server:
        assert server.taken() == {}
        connection = http.client.HTTPConnection("localhost", server.port)
        for name, data in ((b"good", b"good"), (b"bad", b"x"), *[(b"twice", b"twice")] * 2):
            connection.request("PUT", f"/lfs/objects/{names[name]}", data)
            assert connection.getresponse().read() == b""
        connection.close()
        assert server.taken() == {
            names[b"good"]: True,
            names[b"bad"]: False,
            names[b"twice"]: False,
        }
        assert server.taken() == {}


def test_uploads_are_timed_and_looked_at(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.syspath_prepend(BENCH)
    bench = loaded("bench_upload", monkeypatch)
    words = ["7.2.4", "--with", "", "--latency", "0", "--rounds", "1", "--blobs", "3"]
    every = tmp_path / "every.json"
    monkeypatch.setattr(sys, "argv", ["bench_upload.py", *words, "--json", str(every)])
    assert bench.main() in (0, 1)
    assert "7.2.4, one by one, 0 ms: patched takes" in capsys.readouterr().out
    made = json.loads(every.read_text())
    assert len(made["7.2.4 patched, 4 workers, 0 ms"]["seconds"]) == 1


def test_blobs_that_are_not_stored_make_no_figure(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(BENCH)
    bench = loaded("bench_upload", monkeypatch)
    blobs = bench.pushing.contents(2, 1, 100, 1)
    lazy = bench.uploaders.Runner("lazy", lambda _place, _url: None)
    with bench.quick_server() as server, pytest.raises(HgportError, match="lazy: 0 of 2 blobs"):
        bench.measure([lazy], server, {0: server.port}, blobs, 1, tmp_path)
    times = bench.Times([2.0, 4.0]), bench.Times([1.0, 4.0])
    measured = {("a", 0): times[0], ("b", 0): times[1]}
    assert bench.ratios(measured, "a", "b", 0) == [2.0, 1.0]


def finished(code: int, *, stderr: bytes = b"", timed_out: bool = False) -> Finished:
    return Finished(("hg",), code, b"", stderr, timed_out)


def put(name: str, sha256: str, status: int | None = 200, outcome: str = "answered") -> Request:
    return Request(1, 1, "PUT", object=name, sha256=sha256, status=status, outcome=outcome)


@pytest.mark.parametrize(
    ("ended", "requests", "hung", "outcome", "bad"),
    [
        (finished(0), [put("a", "a"), put("b", "b")], False, "fine", False),
        # all was there by the time that it was hung up on
        (finished(0), [put("a", "a"), put("b", "b")], True, "fine", False),
        (finished(0), [put("a", "a"), put("b", "b", None, "reset")], False, "lost", True),
        (finished(0), [put("a", "a"), put("b", "a")], False, "lost", True),
        # which of the two is there in the end is chance
        (finished(0), [put("a", "a"), put("b", "b"), put("b", "a")], False, "lost", True),
        # a server that is honest gives no reason, and no other gives one as often as it is asked
        (finished(255), [put("a", "a"), put("b", "b", None, "reset")], False, "failed", True),
        (finished(255), [put("a", "a"), put("b", "a")], False, "failed", True),
        (finished(255), [put("a", "a"), put("", "", None, "garbage")], False, "failed", True),
        (finished(1, stderr=b"Traceback (most"), [put("a", "a")], False, "traceback", True),
        (finished(255), [put("a", "a")], True, "hung", True),
        (finished(-9, timed_out=True), [put("a", "a"), put("b", "b")], True, "hung", True),
    ],
)
def test_a_push_is_judged_by_what_the_server_has(
    monkeypatch: pytest.MonkeyPatch,
    ended: Finished,
    requests: list[Request],
    hung: bool,
    outcome: str,
    bad: bool,
) -> None:
    monkeypatch.syspath_prepend(BENCH)
    soaked = loaded("soaked", monkeypatch)
    seen = soaked.look(ended, tuple(requests), ("a", "b"), hung, 1.0)
    assert (seen.outcome, seen.is_bad) == (outcome, bad)
    assert seen.late == (hung and outcome == "fine")


def test_a_soak_is_well_once_every_patched_push_is_made_and_fine(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.syspath_prepend(BENCH)
    soak = loaded("soak_pushes", monkeypatch)
    words = ["7.2.4", "--times", "1", "--show", "--results", str(tmp_path / "none.jsonl")]
    monkeypatch.setattr(sys, "argv", ["soak_pushes.py", *words])
    assert soak.main() == 1
    assert "2 of 2 pushes with the patches are not made" in capsys.readouterr().out
    rows = list(soak.made(soak.asked(), ("a", "b")))
    whole, ended = (put("a", "a"), put("b", "b")), (finished(0), finished(255))
    fine, failed = (soak.soaked.look(one, whole, ("a", "b"), False, 1.0) for one in ended)
    late = soak.soaked.look(ended[0], whole, ("a", "b"), True, 1.0)
    # whatever comes of the bare release
    every = {
        push.key: fine if row.state == "patched" else failed for row in rows for push in row.pushes
    }
    assert soak.verdict(rows, every) == 0
    for row in rows[2:]:
        (push,) = row.pushes
        assert soak.verdict(rows, {**every, push.key: late}) == 0
        assert soak.verdict(rows, {**every, push.key: failed}) == 1
        assert soak.verdict(rows, {key: one for key, one in every.items() if key != push.key}) == 1
    soak.show(rows, {**every, rows[2].pushes[0].key: late})
    assert [line.split()[-3] for line in capsys.readouterr().out.splitlines()[-4:]] == list("0010")


def test_a_soak_is_taken_up_where_it_was_stopped(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.syspath_prepend(BENCH)
    soak = loaded("soak_pushes", monkeypatch)
    results = tmp_path / "soak.jsonl"
    words = ["7.2.4", "--state", "bare", "--with", "", "--blobs", "6", "--jobs", "1"]
    monkeypatch.setattr(sys, "argv", ["soak_pushes.py", *words, "--results", str(results)])
    sys.argv += ["--times", "1", "--chance", "1"]
    assert soak.main() == 0
    printed = capfd.readouterr().out
    assert printed.startswith("2 pushes to make")
    # every connection is struck, which no bare release survives with workers
    rows = [line.split() for line in printed.splitlines() if line.startswith("7.2.4")]
    assert [row[4:6] for row in rows] == [["1", "1"], ["1", "0"]]
    assert len(list(tmp_path.glob("soak.kept/*.json"))) == 1
    lines = results.read_text().splitlines(keepends=True)
    results.write_text(lines[0] + lines[1][:-20])
    assert len(soak.read(results)) == 1
    sys.argv += ["--times", "1"]
    assert soak.main() == 0
    assert capfd.readouterr().out.startswith("1 pushes to make")


def test_a_soaked_push_is_known_by_the_code_that_it_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(BENCH)
    soak = loaded("soak_pushes", monkeypatch)
    one = {"hgext/a.py": b"1", "tests/test-a.t": b"1"}
    assert soak._run(one) == soak._run({**one, "tests/test-a.t": b"2"}) != ""
    assert soak._run(one) != soak._run({**one, "hgext/a.py": b"2"})
    assert soak._run({"tests/test-a.t": b"1"}) == soak._run({}) == ""
    assert soak._drawn(1, 0.2, ["a"]) != soak._drawn(2, 0.2, ["a"])
    assert soak._drawn(1, 0, ["a"]) == ""


def test_silence_counts_once_something_has_come(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(BENCH)
    soaked = loaded("soaked", monkeypatch)
    monkeypatch.setattr(soaked, "SILENCE", 0.3)
    with (
        Server(Fault("none"), stall=60) as server,
        soaked._watched(server) as (silent, _clock),
        socket.create_connection(("127.0.0.1", server.port)) as client,
    ):
        assert not silent.wait(1.2)
        client.sendall(b"GET / HTTP/1.1\r\n")
        assert silent.wait(20)
        assert client.recv(1) == b""
