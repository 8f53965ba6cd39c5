"""How unfinished and finished rebases read on a terminal, and as JSON."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from hgport.engine.carried import CarriedSeries, FileFate
from hgport.engine.learn import Regenerated
from hgport.engine.resolutions import Use
from hgport.engine.session import Report, Standing
from hgport.model.stack import Port
from hgport.output import counted
from hgport.report.rebase import conflict_lines

_LONGEST = 12  # lines of a remembered text that are shown


def uses(carried: CarriedSeries) -> list[str]:
    """What was remembered and is in the result."""
    version = carried.target.version
    return [line for one in carried.patches for use in one.uses for line in _use(version, use)]


def _use(version: str, use: Use) -> list[str]:
    note = f", {use.note}" if use.note else ""
    told = f"{version}: {use.patch}: {use.path}: {use.kind.value} as in {shown(use.record)}{note}:"
    return [told, *_marked("-", use.before), *_marked("+", use.after)]


def _marked(mark: str, text: bytes | None) -> list[str]:
    if text is None:
        return []
    lines = text.decode("utf-8", "replace").splitlines()
    more = [f"  ... {len(lines) - _LONGEST} lines more"] if len(lines) > _LONGEST + 1 else []
    return [f"  {mark}{line}" for line in lines[: _LONGEST if more else None]] + more


def shown(path: Path) -> str:
    """A path as a person would write it: from where they are, if it is below."""
    relative = os.path.relpath(path)
    return str(path) if relative.startswith("..") else relative


def standing(report: Report) -> list[str]:
    """The lines about one rebase."""
    head = f"{report.release.version}: {report.standing.value}"
    if report.standing is Standing.CONFLICT:
        return [*_conflict(report), *(f"  {told}" for told in report.told)]
    if report.place is not None:
        head += f": {shown(report.place)}"
    if report.patch:
        head += f": {report.patch}"
    told = [*report.told, *map(record, report.records)]
    return [head, *(f"  {one}" for one in told)]


def record(path: Path) -> str:
    """The words about a file of what is remembered that was written or removed."""
    return f"{'remembered' if path.exists() else 'forgotten'}: {shown(path)}"


def _conflict(report: Report) -> list[str]:
    assert report.place is not None
    version = report.release.version
    return [
        f"{version}: conflict in {report.patch}",
        *(f"  {path}{where}: {why}" for path, where, why in _places(report)),
        f"  It waits in {shown(report.place)}, with the patches before it committed.",
        "  Edit the files there, then: hg resolve -m FILE, and hgport rebase --continue "
        f"{version}",
        f"  Or: hgport rebase --skip {version} (the port goes without the patch), "
        f"hgport rebase --abort {version}",
    ]


def _places(report: Report) -> list[tuple[str, str, str]]:
    """Each file in conflict, the lines at which conflicts start, and why the first is one."""
    found = []
    for file in _in_conflict(report):
        lines = conflict_lines(file)
        where = f", line {', '.join(map(str, lines))}" if lines else ""
        conflicts = file.merge.conflicts if file.merge else ()
        whys = [*(conflict.why for conflict in conflicts), file.why]
        found.append((file.path, where, next(filter(None, whys), "both changed it")))
    return found


def _in_conflict(report: Report) -> list[FileFate]:
    stopped = report.carried.conflict if report.carried else None
    return [file for file in stopped.files if file.in_conflict] if stopped else []


def summary(reports: Sequence[Report]) -> str:
    """One line that counts."""
    counts: dict[str, int] = {}
    for one in reports:
        counts[one.standing.value] = counts.get(one.standing.value, 0) + 1
    return ", ".join(f"{count} {word}" for word, count in counts.items())


def plain(report: Report) -> dict[str, Any]:
    """One rebase as JSON can hold it."""
    return {
        "version": report.release.version,
        "line": report.release.line,
        "standing": report.standing.value,
        "place": None if report.place is None else str(report.place),
        "patch": report.patch or None,
        "conflicts": [
            {"path": file.path, "lines": conflict_lines(file)} for file in _in_conflict(report)
        ],
        "told": list(report.told),
        "records": [str(path) for path in report.records],
    }


# the check of all ports


def name_of(port: Port) -> str:
    """What a port directory is called: its path from the project's patches on, if it is there."""
    directory = port.series.directory
    parts = directory.parts
    if "patches" not in parts:
        return shown(directory)
    return "/".join(parts[len(parts) - 1 - parts[::-1].index("patches") :])


def checked(port: Regenerated, *, with_diff: bool) -> list[str]:
    """The lines about a port that was regenerated."""
    name = name_of(port.port)
    if port.is_same:
        count = len(port.port.series.patches)
        return [
            f"{name}: {counted(count, 'patch', 'patches')}, as made from {port.carried.origin.why}"
        ]
    lines = [f"{name}: series: the same patches in another order"] if port.reordered else []
    for one in port.differences:
        lines.append(f"{name}/{one.patch}: {_difference(one.found, one.made, port.carried)}")
        lines += _diff(one.made, one.found) if with_diff else []
    return lines


def _difference(found: bytes | None, made: bytes | None, carried: CarriedSeries) -> str:
    if found is None:
        return "is lacking, though it is made"
    if made is not None:
        return "differs from what is made"
    stopped = carried.conflict
    if stopped is not None:
        return f"is not made, as {stopped.patch.name} is in conflict"
    return "is not made"


def _diff(made: bytes | None, found: bytes | None) -> list[str]:
    import difflib

    old, new = ((text or b"").decode("utf-8", "replace").splitlines() for text in (made, found))
    lines = difflib.unified_diff(old, new, "made", "found", lineterm="")
    return [f"  {line}" for line in lines]


def plain_check(port: Regenerated) -> dict[str, Any]:
    """A port that was regenerated, as JSON can hold it."""
    return {
        "line": port.port.line,
        "ok": port.is_same,
        "reordered": port.reordered,
        "differences": [one.patch for one in port.differences],
    }
