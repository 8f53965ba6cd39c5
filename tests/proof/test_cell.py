"""Each kind of operation, done by a real release, against an honest server and a broken one."""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from helpers_cells import ground_of, patched, problems, row
from hgport.proof import judge
from hgport.proof.cell import run_cell, run_in
from hgport.proof.evidence import Evidence
from hgport.proof.scenarios import (
    BUNDLE_PUSH,
    CHALLENGE,
    HONEST,
    IDLE_CLOSE,
    LARGE,
    LARGEFILES_PUSH,
    LFS_DOWNLOAD,
    POSTARGS_PUSH,
    PROXY,
    RESET_MIDDLE,
    SMALL,
    Fault,
    Operation,
    Scenario,
)
from hgport.proof.world import Ground, blobs


@pytest.fixture(scope="module")
def base() -> Iterator[Ground]:
    with ground_of("5.2.2", "2.7") as made:
        yield made


ROWS = [
    (BUNDLE_PUSH, HONEST, "http"),
    (BUNDLE_PUSH, CHALLENGE, "https"),
    (POSTARGS_PUSH, HONEST, "https"),
    (LARGEFILES_PUSH, HONEST, "http"),
    (LARGEFILES_PUSH, RESET_MIDDLE, "https"),
    (LFS_DOWNLOAD, HONEST, "https"),
    (LFS_DOWNLOAD, IDLE_CLOSE, "http"),
    (SMALL, HONEST, "http"),
    (LARGE, PROXY, "https"),
]
Broken = Callable[[Evidence], Evidence]


def _without_the_last(seen: Evidence) -> Evidence:
    if seen.kept is not None:
        return dataclasses.replace(seen, kept=seen.kept[:-1])
    *_others, last = (one for one in seen.requests if one.object)
    return dataclasses.replace(seen, requests=tuple(r for r in seen.requests if r is not last))


def _spilled(seen: Evidence) -> Evidence:
    last = dataclasses.replace(seen.requests[-1], outcome="garbage")
    return dataclasses.replace(seen, requests=(*seen.requests, last))


def _altered(seen: Evidence) -> Evidence:
    other = hashlib.sha256(b"other").hexdigest()
    if seen.kept is not None:
        return dataclasses.replace(seen, kept=(*seen.kept, other))
    requests = [dataclasses.replace(one, sha256=other) for one in seen.requests]
    return dataclasses.replace(seen, requests=tuple(requests))


# what is never right, of any of these rows
BREAKS: list[Broken] = [
    _spilled,
    _altered,
    lambda seen: dataclasses.replace(seen, exit_code=255),
    lambda seen: dataclasses.replace(seen, stalled=not seen.stalled),
    lambda seen: dataclasses.replace(seen, timed_out=True),
    lambda seen: dataclasses.replace(seen, leaked=("client/x",)),
]


@pytest.mark.parametrize(
    ("operation", "fault", "transport"), ROWS, ids=[f"{o.name}-{f.name}-{t}" for o, f, t in ROWS]
)
def test_a_cell_is_as_stated_and_no_other_would_be(
    base: Ground, operation: Operation, fault: Fault, transport: str
) -> None:
    one = row(operation, fault, transport)
    seen = run_cell(base, base.tree, one)
    assert problems(seen, one, base, 0) == ()
    for broken in BREAKS:
        assert problems(broken(seen), one, base, 0), broken
    # what was seen goes through a file
    assert Evidence.from_json(json.loads(json.dumps(seen.to_json()))) == seen
    assert seen.wanted == base.repositories(operation).wanted
    assert str(base.place) not in seen.output
    _check_transfers(seen, one)


def _check_transfers(seen: Evidence, one: Scenario) -> None:
    names = {request.object for request in seen.requests if request.object}
    kinds = {
        BUNDLE_PUSH: {"unbundle"},
        POSTARGS_PUSH: {"unbundle"},
        LARGEFILES_PUSH: {"unbundle", *_sha1s(LARGEFILES_PUSH)},
    }
    assert names == kinds.get(one.operation, set(blobs(one.operation)))
    posts = any("cmd=" in r.path and r.method == "POST" for r in seen.requests if not r.object)
    assert posts == one.operation.post_arguments


def _sha1s(operation: Operation) -> set[str]:
    return {hashlib.sha1(data).hexdigest() for data in blobs(operation).values()}


def test_the_bug_goes_with_the_patches(base: Ground) -> None:
    one = row(POSTARGS_PUSH, RESET_MIDDLE)
    seen = run_cell(base, base.tree, one)
    assert problems(seen, one, base, 0) == ()
    assert problems(seen, one, base, 2)
    assert judge.observed(seen, one) == "hung, 0 of 1 stored"
    with patched(base, 2) as tree:
        seen = run_cell(base, tree, one)
    assert problems(seen, one, base, 2) == ()
    assert problems(seen, one, base, 0)
    assert judge.observed(seen, one) == "exit code 0, 1 of 1 stored"
    cut, whole = [request for request in seen.requests if request.object]
    assert (cut.outcome, whole.outcome) == ("reset", "answered")
    # its body is the arguments and the bundle, half of which came
    assert cut.announced == whole.announced and cut.received == (cut.announced or 0) // 2
    assert problems(_without_the_last(seen), one, base, 2)


def test_a_download_is_whole_in_the_clients_files(base: Ground, tmp_path: Path) -> None:
    one = row(LFS_DOWNLOAD, HONEST)
    place = tmp_path / "cell"
    place.mkdir()
    seen = run_in(place, base, base.tree, one)
    assert set(seen.kept or ()) == set(seen.wanted) == set(blobs(LFS_DOWNLOAD))
    assert len(list((place / "client").glob("blob*"))) == 3
    assert problems(_without_the_last(seen), one, base, 0)


def test_a_cell_leaves_nothing_and_touches_nothing_that_others_use(base: Ground) -> None:
    base.repositories(SMALL)
    before = _files(base.place)
    run_cell(base, base.tree, row(SMALL, HONEST))
    assert _files(base.place) == before


def _files(top: Path) -> dict[str, int]:
    """The files below a directory, but for bytecode, with the time of their last change."""
    return {
        str(path): path.stat().st_mtime_ns
        for path in top.rglob("*")
        if path.is_file() and path.suffix not in (".pyc", ".pyo", ".lock")
    }


def test_a_release_that_cannot_start_is_seen_to_fail(base: Ground, tmp_path: Path) -> None:
    one = row(SMALL, HONEST)
    seen = run_cell(base, tmp_path, one)
    assert seen.exit_code not in (0, 255) and seen.requests == () and "No such file" in seen.output
    assert problems(seen, one, base, 0)
