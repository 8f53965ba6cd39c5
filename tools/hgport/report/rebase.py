"""What was carried, as text and as plain data: a table, and hunk by hunk who settled it and why."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from hgport.engine.carried import Carried, CarriedSeries, Fate, FileFate, What
from hgport.engine.merge.result import Hunk
from hgport.model.patch import short_name
from hgport.model.release import Release
from hgport.output import counted
from hgport.report.matrix import laid_out

if TYPE_CHECKING:
    from hgport.engine.origins import Origin
    from hgport.engine.resolutions import Use

_WORDS = {
    Fate.EXACT: "exact",
    Fate.LINES: "lines",
    Fate.FORMAT: "format",
    Fate.RESOLVED: "resolved",
    Fate.CONFLICT: "conflict",
    Fate.UPSTREAMED: "upstream",
    Fate.REPEATED: "repeated",
    Fate.EMPTY: "empty",
    Fate.DROPPED: "left out",
    Fate.NOT_TRIED: "untried",
}
# of a release that needs no port, and of a patch that a series does not have
_SERVED = "served"
_NONE = "-"


def beginning(origin: Origin, target: Release) -> str:
    """The line that is printed before a series is carried."""
    names = ", ".join(origin.port.series.names) or "no patch"
    return f"{target.version}: from {origin.why}: {names}"


def table(made: Sequence[CarriedSeries], width: int, served: Iterable[Release] = ()) -> str:
    """What was carried, for a terminal of ``width`` characters: a row a patch, a column a release.

    ``served`` are the releases that need nothing, which have columns as well.
    """
    names = _names(made)
    columns: dict[tuple[int, int, int], tuple[Release, tuple[str, ...]]] = {}
    for release in served:
        columns[release.key] = release, tuple(_SERVED for _name in names)
    for one in made:
        fates = {carried.patch.name: _WORDS[carried.fate] for carried in one.patches}
        columns[one.target.key] = one.target, tuple(fates.get(name, _NONE) for name in names)
    every = [columns[key] for key in sorted(columns)]
    lines = [release.line for release, _words in every]
    by_line = len(set(lines)) == len(lines)
    headed = [(r.line if by_line else r.version, words) for r, words in every]
    return laid_out([short_name(name) for name in names], headed, width)


def notes(made: Sequence[CarriedSeries]) -> list[str]:
    """What the table does not tell: where the conflicts are, who absorbed a patch, what else there
    is to be said of it."""
    found: dict[tuple[str, str], list[str]] = {}
    for one in made:
        for carried in one.patches:
            for text in _remarks(carried):
                found.setdefault((carried.patch.name, text), []).append(one.target.version)
    return [
        f"{short_name(name)} on {', '.join(versions)}: {text}"
        for (name, text), versions in found.items()
    ]


def summary(made: Sequence[CarriedSeries]) -> str:
    """The one line at the end."""
    releases = counted(len(made), "release", "releases")
    what = f"{counted(len(_names(made)), 'patch', 'patches')} onto {releases}"
    counts = Counter(carried.fate for one in made for carried in one.patches)
    told = [
        counted(counts[Fate.CONFLICT], "conflict", "conflicts"),
        f"{counts[Fate.NOT_TRIED]} not tried",
    ]
    wrong = [text for text in told if not text.startswith("0 ")]
    return f"{what}: {', '.join(wrong) if wrong else 'no conflict'}"


def _names(made: Iterable[CarriedSeries]) -> list[str]:
    return list(dict.fromkeys(carried.patch.name for one in made for carried in one.patches))


def _remarks(carried: Carried) -> list[str]:
    remarks = [f"conflict in {place}" for place in places(carried)]
    if carried.fate is Fate.UPSTREAMED:
        remarks.append(_upstream(carried))
    remarks += carried.notes
    return remarks + [f"{f.path}: {note}" for f in carried.files for note in f.notes]


def _upstream(carried: Carried) -> str:
    if carried.since is not None:
        return f"upstream since {carried.since.since}"
    return "the release has all of it, though the catalogue does not say so"


# conflicts


def places(carried: Carried) -> list[str]:
    """Where the conflicts of a patch are: "PATH line 12", or the path and why."""
    found = []
    for file in carried.files:
        if not file.in_conflict:
            continue
        lines = conflict_lines(file)
        if lines and file.what is What.MERGED:
            found.append(f"{file.path} line {', '.join(map(str, lines))}")
        else:
            found.append(f"{file.path}: {file.why}")
    return found


def conflict_lines(file: FileFate) -> list[int]:
    """Where in the content of a file each conflict starts, counted from 1; none if it has none."""
    if not file.in_conflict or file.content is None:
        return []
    from hgport.engine.records import is_block, units  # which would delay every table

    found = []
    line = 1
    for unit in units(file.content):
        if is_block(unit):
            found.append(line)
        line += unit.count(b"\n")
    return found


# hunk by hunk


def explain(made: CarriedSeries) -> list[str]:
    """For each patch, each file and each hunk: which step settled it, and why; what was remembered
    and used, with its text; and where the conflicts are."""
    told = [f"{made.target.version}, from {made.origin.why}"]
    for carried in made.patches:
        told.append(f"{short_name(carried.patch.name)}: {carried.fate.value}")
        if carried.fate is Fate.UPSTREAMED:
            told.append(f"  {_upstream(carried)}")
        told += [f"  {note}" for note in carried.notes]
        told += _used(carried.used, "  ")
        for file in carried.files:
            told += [f"  {text}" for text in _of_file(file)]
    return told


def _of_file(file: FileFate) -> list[str]:
    name = file.path
    if file.base_path != file.path:
        name = f"{file.path} (in the origin {file.base_path})"
    told = [f"{name}: {_outcome(file)}"]
    merge = file.merge
    if merge is not None and file.what is What.MERGED:
        told += [f"  {text}" for text in hunks(merge.hunks)]
    told += [f"  {note}" for note in file.notes]
    return told + _used(file.used, "  ")


def hunks(settled: Iterable[Hunk]) -> list[str]:
    """A line for each hunk; neighbours that were settled alike share one."""
    told = []
    for (step, why), group in itertools.groupby(settled, lambda hunk: (hunk.step, hunk.why)):
        alike = list(group)
        first, last = alike[0], alike[-1]
        which = f"hunk {first.number}, line {first.line}"
        if first is not last:
            which = f"hunks {first.number} to {last.number}, lines {first.line} to {last.line}"
        told.append(f"{which}: {step.value}" + (f"; {why}" if why else ""))
    return told


def _outcome(file: FileFate) -> str:
    what = file.what.value
    if file.in_conflict:
        lines = conflict_lines(file)
        where = f" at line {', '.join(map(str, lines))}" if lines else ""
        what = f"{what}, in conflict{where}" if file.what is not What.MERGED else f"conflict{where}"
    return f"{what}; {file.why}" if file.why else what


def _used(uses: Iterable[Use], indent: str) -> list[str]:
    told = []
    for use in uses:
        note = f", {use.note}" if use.note else ""
        told.append(f"{indent}remembered in {use.record}: {use.kind.value}{note}")
        told += [f"{indent}  -{line}" for line in _lines(use.before)]
        told += [f"{indent}  +{line}" for line in _lines(use.after)]
    return told


def _lines(text: bytes | None) -> list[str]:
    return [line.decode("utf-8", "replace") for line in (text or b"").splitlines()]


# plain data


def to_plain(made: CarriedSeries) -> dict[str, Any]:
    """The same as data for ``--json``."""
    return {
        "version": made.target.version,
        "line": made.target.line,
        "origin": {
            "port": made.origin.port.line,
            "release": made.base.version,
            "why": made.origin.why,
        },
        "ok": made.conflict is None,
        "patches": [_plain_patch(carried) for carried in made.patches],
    }


def _plain_patch(carried: Carried) -> dict[str, Any]:
    since = carried.since
    absorbed = {"release": since.release, "changeset": since.changeset} if since else None
    return {
        "patch": carried.patch.name,
        "fate": carried.fate.value,
        "absorbed_by": absorbed,
        "files": [_plain_file(file) for file in carried.files],
        "remembered": [_plain_use(use) for use in carried.used],
        "notes": list(carried.notes),
    }


def _plain_file(file: FileFate) -> dict[str, Any]:
    merge = file.merge
    hunks = [
        {"number": hunk.number, "line": hunk.line, "step": hunk.step.value, "why": hunk.why}
        for hunk in (merge.hunks if merge is not None else ())
    ]
    return {
        "path": file.path,
        "base_path": file.base_path,
        "what": file.what.value,
        "why": file.why,
        "in_conflict": file.in_conflict,
        "conflict_lines": conflict_lines(file),
        "hunks": hunks,
        "remembered": [_plain_use(use) for use in file.used],
        "notes": list(file.notes),
    }


def _plain_use(use: Use) -> dict[str, Any]:
    return {
        "record": str(use.record),
        "kind": use.kind.value,
        "before": None if use.before is None else use.before.decode("utf-8", "replace"),
        "after": None if use.after is None else use.after.decode("utf-8", "replace"),
        "note": use.note,
    }
