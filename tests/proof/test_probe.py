"""What is seen within a release's own client: attempts, rewinds, and files left open."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from helpers_cells import ground_of, patched, problems, row
from hgport.process import run
from hgport.proof import inside
from hgport.proof.cell import run_cell, run_in
from hgport.proof.evidence import Evidence
from hgport.proof.scenarios import (
    BUNDLE_PUSH,
    GROWS,
    HONEST,
    LARGE,
    LARGEFILES_PUSH,
    RESET_MIDDLE,
    SHRINKS,
    SMALL,
    VANISHES,
    Fault,
    Operation,
)
from hgport.proof.world import Ground, blobs, world

MIB = 1024 * 1024
STORE = "client/.hg/store/lfs/objects"


@pytest.fixture(scope="module", params=["2.7", "3.8"])
def each(request: pytest.FixtureRequest) -> Iterator[Ground]:
    with ground_of("5.2.2", request.param) as made:
        yield made


@pytest.fixture(scope="module")
def base() -> Iterator[Ground]:
    with ground_of("5.2.2", "3.8") as made:
        yield made


def transfers(seen: Evidence) -> list[str]:
    """What was begun to be sent, in order, as the server saw it."""
    return [request.object for request in seen.requests if request.object]


def test_attempts_and_rewinds(each: Ground) -> None:
    one = row(LARGE, RESET_MIDDLE)
    seen = run_cell(each, each.tree, one)
    assert problems(seen, one, each, 0) == ()
    # the second is read from where the first was cut
    first, second = seen.attempts
    assert first.url == second.url and first.url.endswith(f"/lfs/objects/{transfers(seen)[0]}")
    assert (first.body, first.rewinds, second.rewinds) == ("filewithprogress", 0, 0)
    assert first.reads > second.reads > 0 and first.reads + second.reads >= MIB / 8192

    with patched(each, 2) as tree:
        seen = run_cell(each, tree, one)
    assert problems(seen, one, each, 2) == ()
    assert [one.url.rpartition("/")[2] for one in seen.attempts] == transfers(seen)
    # each is begun where the batch request, or the one before, has been answered
    assert len(seen.attempts) == 2 * LARGE.blobs
    assert {one.rewinds for one in seen.attempts} == {1}
    assert max(one.reads for one in seen.attempts) >= MIB / 65536


@pytest.mark.parametrize(
    ("operation", "body", "count"),
    [(BUNDLE_PUSH, "httpsendfile", 1), (LARGEFILES_PUSH, "httpsendfile", 3)],
)
def test_what_others_send(base: Ground, operation: Operation, body: str, count: int) -> None:
    one = row(operation, HONEST)
    seen = run_cell(base, base.tree, one)
    assert problems(seen, one, base, 0) == ()
    # every release rewinds these, though not where requests are sent
    assert Counter(one.body for one in seen.attempts) == {body: count}
    assert all(one.reads for one in seen.attempts)


CHANGED = {
    SHRINKS: Counter({MIB // 2: 1, MIB: 2}),
    GROWS: Counter({MIB + 4096: 1, MIB: 2}),
    VANISHES: Counter(),
}


@pytest.mark.parametrize("fault", CHANGED, ids=lambda fault: fault.name)
def test_the_disk_changes_below_the_client(base: Ground, tmp_path: Path, fault: Fault) -> None:
    one = row(LARGE, fault)
    place = tmp_path / "cell"
    place.mkdir()
    seen = run_in(place, base, base.tree, one)
    assert problems(seen, one, base, 0) == ()
    left = [path for path in (place / STORE).rglob("*") if path.is_file()]
    assert Counter(path.stat().st_size for path in left) == CHANGED[fault]
    # what was opened is what changed, and the beginning of it did not
    whole = blobs(LARGE)
    for path in left:
        oid = path.parent.name + path.name
        size = min(path.stat().st_size, MIB)
        assert path.read_bytes()[:size] == whole[oid][:size]
        assert size == path.stat().st_size == MIB or oid == transfers(seen)[0]
    # the ground's own are as they were
    for path in (base.repositories(LARGE).place / STORE).rglob("*"):
        if path.is_file():
            name = path.parent.name + path.name
            assert hashlib.sha256(path.read_bytes()).hexdigest() == name


# a client that holds on to what it sends
HOLDS = b"""
import os

_held = []
_begin = KeepAliveHandler._start_transaction


def _holding(self, connection, request):
    if hasattr(request.data, 'read'):
        fp = getattr(request.data, '_fp', None)
        _held.append(os.fdopen(os.dup(fp.fileno()), 'rb'))
    return _begin(self, connection, request)


KeepAliveHandler._start_transaction = _holding
"""


def test_files_that_stay_open_are_told(each: Ground) -> None:
    one = row(LARGE, HONEST)
    path = "mercurial/keepalive.py"
    with world(each, {path: (each.tree / path).read_bytes() + HOLDS}) as tree:
        seen = run_cell(each, tree, one)
    names = {oid[:2] + "/" + oid[2:] for oid in blobs(LARGE)}
    held = {name for name in names if any(path.endswith(name) for path in seen.leaked)}
    assert held == names and len(seen.leaked) == 3
    # relative to the cell, so that they are the same each time
    assert all(path.startswith(("client/", "usercache/")) for path in seen.leaked)
    assert len(problems(seen, one, each, 0)) == 3
    assert run_cell(each, each.tree, one).leaked == ()


# processes that write at the same time
WRITES = """
import os, sys
tree, probe = sys.argv[1:]
sys.path.insert(0, tree)
exec(compile(open(probe).read(), probe, "exec"))
for number in range(8):
    if not os.fork():
        for line in range(200):
            _write("attempt", {"from": "%d" % number * 200})
        os._exit(0)
for number in range(8):
    os.wait()
"""


def test_lines_of_processes_do_not_mix(each: Ground, tmp_path: Path) -> None:
    script, probed = tmp_path / "writes.py", tmp_path / "probed"
    script.write_text(WRITES)
    probe = Path(inside.__file__).with_name("probe.py")
    env = {"HGPORT_PROBE": str(probed), "HGMODULEPOLICY": "py"}
    run([each.interpreter.path, script, each.tree, probe], env=env)
    lines = Counter(json.loads(line)["from"] for line in probed.read_text().splitlines())
    assert lines == {str(number) * 200: 200 for number in range(8)}


def test_what_workers_send_is_seen() -> None:
    one = row(SMALL, HONEST, workers=True)
    with ground_of("6.3.3", "3.8") as base:
        seen = run_cell(base, base.tree, one)
        assert problems(seen, one, base, 0) == ()
    assert len({request.connection for request in seen.requests if request.object}) > 1
    sent = Counter(attempt.url.rpartition("/")[2] for attempt in seen.attempts)
    assert sent == Counter(blobs(SMALL).keys())
