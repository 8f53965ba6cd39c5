"""A stack: a series and its ports, and which of them serves which line of releases.

A port is a directory beside the patches, named like a line (``4.9``), with a series of its own.  It
serves its line and every later one, up to the next port.  The top-level series counts as the port
of the base's line.  Lines older than every port get the oldest.

A stack can lie on another one: then its patches are applied after the other's.  The stacks that lie
on each other are the layers, each with a series and ports of its own.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from hgport.errors import UsageError
from hgport.model.patch import Patch
from hgport.model.release import line_key
from hgport.model.series import Series

_LINE = re.compile(r"\d+\.\d+$")


@dataclass(frozen=True)
class Port:
    """A series and the line that it was written for; None is the top-level series."""

    line: str | None
    series: Series


@dataclass(frozen=True)
class Stack:
    """The top-level series and its ports (by line, oldest first).

    ``base`` is the line that the top-level series is written for; None says that nobody knows, and
    then the top-level series serves whatever is older than the oldest port directory.  ``under`` is
    the stack that this one lies on.  But for ``layers``, ``layer_of``, ``names``, ``named`` and
    ``patches_for``, everything here is about this stack alone.
    """

    top: Series
    ports: tuple[Port, ...]
    base: str | None
    under: Stack | None = None

    @classmethod
    def load(cls, series_path: Path, base: str | None, under: Stack | None = None) -> Stack:
        """Read a series file and the port directories beside its patches.

        ``base`` is a line or a release ("5.2" or "5.2.2").  Raises UsageError for whatever
        Series.load does, for a top-level series without patches (a port may have none, where
        upstream has them all), and for a patch that a stack below has too.
        """
        top = Series.load(series_path)
        if not top.patches:
            raise UsageError(f"{series_path} lists no patch")
        lines = sorted(_port_lines(top.directory), key=line_key)
        ports = tuple(Port(n, Series.load(top.directory / n / "series")) for n in lines)
        stack = cls(top, ports, ".".join(base.split(".")[:2]) if base else None, under)
        twice = set(stack.own_names) & set(under.names if under else ())
        if twice:
            raise UsageError(f"{series_path} has {min(twice)}, and so has a stack below it")
        return stack

    @cached_property
    def layers(self) -> tuple[Stack, ...]:
        """This stack and those below it, the lowest first."""
        return (*(self.under.layers if self.under else ()), self)

    def layer_of(self, name: str) -> Stack:
        """The layer that has the patch of that file name; one of the layers must."""
        return next(layer for layer in self.layers if name in layer.own_names)

    def patches_for(self, line: str) -> tuple[Patch, ...]:
        """All patches for the releases of ``line``, of the lowest layer first."""
        return tuple(p for layer in self.layers for p in layer.for_line(line).series.patches)

    def for_line(self, line: str) -> Port:
        """The port that serves the releases of ``line``."""
        wanted = line_key(line)
        serving = self._in_order[0][1]
        for key, port in self._in_order:
            if key <= wanted:
                serving = port
        return serving

    @cached_property
    def _in_order(self) -> list[tuple[tuple[int, int], Port]]:
        top_key = line_key(self.base) if self.base else (0, 0)
        keyed = [(line_key(port.line), port) for port in self.ports if port.line is not None]
        # a directory for the base's own line comes after the top-level series, and so wins
        return sorted([(top_key, Port(None, self.top))] + keyed, key=lambda pair: pair[0])

    @cached_property
    def names(self) -> tuple[str, ...]:
        """The names of all patches of all layers, of the lowest first."""
        return tuple(name for layer in self.layers for name in layer.own_names)

    @cached_property
    def own_names(self) -> tuple[str, ...]:
        """The names of this stack's patches: the top-level series' in order, then those only in
        ports."""
        every = [self.top] + [port.series for port in self.ports]
        return tuple(dict.fromkeys(name for series in every for name in series.names))

    def named(self, name: str) -> str:
        """The file name of a patch; ``name`` may lack its .patch, as in the tables.  Raises
        UsageError if no series has it."""
        for known in (name, f"{name}.patch"):
            if known in self.names:
                return known
        raise UsageError(f"no patch {name} in the series", f"it has {', '.join(self.names)}")


def _port_lines(directory: Path) -> list[str]:
    return [
        entry.name
        for entry in directory.iterdir()
        if _LINE.match(entry.name) and (entry / "series").is_file()
    ]
