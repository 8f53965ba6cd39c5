"""What a person asks of ``hgport rebase``."""

from __future__ import annotations

import re
import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from hgport.model import project
from hgport.model.catalogue import Catalogue
from hgport.model.ranges import select
from hgport.model.release import Release
from hgport.model.stack import Stack
from hgport.output import say

# a command that works on a stack, and does not say on which
_COMMAND = re.compile(r"hgport (?:rebase|refresh|status)\b(?! --(?:series|with)\b)")


@dataclass(frozen=True)
class Asked:
    """What the command line says: a range, the series file, the stacks on top of it, and the
    options by their names."""

    releases: str | None = None
    series: Path | None = None
    base: str | None = None
    into: Path | None = None
    again: bool = False
    uses_memory: bool = True
    explain: bool = False
    as_json: bool = False
    over: tuple[str, ...] = ()

    def load(self) -> tuple[Stack, Catalogue]:
        """The stack and its catalogue."""
        return project.load(self.series, self.over)

    def with_stacks(self, text: str) -> str:
        """A text in which the commands name the stacks as the person did."""
        return with_stacks(text, self.series, self.over)

    def named(self) -> list[Release] | None:
        """The releases of the range, None if there is none."""
        return None if self.releases is None else select(self.load()[1], self.releases)


def with_stacks(text: str, series: Path | None, over: Sequence[str]) -> str:
    """A text in which hgport's commands have these options, where they do not name stacks yet."""
    words = [] if series is None else [f"--series {shlex.quote(str(series))}"]
    words += [f"--with {shlex.quote(one)}" for one in over]
    return _COMMAND.sub(lambda found: " ".join([found[0], *words]), text)


def say_json(document: object) -> None:
    """Print a document as JSON."""
    import json

    say(json.dumps(document, indent=2))
