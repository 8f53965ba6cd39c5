"""The part of ``hgport check`` that needs nothing but the files of stacks.

Everything is read here once more and one by one, so that what is wrong with one file does not hide
what is wrong with the others.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from hgport.errors import UsageError
from hgport.model.diff import shown
from hgport.model.patch import Patch
from hgport.model.project import Place, further
from hgport.model.release import Release
from hgport.model.series import Entry, Series, place_problem
from hgport.model.stack import Stack
from hgport.submit.check import diffs, headings, listing
from hgport.submit.check.finding import Checked, Finding, Note
from hgport.submit.check.layout import (
    RELEASE,
    PortFiles,
    StackFiles,
    is_projects,
    no_ports,
    ports_in,
    relative,
)

_ENDINGS = (".patch", ".diff")


@dataclass(frozen=True)
class Looked:
    """What the files say: the findings, the stack of all patches that can be read, on those below
    it (None if there is no patch), and the series files of the ports in which something cannot."""

    checked: Checked
    stack: Stack | None
    broken: frozenset[Path]


def look(places: Sequence[Place]) -> Looked:
    """Check stacks, each of which but the first lies on the one before it, with all their ports.

    Where a base is known, patches are named after their subjects.  If the first is the series of a
    project, all further stacks of that are looked at too, and yet are no part of the stack that
    comes out.  Raises UsageError if there is no such series file or it cannot be read.
    """
    root, checked = places[0].path.parent, Checked()
    stacks = [_look_at_stack(place, root, checked) for place in places]
    others = [_look_at_stack(place, root, checked) for place in _beside(stacks)]
    _tell_apart(stacks, checked)
    _tell_apart([*(one for one in stacks if one.place.base), *others], checked)
    made: Stack | None = None
    for one in stacks:
        made = one.as_read(made)
    ports = [port for one in stacks for port in one.all]
    broken = frozenset(port.series for port in ports if port.broken)
    return Looked(checked, made if any(port.patches for port in ports) else None, broken)


def label(series: Series, name: str, root: Path) -> str:
    """What findings call a patch of a series: its path relative to ``root``."""
    return relative(series.directory / name, root)


def _look_at_stack(place: Place, root: Path, checked: Checked) -> StackFiles:
    if not place.path.is_file():
        raise UsageError(f"no series file {place.path}")
    beside = place.path.parent / "patches"
    directory = beside if beside.is_dir() else place.path.parent
    top = PortFiles(None, place.path, directory, relative(place.path, root))
    stack = StackFiles(place, top, ports_in(directory, root))
    for port in stack.all:
        _look_at(port, root, checked, place.base is not None)
    checked.findings += no_ports(stack, root)
    return stack


def _beside(stacks: Sequence[StackFiles]) -> list[Place]:
    """The further stacks of the project whose series is the first of these, but for those."""
    lowest = stacks[0]
    if not is_projects(lowest):
        return []
    directory = lowest.top.directory
    known = {one.place.path.resolve() for one in stacks}
    names = (name for name in further(directory) if not RELEASE.match(name))
    found = (Place(directory / name / "series", lowest.place.base) for name in names)
    return [place for place in found if place.path.resolve() not in known]


def _tell_apart(stacks: Sequence[StackFiles], checked: Checked) -> None:
    """Note which of these have a patch of one before them, for then they do not go together."""
    seen: dict[str, str] = {}
    for one in stacks:
        twice = [name for name in one.names() if name in seen]
        for port in one.all if twice else ():
            port.broken = True
        for name in twice[:1]:
            why = f"it has {name}, and so has {seen[name]}; each stack has names of its own"
            finding = Finding(None, one.top.label, None, None, "series", why)
            checked.findings += [finding] if finding not in checked.findings else []
        seen.update({name: one.top.label for name in one.names() if name not in seen})


def _look_at(port: PortFiles, root: Path, checked: Checked, own_names: bool) -> None:
    def found(rule: str, path: str, line: int | None, why: str) -> None:
        checked.findings.append(Finding(None, path, None, line, rule, why))

    port.data = _bytes(port.series)
    checked.counts["series"] += 1
    for line, why in listing.tidy(port.data):
        found("series", port.label, line, why)
    listed, problems = listing.listed(port.data)
    for line, why in problems:
        port.broken = True
        found("series", port.label, line, why)
    if not listed and port.line is None:
        found("series", port.label, None, "it lists no patch")
    for name in _unlisted(port, listed):
        found("series", relative(port.directory / name, root), None, "the series does not list it")
    for entry in listed:
        where = relative(port.directory / entry.name, root)
        patch = _patch(port, entry, where, checked)
        if patch is None:
            port.broken = True
            continue
        port.patches.append(patch)
        for rule, number, why in _of_patch(patch, own_names):
            found(rule, where, number, why)
        checked.findings += diffs.problems(patch, where, checked.counts)
        checked.counts.update(("header", "description"))


def _bytes(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as err:
        raise UsageError(f"cannot read {path}: {err.strerror}") from None


def _unlisted(port: PortFiles, listed: Sequence[Entry]) -> list[str]:
    names = {entry.name for entry in listed}
    there = (p for p in port.directory.iterdir() if p.name.endswith(_ENDINGS) and p.is_file())
    return sorted(p.name for p in there if p.name not in names)


def _patch(port: PortFiles, entry: Entry, where: str, checked: Checked) -> Patch | None:
    path = port.directory / entry.name
    checked.counts["patch"] += 1
    problem = place_problem(port.directory, entry.name)
    if problem:
        checked.findings.append(
            Finding(None, port.label, None, entry.number, "patch", f"{shown(entry.name)} {problem}")
        )
        return None
    try:
        data = path.read_bytes()
        wrong = headings.bad_date(data)
        if wrong:
            # any other will do for the rest
            checked.findings.append(Finding(None, where, None, wrong[0], "header", wrong[1]))
            lines = data.split(b"\n")
            lines[wrong[0] - 1] = b"# Date 0 0"
            data = b"\n".join(lines)
        return Patch.parse(entry.name, data)
    except UsageError as err:
        text = err.message
        told = listing.AT_LINE.fullmatch(text)
        line, why = (int(told[1]), told[2]) if told else (None, text.partition(": ")[2] or text)
        finding = Finding(None, where, None, line, "patch", why)
    except FileNotFoundError:
        why = f"there is no patch {shown(entry.name)}"
        finding = Finding(None, port.label, None, entry.number, "patch", why)
    except OSError as err:
        finding = Finding(None, where, None, None, "patch", f"cannot be read: {err.strerror}")
    checked.findings.append(finding)
    return None


def _of_patch(patch: Patch, own_names: bool) -> Iterator[tuple[str, int | None, str]]:
    for line, why in headings.of_header(patch):
        yield "header", line, why
    wrong = headings.encoding_problem(patch)
    if wrong:
        yield "header", *wrong
    for line, why in headings.of_description(patch):
        yield "description", line, why
    if own_names and patch.subject:
        from hgport.engine.taking import slug

        wanted = f"{slug(patch.subject)}.patch"
        if wanted != ".patch" and patch.name != wanted:
            yield "patch", None, f"its subject makes its name {wanted}"


def split(looked: Looked, releases: Sequence[Release]) -> tuple[list[Release], list[Note]]:
    """The releases whose ports were read whole, and what is to be said of the others."""
    sound, notes = [], []
    for release in releases:
        layers = looked.stack.layers if looked.stack else ()
        ports = [layer.for_line(release.line) for layer in layers]
        if not ports or any(port.series.path in looked.broken for port in ports):
            notes.append(Note("the port cannot be read whole", release.version))
        else:
            sound.append(release)
    return sound, notes
