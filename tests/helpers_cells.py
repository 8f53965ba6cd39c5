"""Releases for cells to run in."""

from __future__ import annotations

import contextlib
import functools
from collections.abc import Iterator
from pathlib import Path

from helpers_proof import catalogue, interpreter
from hgport.model import project
from hgport.model.release import Release
from hgport.model.series import Series
from hgport.proof import judge, scenarios
from hgport.proof.evidence import Evidence
from hgport.proof.faults import Fault
from hgport.proof.patched import patched as in_memory
from hgport.proof.scenarios import SCENARIOS, Operation, Scenario
from hgport.proof.world import Ground, ground, room, world
from hgport.upstream.contents import Contents


@functools.cache
def release(version: str) -> Release:
    return catalogue().release(version)


@functools.cache
def series(line: str) -> Series:
    return project.load()[0].for_line(line).series


@contextlib.contextmanager
def ground_of(version: str, python: str) -> Iterator[Ground]:
    """A ground in a room of its own, for the block."""
    with room() as place:
        yield ground(place, release(version), interpreter(release(version), python))


@contextlib.contextmanager
def patched(base: Ground, count: int) -> Iterator[Path]:
    """A tree with the first patches of its series, for the block."""
    with Contents() as contents:
        made = in_memory(contents, base.release, series(base.release.line).patches[:count])
    assert not isinstance(made, str), made
    with world(base, *made) as at:
        yield at


def row(
    operation: Operation, fault: Fault, transport: str = "http", workers: bool = False
) -> Scenario:
    """The one of the table."""
    (found,) = (
        one
        for one in SCENARIOS
        if (one.operation, one.fault, one.transport, one.workers)
        == (operation, fault, transport, workers)
    )
    return found


def problems(seen: Evidence, one: Scenario, base: Ground, count: int) -> tuple[str, ...]:
    """What the judge says where the first ``count`` patches are applied."""
    names = series(base.release.line).names
    expected = scenarios.expectation(one, base.interpreter.version, names[:count], names, ())
    return judge.problems(seen, one, expected)
