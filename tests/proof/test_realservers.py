"""Real servers behind nginx: the bug shows on a real release, and goes with the patches."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from helpers_proof import catalogue, interpreter
from hgport.engine.apply import apply_series
from hgport.errors import OutsideError
from hgport.model import project
from hgport.proof import judge, nginx, realservers, scenarios
from hgport.proof.cell import run_cell
from hgport.proof.evidence import Evidence
from hgport.proof.scenarios import (
    BUNDLE_PUSH,
    GIFTLESS,
    HG_SERVE,
    HUGE,
    LARGEFILES_PUSH,
    POSTARGS_PUSH,
    REAL,
    REQUESTS_2,
    SMALL,
    TIMEOUT,
    Fault,
    Operation,
    Scenario,
)
from hgport.proof.world import Ground, copied, ground, room, world
from hgport.upstream.contents import Contents
from programs import missing

RELEASE = next(one for one in catalogue().releases if one.version == "5.2.2")
SERIES = project.load()[0].for_line("5.2").series


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ground]:
    with room() as place:
        yield ground(place, RELEASE, interpreter(RELEASE, "2.7"))


@pytest.fixture(scope="module")
def patched(base: Ground) -> Iterator[Path]:
    with Contents() as contents:

        def read(path: str) -> bytes | None:
            return contents.read(RELEASE, [path])[path]

        files: Mapping[str, bytes | None] = apply_series(read, SERIES.patches).files
    with world(base, files) as tree:
        yield tree


def row(server: str, operation: Operation, fault: Fault, transport: str = "https") -> Scenario:
    """The row of the table; without its server's programs the test is skipped."""
    lacking = realservers.lacking(server)
    if lacking:
        missing(lacking)
    (found,) = (
        one
        for one in REAL
        if (one.server, one.operation, one.fault, one.transport)
        == (server, operation, fault, transport)
    )
    return found


def problems(evidence: Evidence, one: Scenario, applied: tuple[str, ...]) -> tuple[str, ...]:
    expected = scenarios.expectation(one, "2.7", applied, SERIES.names, ())
    return judge.problems(evidence, one, expected)


def test_the_bug_shows_behind_nginx(base: Ground) -> None:
    one = row(HG_SERVE, HUGE, TIMEOUT)
    evidence = run_cell(base, base.tree, one)
    assert problems(evidence, one, ()) == ()
    assert evidence.stalled and evidence.exit_code == 255
    stalled = evidence.requests[-1]
    assert (stalled.method, stalled.announced, stalled.received) == ("PUT", HUGE.size, 0)
    # the connection that it came on was new, so the one before it had been closed
    assert stalled.number == 1


@pytest.mark.parametrize(
    ("server", "operation", "fault", "transport"),
    [
        (HG_SERVE, HUGE, TIMEOUT, "http"),
        (HG_SERVE, POSTARGS_PUSH, TIMEOUT, "https"),
        (HG_SERVE, BUNDLE_PUSH, REQUESTS_2, "http"),
        (HG_SERVE, LARGEFILES_PUSH, TIMEOUT, "https"),
        (GIFTLESS, HUGE, TIMEOUT, "https"),
        (GIFTLESS, SMALL, REQUESTS_2, "http"),
    ],
)
def test_all_is_stored_with_the_patches(
    base: Ground, patched: Path, server: str, operation: Operation, fault: Fault, transport: str
) -> None:
    one = row(server, operation, fault, transport)
    evidence = run_cell(base, patched, one)
    assert problems(evidence, one, SERIES.names) == ()
    assert evidence.kept and sorted(evidence.kept) == sorted(evidence.wanted)
    assert {request.outcome for request in evidence.requests} == {"answered"}
    if fault is TIMEOUT:
        assert len({request.connection for request in evidence.requests}) > 1
    else:
        assert max(request.number for request in evidence.requests) == 2


def test_what_a_server_holds_is_hashed_whatever_it_is_called(base: Ground, tmp_path: Path) -> None:
    one = row(HG_SERVE, HUGE, TIMEOUT, "http")
    host = realservers.host(base, tmp_path, one)
    objects = tmp_path / "peer" / ".hg" / "store" / "lfs" / "objects" / "ab"
    objects.mkdir(parents=True)
    (objects / "cdef").write_bytes(b"content")
    assert host.kept() == (hashlib.sha256(b"content").hexdigest(),)
    # nothing runs yet
    assert host.requests() == () and host.lfs_url is None and host.repository_url is None


def test_what_is_missing(base: Ground, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(nginx, "_MORE_PLACES", ())
    monkeypatch.setenv("PATH", str(tmp_path))
    assert f"nginx: {nginx.ADVICE}" == realservers.lacking(HG_SERVE)
    one = next(one for one in REAL if one.operation == BUNDLE_PUSH)
    (tmp_path / "cell").mkdir()
    copied(base.repositories(BUNDLE_PUSH), tmp_path / "cell")
    host = realservers.host(base, tmp_path / "cell", one)
    with pytest.raises(OutsideError, match="no nginx found"), host:
        pass
