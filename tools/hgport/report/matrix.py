"""The verdicts as text: a table, notes beneath it, and one line that sums them up."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from hgport.engine.matrix import Cell, Column, Layer, Matrix
from hgport.engine.outcome import Outcome
from hgport.model.patch import short_name
from hgport.output import counted
from hgport.report.stacks import series_names

_WORDS = {
    Outcome.OFFSET: "offset",
    Outcome.FUZZ: "fuzz",
    Outcome.CONFLICT: "conflict",
    Outcome.NOT_TRIED: "untried",
    Outcome.NOT_AFFECTED: "n/a",
    Outcome.UPSTREAMED: "upstream",
    Outcome.REPEATED: "repeated",
    Outcome.ABSENT: "absent",
}
_GAP = "  "
# what is left of a patch's name at least, in characters
_SHORTEST_NAME = 24


def table(matrix: Matrix, width: int) -> str:
    """The matrix for a terminal of ``width`` characters: a row a patch, a column a release.

    Where that is too wide, neighbouring releases with the same words share a column, whose
    heading is their range, as the commands take it; then names are cut, then there is more than
    one table.  Where stacks lie on each other, the series file of each stands above its rows.
    """
    words = (_words(matrix.layers, column) for column in matrix.columns)
    columns = list(zip(headings(matrix.columns), words))
    rows = [short_name(name) for name in matrix.names]
    return laid_out(rows, columns, width, _above(matrix.layers))


def laid_out(
    rows: list[str],
    columns: list[tuple[str, tuple[str, ...]]],
    width: int,
    above: Mapping[int, str] | None = None,
) -> str:
    """A table of these rows for a terminal of ``width`` characters, folded as ``table`` says; a
    column is its heading and a word for each row.  ``above`` are the lines to stand above rows, by
    their place."""
    longest = max(map(len, rows), default=0)
    if _width(columns) + longest > width:
        columns = _merged(columns)
    room = max(_SHORTEST_NAME, width - _width(columns))
    rows = [_shortened(row, room) for row in rows]
    blocks = _blocks(columns, width - max(map(len, rows), default=0))
    return "\n\n".join(_block(rows, block, width, above or {}) for block in blocks)


def headings(columns: Sequence[Column]) -> list[str]:
    """What the columns are called: by line, or by version where a line comes twice."""
    lines = [column.release.line for column in columns]
    if len(set(lines)) == len(lines):
        return lines
    return [column.release.version for column in columns]


def notes(matrix: Matrix) -> list[str]:
    """What the table does not tell: who absorbed a patch, what is in conflict, what disagrees."""
    said: dict[tuple[str, str], list[int]] = {}
    for row, name in enumerate(matrix.names):
        for at, column in enumerate(matrix.columns):
            for text in _remarks(column.cells[row]):
                said.setdefault((name, text), []).append(at)
    versions = [column.release.version for column in matrix.columns]
    for name in matrix.nowhere:
        said[name, "none of these releases has any of its files"] = list(range(len(versions)))
    return [
        _note(short_name(name), text, _ranges(versions, at)) for (name, text), at in said.items()
    ]


def summary(matrix: Matrix) -> str:
    """The one line at the end."""
    what = f"{counted(len(matrix.names), 'patch', 'patches')} on "
    what += counted(len(matrix.columns), "release", "releases")
    wrong = _wrong(matrix)
    return f"{what}: " + (", ".join(wrong) if wrong else "all as it should be")


def _above(layers: Sequence[Layer]) -> dict[int, str]:
    """The names of stacks, by the rows that they stand above; of one alone it is plain."""
    if len(layers) < 2:
        return {}
    found: dict[int, str] = {}
    row = 0
    for layer, name in zip(layers, series_names([layer.series for layer in layers])):
        found[row] = name
        row += len(layer.names)
    return found


def _words(layers: Sequence[Layer], column: Column) -> tuple[str, ...]:
    ports = (port for layer, port in zip(layers, column.ports) for _name in layer.names)
    return tuple(map(word, column.cells, ports))


def word(cell: Cell | None, port: str | None) -> str:
    """The one word for a cell; ``port`` is one of Column.ports."""
    if cell is None:
        return "-"
    if cell.outcome is Outcome.CLEAN:
        return "ok" if port is None else "port"
    return _WORDS[cell.outcome]


def _merged(columns: list[tuple[str, tuple[str, ...]]]) -> list[tuple[str, tuple[str, ...]]]:
    groups: list[tuple[str, str, tuple[str, ...]]] = []
    for heading, words in columns:
        if groups and groups[-1][2] == words:
            groups[-1] = (groups[-1][0], heading, words)
        else:
            groups.append((heading, heading, words))
    return [(a if a == b else f"{a}..{b}", words) for a, b, words in groups]


def _column_width(column: tuple[str, tuple[str, ...]]) -> int:
    return len(_GAP) + max(map(len, (column[0], *column[1])))


def _width(columns: Iterable[tuple[str, tuple[str, ...]]]) -> int:
    return sum(map(_column_width, columns))


def _blocks(
    columns: list[tuple[str, tuple[str, ...]]], room: int
) -> list[list[tuple[str, tuple[str, ...]]]]:
    blocks: list[list[tuple[str, tuple[str, ...]]]] = [[]]
    for column in columns:
        if blocks[-1] and _width(blocks[-1]) + _column_width(column) > room:
            blocks.append([])
        blocks[-1].append(column)
    return blocks


def _block(
    rows: list[str],
    columns: list[tuple[str, tuple[str, ...]]],
    width: int,
    above: Mapping[int, str],
) -> str:
    side = max(map(len, rows), default=0)
    lines = [" " * side] + [row.ljust(side) for row in rows]
    for heading, words in columns:
        wide = _column_width((heading, words)) - len(_GAP)
        for at, text in enumerate((heading, *words)):
            lines[at] += _GAP + text.ljust(wide)
    for row in sorted(above, reverse=True):
        lines.insert(row + 1, _shortened(above[row], max(_SHORTEST_NAME, width)))
    return "\n".join(line.rstrip() for line in lines)


def _shortened(name: str, room: int) -> str:
    return name if len(name) <= room else name[: room - 1] + "…"


def _remarks(cell: Cell | None) -> list[str]:
    if cell is None:
        return []
    remarks = list(cell.problems)
    if cell.outcome is Outcome.CONFLICT:
        remarks.insert(0, f"conflict in {cell.message}")
    elif cell.outcome is Outcome.UPSTREAMED and cell.since:
        changeset = f" ({cell.changeset})" if cell.changeset else ""
        remarks.insert(0, f"upstream since {cell.since}{changeset}")
    elif cell.outcome in (Outcome.UPSTREAMED, Outcome.REPEATED) and not cell.problems:
        remarks.insert(0, cell.message)
    return remarks


def _note(name: str, text: str, where: str) -> str:
    if text.startswith("upstream since "):
        return f"{name}: {text}"
    return f"{name} on {where}: {text}"


def _ranges(versions: list[str], at: list[int]) -> str:
    """The versions at these places, as the commands take it: "4.5.3,5.0.2..5.2.2"."""
    runs: list[list[int]] = []
    for place in at:
        if runs and runs[-1][-1] == place - 1:
            runs[-1].append(place)
        else:
            runs.append([place])
    ends = ((versions[run[0]], versions[run[-1]]) for run in runs)
    return ",".join(first if first == last else f"{first}..{last}" for first, last in ends)


def _wrong(matrix: Matrix) -> list[str]:
    cells = [cell for column in matrix.columns for cell in column.cells if cell is not None]
    counts = Counter(cell.outcome for cell in cells)
    problems = sum(len(cell.problems) for cell in cells if cell.outcome is not Outcome.ABSENT)
    wrong = [
        counted(counts[Outcome.CONFLICT], "conflict", "conflicts"),
        counted(counts[Outcome.NOT_TRIED], "not tried", "not tried"),
        counted(counts[Outcome.ABSENT], "absent", "absent"),
        counted(problems, "disagreement", "disagreements"),
        counted(len(matrix.nowhere), "patch for none of them", "patches for none of them"),
    ]
    return [text for text in wrong if not text.startswith("0 ")]
