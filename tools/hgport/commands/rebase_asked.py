"""What a person asks of ``hgport rebase``."""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from pathlib import Path

from hgport.model import project
from hgport.model.catalogue import Catalogue
from hgport.model.ranges import select
from hgport.model.release import Release
from hgport.model.stack import Stack
from hgport.output import say


@dataclass(frozen=True)
class Asked:
    """What the command line says: a range, the series file, and the options by their names."""

    releases: str | None = None
    series: Path | None = None
    base: str | None = None
    into: Path | None = None
    again: bool = False
    uses_memory: bool = True
    explain: bool = False
    as_json: bool = False

    def load(self) -> tuple[Stack, Catalogue]:
        """The stack and its catalogue."""
        return project.load(self.series)

    def with_series(self, text: str) -> str:
        """A text in which the commands name the series, where it is not the project's own."""
        if self.series is None:
            return text
        word = f"hgport rebase --series {shlex.quote(str(self.series))}"
        return text.replace("hgport rebase", word)

    def named(self) -> list[Release] | None:
        """The releases of the range, None if there is none."""
        return None if self.releases is None else select(self.load()[1], self.releases)


def say_json(document: object) -> None:
    """Print a document as JSON."""
    import json

    say(json.dumps(document, indent=2))
