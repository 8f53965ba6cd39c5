"""Where the files of a stack are: its series, its ports, and what only looks like one."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from hgport.model.patch import Patch
from hgport.model.project import Place
from hgport.model.release import is_version, line_key
from hgport.model.series import Series
from hgport.model.stack import Port, Stack
from hgport.submit.check.finding import Finding

_LINE = re.compile(r"\d+\.\d+$")
# what begins as a release's version does, and is more than a line
RELEASE = re.compile(r"(\d+\.\d+)\D")


@dataclass
class PortFiles:
    """A series directory while it is read: ``label`` is what findings call its series, ``broken``
    says that something in it cannot be used."""

    line: str | None
    series: Path
    directory: Path
    label: str
    patches: list[Patch] = field(default_factory=list)
    data: bytes = b""
    broken: bool = False

    def as_read(self) -> Series:
        """The series of those patches that could be read."""
        return Series(self.series, self.directory, self.data, tuple(self.patches))


@dataclass
class StackFiles:
    """A stack while it is read: the top-level series, and the ports."""

    place: Place
    top: PortFiles
    ports: list[PortFiles]

    @property
    def all(self) -> list[PortFiles]:
        """The top-level series and the ports."""
        return [self.top, *self.ports]

    def names(self) -> list[str]:
        """The names of all patches that could be read, each once."""
        return list(dict.fromkeys(patch.name for port in self.all for patch in port.patches))

    def as_read(self, under: Stack | None) -> Stack:
        """The stack of those patches, on another one."""
        base = ".".join(self.place.base.split(".")[:2]) if self.place.base else None
        ports = tuple(Port(port.line, port.as_read()) for port in self.ports)
        return Stack(self.top.as_read(), ports, base, under)


def relative(path: Path, root: Path) -> str:
    """What findings call a file: its path from ``root`` on, or the whole of it if it is not
    there."""
    try:
        return path.relative_to(root).as_posix()
    except ValueError:
        return str(path)


def ports_in(directory: Path, root: Path) -> list[PortFiles]:
    """The ports that are in a directory, of the oldest line first; not yet read."""
    named = (p for p in directory.iterdir() if _LINE.match(p.name) and is_version(p.name))
    found = sorted((p for p in named if (p / "series").is_file()), key=lambda p: line_key(p.name))
    return [PortFiles(p.name, p / "series", p, relative(p / "series", root)) for p in found]


def no_ports(stack: StackFiles, root: Path) -> Iterator[Finding]:
    """Directories that look like ports, and are none; beside the first series of a project there
    may be further stacks, and any others beside a series that is none of a project's."""
    strict = stack.place.base is not None and not is_projects(stack)
    for path in sorted(stack.top.directory.iterdir()):
        if not path.is_dir():
            continue
        if not _LINE.match(path.name):
            if (path / "series").is_file() and (strict or RELEASE.match(path.name)):
                yield _misnamed(path, root)
            continue
        where = relative(path / "series", root)
        if not (path / "series").is_file():
            yield Finding(None, where, None, None, "series", "the port has no series file")
        elif not is_version(path.name):
            yield Finding(None, where, None, None, "series", f"{path.name} is no line of releases")


def _misnamed(path: Path, root: Path) -> Finding:
    why = f"{path.name} is no line of releases, so the series serves none"
    line = RELEASE.match(path.name)
    if line:
        why += f"; ports are named by line: {line[1]}"
    return Finding(None, relative(path / "series", root), None, None, "series", why)


def is_projects(stack: StackFiles) -> bool:
    """Whether it is the first stack of a project."""
    return stack.place.base is not None and (stack.top.directory / "releases.toml").is_file()
