"""Options that several verbs have, worded once."""

from __future__ import annotations

import os
from pathlib import Path

import click

from hgport.commands import completion


class NamedPath(click.Path):
    """A path that is not empty, as an empty one would be read as the current directory."""

    def convert(
        self,
        value: str | os.PathLike[str],
        param: click.Parameter | None,
        ctx: click.Context | None,
    ) -> str | bytes | os.PathLike[str]:
        if value == "":
            self.fail("its name is empty", param, ctx)
        return super().convert(value, param, ctx)


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
