"""What ``hgport check`` prints."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from hgport.model.stack import Stack
from hgport.output import counted
from hgport.report import stacks
from hgport.submit.check.finding import OF_RELEASES, UNITS, Checked, Finding, in_order


def text(checked: Checked) -> list[str]:
    """The findings, what was looked at, what was not, and the verdict; lines."""
    lines = [f"{_where(one)}{_what(one, releases)}" for one, releases in _grouped(checked.findings)]
    lines += _looked(checked)
    lines += _not_looked(checked)
    return [*lines, verdict(checked)]


def _grouped(findings: Iterable[Finding]) -> list[tuple[Finding, list[str]]]:
    """Each finding that several releases share, once, with their versions."""
    found: dict[tuple[Any, ...], tuple[Finding, list[str]]] = {}
    for one in in_order(findings):
        key = (one.patch, one.file, one.line, one.rule, one.message)
        releases = found.setdefault(key, (one, []))[1]
        if one.release is not None:
            releases.append(one.release)
    return list(found.values())


def _where(one: Finding) -> str:
    parts = [one.patch, one.file, None if one.line is None else str(one.line)]
    return "".join(f"{part}:" for part in parts if part is not None)


def _what(one: Finding, releases: Sequence[str]) -> str:
    space = " " if _where(one) else ""
    return f"{space}[{one.rule}] {one.message}" + (f" ({_some(releases)})" if releases else "")


def _some(releases: Sequence[str]) -> str:
    if len(releases) <= 3:
        return ", ".join(releases)
    return f"{releases[0]} … {releases[-1]}, {len(releases)} releases"


def _looked(checked: Checked) -> list[str]:
    said = []
    for rule, (one, more) in UNITS.items():
        if rule in checked.counts:
            tool = f" {checked.tools[rule]}" if rule in checked.tools else ""
            said.append(f"{rule}{tool}: {counted(checked.counts[rule], one, more)}")
    return [f"looked at {', '.join(said)}"] if said else []


def _not_looked(checked: Checked) -> list[str]:
    by_text: dict[tuple[bool, str], list[str]] = {}
    for note in checked.notes:
        releases = by_text.setdefault((note.lacks, note.text), [])
        if note.release not in releases:
            releases.append(note.release)
    lines = []
    for (lacks, what), releases in sorted(by_text.items()):
        why = "not looked at, for want of it" if lacks else "not looked at"
        lines.append(f"{why}: {what} ({_some(releases)})")
    return lines


def verdict(checked: Checked) -> str:
    """The last line."""
    if checked.findings:
        return f"{counted(len(_grouped(checked.findings)), 'finding', 'findings')}"
    if checked.exit_code == 3:
        return "no finding, but this machine cannot look at everything"
    if checked.needed == OF_RELEASES and not checked.looked:
        return "no finding in the files, and on the releases nothing was looked at"
    return "no finding" if checked.looked else "nothing was looked at"


def to_plain(checked: Checked, stack: Stack | None) -> dict[str, Any]:
    """All of it as ``hgport check --json`` prints it; ``stack`` is None if no patch is there."""
    return {
        **({"stacks": [], "patches": []} if stack is None else stacks.plain(stack)),
        "findings": [one.to_plain() for one in in_order(checked.findings)],
        "looked_at": {rule: checked.counts[rule] for rule in UNITS if rule in checked.counts},
        "tools": dict(sorted(checked.tools.items())),
        "not_looked_at": [
            {"what": note.text, "release": note.release, "machine_lacks_it": note.lacks}
            for note in checked.notes
        ],
        "ok": checked.exit_code == 0,
    }
