"""Runs of upstream's tests, of which run-tests.py does not always say all."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from concurrent.futures import Executor
from pathlib import Path

from helpers_proof import catalogue, interpreter
from hgport.proof.upstreamreport import PASSED, UNTOLD
from hgport.proof.upstreamresults import UpstreamResults
from hgport.proof.upstreamruns import Runs
from hgport.proof.upstreamverdict import Subject
from hgport.proof.workers import local
from hgport.proof.world import room
from hgport.upstream.contents import Contents

VERSION, SCRIPT, TEST = "5.2.2", "tests/run-tests.py", "test-xdg.t"
PLACE = (0, 0)


@contextlib.contextmanager
def runs(cache: Path, script: bytes) -> Iterator[Runs]:
    """The runs of a release with another run-tests.py."""
    release = catalogue().release(VERSION)
    subject = Subject(release, interpreter(release, "2.7"), (), (TEST,))
    with contextlib.ExitStack() as open_:
        results = open_.enter_context(UpstreamResults(cache))

        def begin() -> tuple[Path, Executor]:
            return open_.enter_context(room()), open_.enter_context(local(1))

        stages = [({SCRIPT: script}, ())]
        yield Runs(subject, stages, results, begin, jobs=1, fresh=False)


def forgets(marker: Path) -> bytes:
    """A run-tests.py that forgets the last test that it is given, the first time."""
    with Contents() as contents:
        data = contents.read(catalogue().release(VERSION), [SCRIPT])[SCRIPT]
    assert data is not None
    head, line, rest = data.partition(b"from __future__ import absolute_import, print_function\n")
    assert line
    first = f"import os\nif not os.path.exists({str(marker)!r}):\n"
    first += f"    open({str(marker)!r}, 'w').close()\n"
    first += "    import sys\n    sys.argv[-1] = 'test-none.t'\n"
    return head + line + first.encode() + rest


def test_what_nothing_is_said_of_is_run_once_more_and_not_remembered(tmp_path: Path) -> None:
    script = forgets(tmp_path / "marker")
    with runs(tmp_path / "runs", script) as first:
        assert first.make(first.lacking({PLACE: [TEST]})) == ""
        assert first.seen(PLACE)[TEST].outcome == UNTOLD
    with runs(tmp_path / "runs", script) as second:
        lacking = second.lacking({PLACE: [TEST]})
        assert set(lacking) == {PLACE}
        (tmp_path / "marker").unlink()
        assert second.make(lacking) == ""
        assert second.seen(PLACE)[TEST].outcome == UNTOLD
        second.again(PLACE, {TEST})
        seen = second.seen(PLACE)[TEST]
        assert seen.outcome == PASSED and seen.at_first.startswith("untold: run-tests.py says")
    with runs(tmp_path / "runs", script) as third:
        assert third.lacking({PLACE: [TEST]}) == {} and third.known
        assert third.seen(PLACE)[TEST] == seen
