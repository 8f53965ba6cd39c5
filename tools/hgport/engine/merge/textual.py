"""Cut what is no Python: lines, and in Mercurial's test transcripts commands with their input."""

from __future__ import annotations

from hgport.engine.merge.units import Cut, Unit

_COMMAND, _MORE = b"  $ ", b"  > "


def cut(path: str, data: bytes) -> Cut:
    """The units of a text; ``path`` tells whether it is a transcript (``.t``)."""
    lines = data.splitlines(keepends=True) if b"\r" not in data else _lines(data)
    return Cut(tuple(_transcript(lines) if path.endswith(".t") else _plain(lines)), b"")


def _lines(data: bytes) -> list[bytes]:
    """Lines that end with a newline only: a lone carriage return is content."""
    lines = [line + b"\n" for line in data.split(b"\n")]
    last = lines.pop()[:-1]
    return lines + [last] if last else lines


def _plain(lines: list[bytes]) -> list[Unit]:
    return [Unit("line", 0, line, b"", line, number) for number, line in enumerate(lines, 1)]


def _transcript(lines: list[bytes]) -> list[Unit]:
    units: list[Unit] = []
    run: list[bytes] = []
    for number, line in enumerate([*lines, b""], 1):
        if run and not line.startswith(_MORE):
            text = b"".join(run)
            units.append(Unit("command", 1, text, b"", text, number - len(run)))
            run = []
        if line.startswith(_COMMAND) or (run and line.startswith(_MORE)):
            run.append(line)
        elif line:
            kind = "output" if line.startswith(b"  ") else "line"
            units.append(Unit(kind, int(kind == "output"), line, b"", line, number))
    return units
