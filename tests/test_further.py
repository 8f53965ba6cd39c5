"""The further stacks that the repository carries, by themselves and on top of the first."""

from __future__ import annotations

import pytest

from hgport.cli import run
from hgport.model import project
from hgport.places import project_dir

PATCHES = project_dir() / "patches"


@pytest.mark.parametrize("name", project.further(PATCHES))
@pytest.mark.parametrize("alone", [True, False])
def test_every_port_is_what_carrying_makes_of_its_neighbour(
    capsys: pytest.CaptureFixture[str], name: str, alone: bool
) -> None:
    """And reads the same on the releases by themselves as on top of the first stack."""
    words = ["--series", str(PATCHES / name)] if alone else ["--with", name]
    assert run(["rebase", "--check", *words]) == 0, capsys.readouterr().out
    told = capsys.readouterr().out.splitlines()[-1]
    ports = project.load(PATCHES / name)[0].ports
    assert ports and told.startswith(f"{len(ports)} ports with ")
