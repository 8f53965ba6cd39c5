"""The configuration that contrib offers to a person's own."""

from __future__ import annotations

import configparser
import sys
from pathlib import Path

import pytest

from helpers_engine import HEADER, file_diff, numbered, patch_bytes, repository
from hgport import process
from hgport.engine import hg

HGRC = Path(__file__).parents[2] / "contrib" / "hgrc"
BEFORE, AFTER = numbered(30), numbered(30, line12="new")
# a line that showfunc would name in the head of the hunk
NAMED = [text.replace(b"line 5", b"def f():") for text in (BEFORE, AFTER)]


@pytest.fixture
def persons(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """What lets hg run as a person's own, whose hgrc has what the comment in ours says."""
    told = [line[4:] for line in HGRC.read_text().splitlines() if line.startswith("#   ")]
    told[0] = f"%include {HGRC}"
    path = tmp_path / "hgrc"
    # the person has other ideas about diffs in general
    path.write_text("[diff]\nshowfunc = True\nunified = 9\n" + "\n".join(told) + "\n")
    monkeypatch.setenv("HGRCPATH", str(path))
    return {"HGRCPATH": str(path), "HGPLAIN": ""}


def test_mercurial_knows_every_setting() -> None:
    parser = configparser.ConfigParser()
    parser.read_string(HGRC.read_text())
    code = (
        "import sys\n"
        "from hgext import patchbomb\n"
        "from mercurial import configitems\n"
        "known = configitems.coreitems\n"
        "for name in sys.argv[1:]:\n"
        "    section, key = name.encode().split(b'.')\n"
        "    if key not in {**known.get(section, {}), **patchbomb.configtable.get(section, {})}:\n"
        "        print(name)\n"
    )
    names = [f"{section}.{key}" for section in parser.sections() for key in parser[section]]
    settings = [name for name in names if not name.startswith("extensions.")]
    assert len(settings) > 6
    assert process.run([sys.executable, "-c", code, *settings]).stdout == b""
    assert process.run([sys.executable, "-c", code, "diff.gti"]).stdout == b"diff.gti\n"


def test_it_exports_a_patch_as_it_is_written(tmp_path: Path, persons: dict[str, str]) -> None:
    clone = repository(tmp_path / "clone", {"f": NAMED[0]})
    patch = patch_bytes(file_diff("f", *NAMED), header=HEADER)
    (tmp_path / "one.patch").write_bytes(patch)
    hg.run("import", tmp_path / "one.patch", cwd=clone, extra=persons)
    exported = hg.run("export", "tip", cwd=clone, extra=persons).stdout
    assert exported.partition(b"\ndiff ")[2] == patch.partition(b"\ndiff ")[2]


def test_hg_email_and_hgport_take_it(tmp_path: Path, persons: dict[str, str]) -> None:
    clone = repository(tmp_path / "clone", {"f": BEFORE})
    (clone / "f").write_bytes(AFTER)
    hg.run("commit", "-m", "f: change it", cwd=clone, extra=persons)
    words = ("email", "--test", "--rev", "tip", "--cc", "", "--config", "ui.interactive=no")
    told = hg.run(*words, cwd=clone, extra=persons).stdout.decode()
    assert "From: Your Name <you@example.org>\nTo: mercurial-devel@mercurial-scm.org\n" in told
    found = hg.persons_config("smtp", "email", "ui")
    assert found["smtp.host"] == "mail.example.org"
    assert found["email.to"] == "mercurial-devel@mercurial-scm.org"
