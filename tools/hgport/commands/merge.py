"""``hgport merge``: one file, three ways, by itself or as a merge tool of Mercurial's."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from hgport.commands import completion
from hgport.engine.merge.dialect import Dialect
from hgport.engine.merge.merge import merge_file
from hgport.engine.merge.result import TARGET_MARK, Merge, Sides
from hgport.errors import ConflictError, UsageError
from hgport.files import write_whole
from hgport.output import say
from hgport.report.rebase import hunks

if TYPE_CHECKING:
    from hgport.engine.merge.merge import Compiles

# without --line, that of Mercurial as it is today
_TODAY = "7.2"


@click.command("merge")
@click.argument("base", type=click.Path(path_type=Path))
@click.argument("patched", type=click.Path(path_type=Path))
@click.argument("target", type=click.Path(path_type=Path))
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path),
    metavar="OUT",
    help="Write the result here (standard output).",
)
@click.option(
    "--path",
    metavar="NAME",
    help="What the file is called, which says what is in it (OUT, TARGET).",
)
@click.option(
    "--line",
    metavar="LINE",
    shell_complete=completion.lines,
    help="The line of the target: 5.1. (The newest.)",
)
@click.option(
    "--from",
    "origin",
    metavar="LINE",
    shell_complete=completion.lines,
    help="The line of BASE. (The files tell.)",
)
@click.option("--explain", is_flag=True, help="Tell hunk by hunk which step settled it, and why.")
def command(
    base: Path,
    patched: Path,
    target: Path,
    output: Path | None,
    path: str | None,
    line: str | None,
    origin: str | None,
    explain: bool,
) -> int:
    """Merge one file: what was done from BASE to PATCHED is done to TARGET.

    TARGET may be written in another style: with or without b'' and r'', formatted by black or not.
    What is new is written as the releases of LINE are.  Exits with 4 if conflicts are left; the
    result then has markers around them.

    As a merge tool, in an hgrc:

    \b
        [merge-tools]
        hgport.executable = hgport
        hgport.args = merge $base $other $local -o $output
        hgport.premerge = False
        hgport.binary = True
        [ui]
        merge = hgport

    For a graft or a rebase onto an older line, add --line and --from to its args.
    """
    name = path if path is not None else str(output or target)
    return merge((base, patched, target), output, name, line, origin, explain=explain)


def merge(
    files: tuple[Path, Path, Path],
    output: Path | None = None,
    path: str | None = None,
    line: str | None = None,
    origin: str | None = None,
    *,
    explain: bool = False,
) -> int:
    """Merge base, patched and target into ``output`` (None: standard output) and return the exit
    code.

    ``path`` is what the file is called, ``line`` the target's, ``origin`` that of the base.
    Raises UsageError for what cannot be read or is no line, ConflictError, after all is written, if
    conflicts are left.
    """
    name = path or str(files[2])
    dialect = Dialect.of(line or _TODAY)
    sides = Sides(name, *(_read(file) for file in files))
    compiles = _compiler(line) if line else None
    known = Dialect.of(origin) if origin else None
    made = _whole(sides) or merge_file(sides, dialect, compiles, origin=known)
    told = [f"{name}: {text}" for text in (*made.notes, *(hunks(made.hunks) if explain else ()))]
    if output is None:
        sys.stdout.buffer.write(made.content)
        sys.stdout.buffer.flush()
        # the result alone goes where it may be read by a program
        sys.stderr.write("".join(f"{text}\n" for text in told))
    else:
        write_whole(output, made.content)
        say(*told)
    if made.conflicts:
        raise ConflictError(_conflicts(name, made), f"look for {TARGET_MARK.decode()}")
    return 0


def _read(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError as err:
        raise UsageError(f"cannot read {file}: {err.strerror}") from err


def _whole(sides: Sides) -> Merge | None:
    """The merge of a binary file, which is one of its sides; None for a text.

    Raises ConflictError, and then nothing is written, if it is none of them.
    """
    if not any(b"\0" in side for side in (sides.base, sides.patched, sides.target)):
        return None
    if sides.target in (sides.base, sides.patched):
        return Merge(sides.patched, ())
    if sides.base == sides.patched:
        return Merge(sides.target, ())
    raise ConflictError(
        f"{sides.path}: it is binary, and both changed it", "take one of the two, or make a third"
    )


def _compiler(line: str) -> Compiles | None:
    """What compiles for the newest release of a line, if there is such a release.

    It is looked for when it is first asked.
    """
    from hgport.model import project

    _stack, catalogue = project.load()
    if line not in catalogue.lines:
        return None
    release = catalogue.newest(line)

    def compiles(path: str, content: bytes) -> str:
        from hgport.proof.compilers import compiler

        found = compiler(release)
        return found(path, content) if found else ""

    return compiles


def _conflicts(name: str, made: Merge) -> str:
    lines = ", ".join(str(conflict.line) for conflict in made.conflicts)
    if len(made.conflicts) == 1:
        return f"{name}: 1 conflict, at line {lines}"
    return f"{name}: {len(made.conflicts)} conflicts, at lines {lines}"
