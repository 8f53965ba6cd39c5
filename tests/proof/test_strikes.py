"""What is struck, and how often."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from hgport.proof import faults
from hgport.proof.faults import Fault, Random
from hgport.proof.services import Call
from hgport.proof.strikes import Strikes


def call(method: str, path: str) -> Call:
    return Call.of(method, path, {})


ONE, TWO = (call("PUT", f"/lfs/objects/{name}") for name in "12")
DOWNLOAD = call("GET", "/lfs/objects/1")
BUNDLE = call("POST", "/repository?cmd=unbundle")
BATCH = call("POST", "/lfs/objects/batch")
TALK = call("GET", "/repository?cmd=heads")
EVERY = (ONE, DOWNLOAD, BUNDLE, BATCH, TALK)


@pytest.mark.parametrize(
    ("target", "struck"),
    [
        (faults.TRANSFERS, (ONE, DOWNLOAD, BUNDLE)),
        (faults.BATCH, (BATCH,)),
        (faults.BOTH, (ONE, DOWNLOAD, BUNDLE, BATCH)),
    ],
)
def test_what_is_struck(target: str, struck: tuple[Call, ...]) -> None:
    fault = Fault("cut", cuts_response=True, target=target, closes_each=True)
    strikes = Strikes(fault)
    assert tuple(one for one in EVERY if strikes.on(one, 1) == fault) == struck
    # what is always there is there for the others, too
    assert strikes.on(TALK, 1) == Fault("cut", closes_each=True) == strikes.standing


@pytest.mark.parametrize(
    ("on", "numbers"),
    [(faults.REUSED, [2, 3]), (faults.FRESH, [1]), (faults.ANY, [1, 2, 3])],
)
def test_which_connections_are_reset(on: str, numbers: list[int]) -> None:
    for fault in (
        Fault("reset", resets_at=faults.MIDDLE, resets_on=on),
        Fault("stalls", stalls=1, resets_on=on),
    ):
        strikes = Strikes(fault)
        assert [n for n in (1, 2, 3) if strikes.on(ONE, n) == fault] == numbers


def test_each_object_is_struck_so_many_times() -> None:
    fault = Fault("reset", resets_at=1, resets_on=faults.REUSED, times=2)
    strikes = Strikes(fault)
    # what it does not fit is not counted
    told = [strikes.on(one, number) == fault for one, number in [(ONE, 1), (ONE, 2), (TWO, 2)] * 3]
    assert told == [False, True, True, False, True, True, False, False, False]


def test_chance_is_the_same_each_time_and_no_object_is_struck_for_ever() -> None:
    calls = [call("PUT", f"/lfs/objects/{number}") for number in range(40)] * 12
    rows = []
    for _time in range(2):
        strikes = Strikes(Random(5, chance=0.7))
        assert strikes.at_head == Random(5).standing
        rows.append([strikes.on(one, 1) for one in calls])
    assert rows[0] == rows[1]
    other = Strikes(Random(6, chance=0.7))
    assert [other.on(one, 1) for one in calls] != rows[0]
    of_each = [[one.name for one in rows[0][n::40]] for n in range(40)]
    calm = Random(5).standing.name
    assert all(calm in row[at : at + 4] for row in of_each for at in range(9))
    assert any(calm not in row[:3] for row in of_each)
    assert len({name for row in of_each for name in row}) == 8


def test_chance_does_not_depend_on_who_comes_first() -> None:
    names = [f"/lfs/objects/{number}" for number in range(50)] * 3

    def drawn(jobs: int) -> list[str]:
        strikes = Strikes(Random(7, chance=0.5))
        with ThreadPoolExecutor(jobs) as pool:
            asked = [(name, call("PUT", name)) for name in names]
            return sorted(
                f"{name} {fault.name}"
                for name, fault in pool.map(lambda one: (one[0], strikes.on(one[1], 1)), asked)
            )

    assert drawn(1) == drawn(8)


def test_without_a_chance_nothing_is_struck() -> None:
    strikes = Strikes(Random(1, chance=0))
    assert {strikes.on(one, 1) for one in EVERY} == {strikes.standing}
