"""Options that several verbs have, worded once."""

from __future__ import annotations

from pathlib import Path

import click

from hgport.commands import completion

json_output = click.option("--json", "as_json", is_flag=True, help="Print everything as JSON.")

series = click.option(
    "--series",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Use another stack: a quilt series file, or a directory with one.",
)

over = click.option(
    "--with",
    "over",
    multiple=True,
    metavar="STACK",
    help="Put another stack on top: its name in patches/, or as for --series.",
    shell_complete=completion.stacks,
)

fuzz = click.option(
    "--fuzz",
    type=click.IntRange(0, 9),
    default=0,
    metavar="LINES",
    help="Lines of context that a hunk may lose (none).",
)
