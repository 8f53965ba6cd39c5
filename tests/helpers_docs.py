"""What a document tells a person to type, typed; and what it says comes of it, compared.

A command is a line ``$ ...`` in an indented or fenced block; it goes on after a backslash.  What
follows it in its block is what it prints, where the document shows that: a line that is ``…``
stands for any lines, and a ``…`` in a line for anything.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from hgport import process

ANY = "…"


@dataclass(frozen=True)
class Command:
    """A command of a document: the shell text, what it is shown to print (nothing: it is not
    said), and the number of its line."""

    text: str
    shown: tuple[str, ...]
    line: int


@dataclass(frozen=True)
class Outcome:
    """What came of a command: its exit code, and the lines that it printed, errors included."""

    code: int
    printed: tuple[str, ...]


def commands(document: str) -> list[Command]:
    """The commands of a document, in order."""
    return [command for block in _blocks(document) for command in _of_block(block)]


def _blocks(document: str) -> Iterator[list[tuple[int, str]]]:
    """The lines of each block, numbered from 1, without what marks them as such."""
    block: list[tuple[int, str]] = []
    fenced = False
    for number, line in enumerate([*document.splitlines(), "end"], 1):
        if line.startswith("```"):
            fenced = not fenced
        elif fenced or line.startswith("    ") or (block and not line.strip()):
            block.append((number, line if fenced else line[4:]))
            continue
        yield block
        block = []


def _of_block(block: Sequence[tuple[int, str]]) -> Iterator[Command]:
    begun: list[tuple[int, list[str]]] = []
    for number, line in block:
        if line.startswith("$ "):
            begun.append((number, [line[2:]]))
        elif begun:
            begun[-1][1].append(line.rstrip())
    for number, lines in begun:
        typed = 1 + sum(1 for _ in itertools.takewhile(lambda line: line.endswith("\\"), lines))
        shown = "\n".join(lines[typed:]).strip("\n")
        yield Command("\n".join(lines[:typed]), tuple(shown.split("\n")) if shown else (), number)


def run(
    found: Sequence[Command], cwd: Path, env: Mapping[str, str], room: Path, timeout: float = 280
) -> list[Outcome]:
    """Type the commands into one shell, in order; ``room`` is an empty directory for notes."""
    script = "".join(
        f"{{\n{one.text}\n}} > '{room}/{number}.out' 2>&1 < /dev/null\n"
        f"echo $? > '{room}/{number}.code'\n"
        for number, one in enumerate(found)
    )
    process.run(["bash", "-c", script], cwd=cwd, env=env, timeout=timeout)
    return [
        Outcome(
            int((room / f"{number}.code").read_text()),
            tuple(line.rstrip() for line in (room / f"{number}.out").read_text().splitlines()),
        )
        for number in range(len(found))
    ]


def is_as_shown(shown: Sequence[str], printed: Sequence[str]) -> bool:
    """Whether what was printed is what a document shows; it is where it shows nothing."""
    if not shown:
        return True
    pattern = "".join(_line_pattern(line) for line in shown)
    return re.fullmatch(pattern, "".join(f"{line}\n" for line in printed)) is not None


def _line_pattern(line: str) -> str:
    if line.strip() == ANY:
        return "(?:[^\n]*\n)*?"
    return "[^\n]*?".join(re.escape(part) for part in line.split(ANY)) + "\n"


def assert_as_shown(command: Command, outcome: Outcome, code: int = 0) -> None:
    """See that a command ended with this code, and printed what the document shows."""
    printed = "\n".join(outcome.printed)
    said = f"line {command.line}: {command.text}\nended with {outcome.code}, printed:\n{printed}\n"
    assert outcome.code == code, said
    shown = "\n".join(command.shown)
    assert is_as_shown(command.shown, outcome.printed), f"{said}but the document shows:\n{shown}\n"
