"""What a run of upstream's ``run-tests.py`` has to say, read from its own report."""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Mapping
from dataclasses import asdict, dataclass
from typing import Any

PASSED, FAILED, SKIPPED = "passed", "failed", "skipped"
# nothing is said of a test that should have been run
UNTOLD = "untold"
_OUTCOMES = {"success": PASSED, "failure": FAILED, "skip": SKIPPED}
# the report says neither why a test was skipped nor that one broke; both are printed
_PRINTED = re.compile(r"^(Skipped|Errored|Failed) (\S+(?: \(case [^)]*\))?): (.*)$", re.M)
# characters of a failure that are kept: two are compared to the last line
_MOST_TEXT = 200_000


@dataclass(frozen=True)
class Seen:
    """How one test came out: PASSED, FAILED, SKIPPED or UNTOLD, after how many seconds.

    ``text`` is what a failed test printed otherwise than it should, or why one was skipped.
    ``at_first`` is the text of a first run, beside others, that came out otherwise than this one,
    alone.  ``again`` is what a failed test printed when it was run once more, alone, and failed
    again; None if it was not.
    """

    outcome: str
    seconds: float
    text: str = ""
    at_first: str = ""
    again: str | None = None

    def to_json(self) -> dict[str, Any]:
        """As plain data."""
        return asdict(self)

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Seen:
        """The reverse.  Raises ValueError, TypeError or KeyError for what is none."""
        seen = cls(**data)
        if seen.outcome not in (*_OUTCOMES.values(), UNTOLD):
            raise ValueError(f"{seen.outcome!r} is no outcome")
        return seen


def read(report: str, printed: str, tests: Collection[str]) -> dict[str, Seen]:
    """The outcome of each test by its name, from ``report.json`` and what was printed.

    A test with several cases has as many names: ``test-x.t#case``, or ``test-x.t (case case)`` in
    old releases.  Of ``tests``, file names, one that nothing is said of is UNTOLD.
    Raises ValueError for what is no such report.
    """
    said = {name: (kind, text) for kind, name, text in _PRINTED.findall(printed)}
    start = report.partition("{")
    try:
        told = json.loads("".join(start[1:]))
        found = {name: _seen(one, said.get(name, ("", ""))[1]) for name, one in told.items()}
    except (KeyError, TypeError, AttributeError) as err:
        raise ValueError(f"no report of run-tests.py: {err!r}") from err
    for name, (kind, text) in said.items():
        if kind == "Errored":
            found[name] = Seen(FAILED, 0.0, text)
    heard_of = {file_of(name) for name in found}
    for name in tests:
        if name not in heard_of:
            found[name] = Seen(UNTOLD, 0.0, "run-tests.py says nothing of it")
    return found


def file_of(name: str) -> str:
    """The file of a test by its name, which may have a case."""
    return re.split("[# ]", name, maxsplit=1)[0]


def _seen(one: Mapping[str, str], said: str) -> Seen:
    outcome = _OUTCOMES[one["result"]]
    text = one.get("diff", "") if outcome == FAILED else ""
    return Seen(outcome, float(one.get("time", 0)), (text.strip("\n") or said)[:_MOST_TEXT])
