"""The part of ``hgport check`` that needs nothing but the files of a stack.

Everything is read here once more and one by one, so that what is wrong with one file does not hide
what is wrong with the others.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from hgport.errors import UsageError
from hgport.model.patch import Patch
from hgport.model.release import Release, is_version, line_key
from hgport.model.series import Entry, Series, entries
from hgport.model.stack import Port, Stack
from hgport.submit.check import diffs, headings
from hgport.submit.check.finding import Checked, Finding, Note

_LINE = re.compile(r"\d+\.\d+$")
_RELEASE = re.compile(r"(\d+\.\d+)\D")
_AT_LINE = re.compile(r"(?:.*?: )?line (\d+): (.*)", re.S)
_ENDINGS = (".patch", ".diff")


@dataclass(frozen=True)
class Looked:
    """What the files say: the findings, the stack of all patches that can be read (None if there is
    none), and the lines (None: the top-level series) of those ports in which something cannot."""

    checked: Checked
    stack: Stack | None
    broken: frozenset[str | None]


@dataclass
class _Port:
    """A series directory while it is read."""

    line: str | None
    series: Path
    directory: Path
    label: str
    patches: list[Patch] = field(default_factory=list)
    data: bytes = b""
    broken: bool = False


def look(series: Path, base: str | None, *, own_names: bool) -> Looked:
    """Check the stack of a series file, with all its ports.

    ``base`` is as in Stack.load; ``own_names`` says that patches are named after their subjects.
    Raises UsageError if there is no such series file or it cannot be read.
    """
    if not series.is_file():
        raise UsageError(f"no series file {series}")
    beside = series.parent / "patches"
    directory = beside if beside.is_dir() else series.parent
    checked = Checked()
    ports = [_Port(None, series, directory, series.name)]
    ports += _ports(directory, series.parent)
    for port in ports:
        _look_at(port, series.parent, checked, own_names)
    checked.findings += _no_ports(directory, series.parent, own_names)
    top, *others = (Series(p.series, p.directory, p.data, tuple(p.patches)) for p in ports)
    stack = None
    if any(port.patches for port in ports):
        made = tuple(Port(p.line, s) for p, s in zip(ports[1:], others))
        stack = Stack(top, made, ".".join(base.split(".")[:2]) if base else None)
    return Looked(checked, stack, frozenset(p.line for p in ports if p.broken))


def label(series: Series, name: str, root: Path) -> str:
    """What findings call a patch of a series: its path relative to ``root``."""
    return _relative(series.directory / name, root)


def _relative(path: Path, root: Path) -> str:
    try:
        return path.relative_to(root).as_posix()
    except ValueError:
        return str(path)


def _ports(directory: Path, root: Path) -> list[_Port]:
    named = (p for p in directory.iterdir() if _LINE.match(p.name) and is_version(p.name))
    found = sorted((p for p in named if (p / "series").is_file()), key=lambda p: line_key(p.name))
    return [_Port(p.name, p / "series", p, _relative(p / "series", root)) for p in found]


def _no_ports(directory: Path, root: Path, own: bool) -> Iterator[Finding]:
    """Directories that look like ports, and are none; beside a series that is not the project's
    ``own`` there may be any others."""
    for path in sorted(directory.iterdir()):
        if not path.is_dir():
            continue
        if not _LINE.match(path.name):
            if (path / "series").is_file() and (own or _RELEASE.match(path.name)):
                yield _misnamed(path, root)
            continue
        where = _relative(path / "series", root)
        if not (path / "series").is_file():
            yield Finding(None, where, None, None, "series", "the port has no series file")
        elif not is_version(path.name):
            yield Finding(None, where, None, None, "series", f"{path.name} is no line of releases")


def _misnamed(path: Path, root: Path) -> Finding:
    why = f"{path.name} is no line of releases, so the series serves none"
    line = _RELEASE.match(path.name)
    if line:
        why += f"; ports are named by line: {line[1]}"
    return Finding(None, _relative(path / "series", root), None, None, "series", why)


def _look_at(port: _Port, root: Path, checked: Checked, own_names: bool) -> None:
    def found(rule: str, path: str, line: int | None, why: str) -> None:
        checked.findings.append(Finding(None, path, None, line, rule, why))

    port.data = _bytes(port.series)
    checked.counts["series"] += 1
    for line, why in _tidy(port.data):
        found("series", port.label, line, why)
    listed, problems = _entries(port.data)
    for line, why in problems:
        port.broken = True
        found("series", port.label, line, why)
    if not listed and port.line is None:
        found("series", port.label, None, "it lists no patch")
    for name in _unlisted(port, listed):
        found("series", _relative(port.directory / name, root), None, "the series does not list it")
    for entry in listed:
        where = _relative(port.directory / entry.name, root)
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


def _tidy(data: bytes) -> Iterator[tuple[int, str]]:
    lines = data.split(b"\n")
    if data.startswith(b"\xef\xbb\xbf"):
        yield 1, "it begins with a byte order mark"
    for number, line in enumerate(lines, 1):
        if line.endswith(b"\r"):
            yield number, "the line ends with a carriage return"
        elif line != line.rstrip():
            yield number, "the line ends with white space"
        elif line != line.lstrip():
            yield number, "the line begins with white space"
    if data and not data.endswith(b"\n"):
        yield len(lines), "the last line has no end"
    elif data.endswith(b"\n\n"):
        yield len(lines) - 1, "it ends with an empty line"


def _entries(data: bytes) -> tuple[list[Entry], list[tuple[int, str]]]:
    """The patches that are listed, each once, and what is wrong with lines."""
    listed: dict[str, Entry] = {}
    problems = []
    for number, line in enumerate(data.split(b"\n"), 1):
        text = line if number == 1 else line.replace(b"\xef\xbb\xbf", b"")
        try:
            found = entries(text, "")
        except UsageError as err:
            problems.append((number, _AT_LINE.sub(r"\2", err.message)))
            continue
        for entry in found:
            first = listed.setdefault(entry.name, Entry(entry.name, number))
            if first.number != number:
                problems.append((number, f"{entry.name} is already listed in line {first.number}"))
    return list(listed.values()), problems


def _unlisted(port: _Port, listed: Sequence[Entry]) -> list[str]:
    names = {entry.name for entry in listed}
    there = (p for p in port.directory.iterdir() if p.name.endswith(_ENDINGS) and p.is_file())
    return sorted(p.name for p in there if p.name not in names)


def _patch(port: _Port, entry: Entry, where: str, checked: Checked) -> Patch | None:
    path = port.directory / entry.name
    checked.counts["patch"] += 1
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
        told = _AT_LINE.fullmatch(text)
        line, why = (int(told[1]), told[2]) if told else (None, text.partition(": ")[2] or text)
        finding = Finding(None, where, None, line, "patch", why)
    except FileNotFoundError:
        series = _relative(port.series, port.series.parent) if port.line is None else port.label
        why = f"there is no patch {entry.name}"
        finding = Finding(None, series, None, entry.number, "patch", why)
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
        port = looked.stack.for_line(release.line) if looked.stack else None
        if port is None or port.line in looked.broken:
            notes.append(Note("the port cannot be read whole", release.version))
        else:
            sound.append(release)
    return sound, notes
