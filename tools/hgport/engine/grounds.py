"""What else a stack may be put on: the releases by themselves, or with the project's series.

A port is written for one of these and serves all of them, so what is written is looked at on each.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from hgport.engine import naming
from hgport.engine.outcome import Outcome
from hgport.errors import OutsideError, UsageError
from hgport.model.catalogue import Catalogue
from hgport.model.release import Release, is_version
from hgport.model.stack import Stack
from hgport.output import counted

if TYPE_CHECKING:
    from hgport.upstream.sdist import ProgressOfMany

# of a patch that a release should have, but does not get
_LACKING = (Outcome.CONFLICT, Outcome.NOT_TRIED, Outcome.ABSENT)
_Bad = Mapping[str, "dict[Release, Outcome]"]


def others(stack: Stack) -> tuple[Stack, ...]:
    """The same stack on what else it may be put: without the stacks below it, if it lies on any;
    on its project's own series, if it is a further stack of that by itself."""
    if stack.under is not None:
        return (replace(stack, under=None),)
    place = stack.top.path.absolute().parent
    root = place.parent.parent
    is_further = (place.parent / "releases.toml").is_file() and not is_version(place.name)
    if stack.base is None or not is_further or not (root / "series").is_file():
        return ()
    try:
        under = Stack.load(root / "series", stack.base)
    except UsageError:
        return ()  # what is broken there is another command's business
    # what has a patch of the same name cannot lie below
    return () if set(under.names) & set(stack.own_names) else (replace(stack, under=under),)


def estranged(
    before: Stack, after: Stack, catalogue: Catalogue, progress: ProgressOfMany | None = None
) -> list[str]:
    """Whole sentences about what a stack, as it was written, does not do on its other grounds any
    more, with the command that shows it.

    ``before`` and ``after`` are one stack, loaded before and after.  Only releases that get
    something else now, and got the whole before, are looked at.
    """
    changed = [
        line
        for line in catalogue.lines
        if before.for_line(line).series.patches != after.for_line(line).series.patches
    ]
    if not changed:
        return []
    releases = [release for line in changed for release in catalogue.of_line(line)]
    told = []
    for old, new in zip(others(before), others(after)):
        try:
            was = _lacking(old, catalogue, releases, progress)
            now = _lacking(new, catalogue, releases, progress)
        except OutsideError as err:
            told.append(f"Whether it still applies {_on(new)} was not looked at: {err.message}.")
            continue
        lame = {release for bad in was.values() for release in bad}
        for name, bad in now.items():
            fresh = {
                release: how
                for release, how in bad.items()
                # of what is not tried, the one before it tells
                if release not in lame and how is not Outcome.NOT_TRIED
            }
            told += [_sentence(new, name, fresh)] if fresh else []
    return told


def _lacking(
    stack: Stack,
    catalogue: Catalogue,
    releases: list[Release],
    progress: ProgressOfMany | None,
) -> _Bad:
    """The releases, for each patch of a stack's own, which should get it and do not."""
    from hgport.engine.verdicts import verdicts  # which would delay every command

    found: dict[str, dict[Release, Outcome]] = {}
    for column in verdicts(stack, catalogue, releases, progress=progress).columns:
        for cell in column.cells:
            if cell is not None and cell.patch in stack.own_names and cell.outcome in _LACKING:
                found.setdefault(cell.patch, {})[column.release] = cell.outcome
    return found


def _sentence(stack: Stack, name: str, bad: Mapping[Release, Outcome]) -> str:
    first = max(bad, key=lambda release: release.key)
    more = counted(len(bad) - 1, "other release", "other releases")
    which = first.version + (f" and {more}" if len(bad) > 1 else "")
    absent = bad[first] is Outcome.ABSENT
    what = f"is missing on {which} now" if absent else f"no longer applies to {which}"
    options = naming.options(naming.files_of(stack))
    return f"{name} {what}, {_on(stack)}: hgport status {options} {first.line}"


def _on(stack: Stack) -> str:
    return "on top of the project's series" if stack.under else "without the stacks below"
