"""The rows of the table that say nothing before a follow-up is there: with workers every fault that
strikes serial transfers, and what is lost on a connection that nothing came over before.

Without the follow-ups such a transfer fails, or, with workers, anything may happen.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from hgport.proof import faults
from hgport.proof.courses import (
    BATCH_CUT,
    CUT_ONCE,
    FETCH_CUT_ONCE,
    FETCH_LOST_TWICE,
    FURTHER,
    GONE,
    LOST,
    LOST_ONCE,
    LOST_TWICE,
    NOT_REWOUND,
    SOUND,
    WRONG,
    Course,
    denied,
    forked,
)
from hgport.proof.faults import Fault
from hgport.proof.scenarios import (
    CHALLENGE,
    DOWNLOAD,
    HONEST,
    LARGE,
    LFS,
    LFS_DOWNLOAD,
    RESET_MIDDLE,
    SCENARIOS,
    SMALL,
    Operation,
    Scenario,
    over,
)

# two for each worker, so that each uses its connection again
MANY = Operation("lfs push, many blobs", LFS, blobs=8, size=512 * 1024)
MANY_DOWNLOADS = Operation("lfs download, many blobs", DOWNLOAD, blobs=8, size=64 * 1024)
_WITH_WORKERS = {SMALL: SMALL, LARGE: MANY, LFS_DOWNLOAD: MANY_DOWNLOADS}


def _first(name: str, where: faults.Where) -> Fault:
    """The first attempt of each object is reset, each on a connection of its own."""
    return Fault(
        f"first attempt reset {name}",
        closes_each=True,
        resets_at=where,
        resets_on=faults.FRESH,
        times=1,
    )


def _batch(name: str, **more: bool) -> Fault:
    return Fault(f"batch request {name}", target=faults.BATCH, **more)  # type: ignore[arg-type]


RESET_END = Fault("reset after the body", resets_at=faults.END)
START_ONCE = _first("before the body", 0)
MIDDLE_ONCE = _first("in mid-body", faults.MIDDLE)
END_ONCE = _first("after the body", faults.END)
END_FRESH = Fault(
    "reset after the body on a fresh connection",
    closes_each=True,
    resets_at=faults.END,
    resets_on=faults.FRESH,
)
TWICE = Fault("first two attempts reset", resets_at=faults.MIDDLE, resets_on=faults.ANY, times=2)
RESPONSE_ONCE = Fault("first response cut short", closes_each=True, cuts_response=True, times=1)
RESPONSE_RESET = Fault("first response reset", closes_each=True, resets_response=True, times=1)
ALTERED = Fault("wrong content", alters_content=True)
TOO_MANY = Fault("429, to be asked again in 1 s", status=429, retry_after=1)
LATER = Fault("503, to be asked again in 1 s", status=503, retry_after=1)
NOBODY = Fault("nobody listens", gone=faults.FROM_START)
NOBODY_LATER = Fault("nobody listens after the batch request", gone=faults.AFTER_BATCH)
BATCH_LOST = Fault(
    "batch request lost",
    resets_at=faults.END,
    resets_on=faults.FRESH,
    target=faults.BATCH,
    times=1,
)
BATCH_LOST_EACH = Fault(
    "batch request lost each time",
    resets_at=faults.END,
    resets_on=faults.FRESH,
    target=faults.BATCH,
)
BATCH_RESPONSE = Fault(
    "answer to the batch request cut short", cuts_response=True, target=faults.BATCH, times=1
)

# operation, fault, and what must come of it: without and with workers
_TABLE: tuple[tuple[Operation, Fault, Course], ...] = (
    (LARGE, RESET_END, NOT_REWOUND),
    (LARGE, START_ONCE, LOST_ONCE),
    (LARGE, MIDDLE_ONCE, LOST_ONCE),
    (LARGE, END_ONCE, LOST_ONCE),
    (LARGE, END_FRESH, LOST),
    (LARGE, TWICE, LOST_TWICE),
    (LARGE, RESPONSE_ONCE, CUT_ONCE),
    (LARGE, TOO_MANY, denied(429, attempts=1)),
    (LARGE, LATER, denied(503, attempts=1)),
    (LARGE, NOBODY_LATER, GONE),
    (LFS_DOWNLOAD, CHALLENGE, SOUND),
    (LFS_DOWNLOAD, RESET_END, SOUND),
    (LFS_DOWNLOAD, END_ONCE, LOST_ONCE),
    (LFS_DOWNLOAD, END_FRESH, LOST),
    (LFS_DOWNLOAD, TWICE, FETCH_LOST_TWICE),
    (LFS_DOWNLOAD, RESPONSE_ONCE, FETCH_CUT_ONCE),
    (LFS_DOWNLOAD, RESPONSE_RESET, SOUND),
    (LFS_DOWNLOAD, LATER, denied(503, attempts=1)),
    (LFS_DOWNLOAD, ALTERED, WRONG),
    (LFS_DOWNLOAD, NOBODY_LATER, GONE),
)
# before there are workers
_BATCH_TABLE: tuple[tuple[Operation, Fault, Course], ...] = (
    (SMALL, NOBODY, GONE),
    (SMALL, BATCH_LOST, LOST_ONCE),
    (SMALL, BATCH_LOST_EACH, LOST),
    (SMALL, BATCH_RESPONSE, BATCH_CUT),
    (LFS_DOWNLOAD, BATCH_LOST, LOST_ONCE),
)
_QUICK = {(LARGE, MIDDLE_ONCE), (SMALL, BATCH_LOST), (MANY, RESET_MIDDLE), (MANY_DOWNLOADS, HONEST)}


def _serial() -> Iterator[tuple[Operation, Fault, Course]]:
    """What the first table has without workers, of the operations that can have them."""
    for row in SCENARIOS:
        if row.transport == "http" and not row.workers and row.operation in _WITH_WORKERS:
            yield row.operation, row.fault, row.course


def _in_workers() -> Iterator[tuple[Operation, Fault, Course]]:
    known = {(row.operation, row.fault) for row in SCENARIOS if row.workers}
    for operation, fault, course in (*_serial(), *_TABLE):
        several = _WITH_WORKERS[operation]
        if (several, fault) not in known:
            yield several, fault, forked(course)


def _rows(table: Iterable[tuple[Operation, Fault, Course]], workers: bool) -> Iterator[Scenario]:
    for operation, fault, course in table:
        for transport in ("http", "https"):
            yield Scenario(
                transport,
                operation,
                fault,
                workers,
                over(transport, fault, course),
                quick=(operation, fault) in _QUICK,
                follows_up=True,
            )


FOLLOWUPS = (*_rows((*_TABLE, *_BATCH_TABLE), False), *_rows(_in_workers(), True))
EVERY = (*SCENARIOS, *FOLLOWUPS)


def rows(names: Iterable[str]) -> tuple[Scenario, ...]:
    """The rows against the embedded server that say something of a stack with these patches."""
    return EVERY if set(names).intersection(FURTHER) else SCENARIOS
