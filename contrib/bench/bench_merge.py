#!/usr/bin/env python3
"""Merge changes of Mercurial's own whose result is known, with hgport and with its peers.

Run it with the Python that hgport is installed in:

    .venv/bin/python contrib/bench/bench_merge.py [--limit N] [--seed N] [--show-wrong]

``corpus.py`` says where the cases come from and how their truths are known, ``merge_judge.py`` when
a merge is right, ``merge_peers.py`` who the peers are.  All are given the same cases in the same
run.  A wrong merge is one that was called done and is not the truth.  Seconds are those of one
case, by the clock; those of hgport leave out the start of a process, which most peers need
for each case, and so do those of merge3.

Ends with 1 if hgport makes a wrong merge.
"""

from __future__ import annotations

import argparse
import ast
import shutil
import sys
import tempfile
import time
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import corpus
import merge_judge
import merge_peers
from corpus import Case
from merge_peers import Made, Peer

from hgport.engine.merge.dialect import Dialect
from hgport.engine.merge.merge import Compiles, merge_file
from hgport.engine.merge.result import Merge, Sides
from hgport.errors import HgportError
from hgport.model import project

OURS = "hgport"
RIGHT, WRONG, CONFLICT = "right", "wrong", "conflict"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--limit", type=int, default=400, help="about how many cases (400)")
    parser.add_argument("--seed", type=int, default=1, help="which ones (1)")
    parser.add_argument("--cases", type=Path, help="read them from where corpus.py wrote them")
    parser.add_argument("--only-ours", action="store_true", help="leave the peers out")
    parser.add_argument("--show-wrong", action="store_true", help="print each wrong merge of ours")
    parser.add_argument("--show-conflicts", action="store_true", help="print why each was left")
    told = parser.parse_args()
    if told.cases:
        cases = corpus.read(told.cases)
    else:
        cases = corpus.make(project.load()[1], told.limit, told.seed)
    runs: dict[str, Peer] = {OURS: ours}
    runs.update({} if told.only_ours else merge_peers.peers())
    made = {name: _run(peer, cases) for name, peer in runs.items()}
    verdicts = {name: judged(cases, results) for name, results in made.items()}
    _print(cases, made, verdicts)
    _print_canon(cases, made[OURS], verdicts[OURS])
    if told.show_wrong:
        _show_wrong(cases, made[OURS], verdicts[OURS])
    if told.show_conflicts:
        _show_conflicts(cases, verdicts[OURS])
    return 1 if WRONG in verdicts[OURS] else 0


def merged(case: Case) -> Merge:
    """What hgport makes of a case."""
    sides = Sides(case.path, case.base, case.patched, case.target)
    origin = Dialect.of(case.origin_style)
    return merge_file(sides, Dialect.of(case.style), _compiles(case), origin=origin)


def _compiles(case: Case) -> Compiles | None:
    """Ask this Python, of what it took before the merge."""

    def problem(_path: str, content: bytes) -> str:
        try:
            ast.parse(content)
        except (SyntaxError, ValueError) as err:
            return str(err)
        return ""

    return None if problem(case.path, case.target) else problem


def ours(cases: Sequence[Case], _room: Path) -> list[Made]:
    """As a peer."""
    made = []
    for case in cases:
        start = time.perf_counter()
        merge = merged(case)
        seconds = time.perf_counter() - start
        made.append(Made(None if merge.conflicts else merge.content, seconds))
    return made


def _run(peer: Peer, cases: Sequence[Case]) -> list[Made]:
    room = Path(tempfile.mkdtemp(prefix="hgport-bench-"))
    try:
        return peer(cases, room)
    finally:
        shutil.rmtree(room)


def judged(cases: Sequence[Case], made: Sequence[Made]) -> list[str]:
    """RIGHT, WRONG or CONFLICT for each case."""
    return [_verdict(case, one) for case, one in zip(cases, made)]


def _verdict(case: Case, made: Made) -> str:
    if made.content is None:
        return CONFLICT
    return RIGHT if merge_judge.is_right(case, made.content) else WRONG


# the table


def _print(
    cases: Sequence[Case],
    made: Mapping[str, Sequence[Made]],
    verdicts: Mapping[str, Sequence[str]],
) -> None:
    groups = sorted({_group(case) for case in cases})
    sizes = {group: sum(_group(case) == group for case in cases) for group in groups}
    sizes["all"] = len(cases)
    pairs = len({(case.origin, case.release) for case in cases})
    print(f"{len(cases)} cases of {pairs} pairs of releases; right/wrong/conflict\n")
    columns = [f"{group} ({count})" for group, count in sizes.items()]
    print(
        f"{'':34}" + "".join(f"{text:>18}" for text in columns) + f"{'s a case':>11}{'to ours':>9}"
    )
    ours = _mean(one.seconds for one in made[OURS])
    for name, given in verdicts.items():
        seconds = _mean(one.seconds for one in made[name])
        counts = [_counts(cases, given, group) for group in sizes]
        texts = "".join(f"{text:>18}" for text in counts)
        print(f"{name:34}{texts}{seconds:11.4f}{seconds / ours:8.2f}x")


def _group(case: Case) -> str:
    return f"{case.kind} {case.suffix}"


def _mean(values: Iterable[float]) -> float:
    every = list(values)
    return sum(every) / len(every)


def _counts(cases: Sequence[Case], verdicts: Sequence[str], group: str) -> str:
    of = [one for case, one in zip(cases, verdicts) if group in (_group(case), "all")]
    return "/".join(str(of.count(verdict)) for verdict in (RIGHT, WRONG, CONFLICT))


def _print_canon(cases: Sequence[Case], made: Sequence[Made], verdicts: Sequence[str]) -> None:
    """Where hgport's own reading of what is style alone tells right merges from the truth."""
    apart = [
        case.name
        for case, one, verdict in zip(cases, made, verdicts)
        if verdict == RIGHT
        and one.content is not None
        and not merge_judge.canon_agrees(case, one.content)
    ]
    if apart:
        print(f"\n{len(apart)} right merges that hgport itself would tell from the truth:")
        print("\n".join(f"  {name}" for name in apart))


def _show_wrong(cases: Sequence[Case], made: Sequence[Made], verdicts: Sequence[str]) -> None:
    for case, one, verdict in zip(cases, made, verdicts):
        if verdict == WRONG and one.content is not None:
            print(f"\nwrong: {case.name}\n{merge_judge.difference(case, one.content)}")


def _show_conflicts(cases: Sequence[Case], verdicts: Sequence[str]) -> None:
    for case, verdict in zip(cases, verdicts):
        if verdict == CONFLICT:
            print(f"\nconflict: {case.name}")
            for one in merged(case).conflicts:
                print(f"  line {one.line}: {one.why}")


if __name__ == "__main__":
    try:
        sys.exit(main())
    except HgportError as err:
        print(f"bench_merge: {err}" + (f" ({err.hint})" if err.hint else ""), file=sys.stderr)
        sys.exit(err.exit_code)
