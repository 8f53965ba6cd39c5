"""A stack that was made to be put to the tests of Mercurial 5.2.2, and does all kinds of things."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from pathlib import Path

from helpers_proof import catalogue
from hgport.upstream.contents import Contents

VERSION = "5.2.2"
_COMMANDS = "mercurial/debugcommands.py"
_TOOL = "tests/seq.py"
_OWN = "tests/test-hgport-own.t"
_OWN_TEXT = b"  $ hg debugdate '7 0' | head -n 1\n  inside: 7 0\n"

# what a patch replaces in a file: the old text and the new one
MENDS = (b'b"internal: %d %d\\n"', b'b"inside: %d %d\\n"')
BREAKS = (b'b"%s renamed from %s:%s\\n"', b'b"%s was once %s:%s\\n"')
# quick tests, and what ``spoils`` does to them: it fails by chance before and always after, fails
# alike, fails otherwise
BY_CHANCE, ALWAYS, OTHERWISE = (
    "test-narrow-archive.t",
    "test-narrow-acl.t",
    "test-tools.t",
)


def breaks_once(marker: Path) -> tuple[bytes, bytes]:
    """What makes a command fail the first time that it is run on this machine."""
    old = b'    ui.writenoi18n(b"digraph G {\\n")\n'
    new = (
        f"    if not os.path.exists({str(marker)!r}):\n        open({str(marker)!r}, 'w').close()\n"
    )
    return old, new.encode() + b'        ui.write(b"not yet\\n")\n' + old


def spoils(chance: Path) -> tuple[bytes, bytes]:
    """What makes a program that tests use spoil those that are named here; they see by the release
    whether the other patches (MENDS) are there.  ``chance`` is where one remembers its first run.
    """
    old = b"start = 1\n"
    new = f"""\
here = os.path.dirname(os.path.abspath(__file__))
with open(os.path.join(here, '..', 'mercurial', 'debugcommands.py')) as file:
    after = 'inside: ' in file.read()
name = os.environ['TESTNAME']
if name == {BY_CHANCE!r} and (after or not os.path.exists({str(chance)!r})):
    if not after:
        open({str(chance)!r}, 'w').close()
    sys.stderr.write('by chance\\n')
elif name == {ALWAYS!r}:
    sys.stderr.write('process %d has failed\\n' % os.getpid())
elif name == {OTHERWISE!r}:
    sys.stderr.write('with it\\n' if after else 'without it\\n')
"""
    return old, new.encode() + old


def write_stack(
    place: Path,
    *patches: tuple[str, Iterable[tuple[bytes, bytes]]],
    remark: bytes = b"",
    tool: tuple[bytes, bytes] | None = None,
) -> Path:
    """A series of patches, each with a name and what it replaces; the one that is called
    ``own`` brings a test, which ends with a remark, the one that is called ``tool`` replaces
    something in a program that tests use."""
    place.mkdir(exist_ok=True)
    with Contents() as contents:
        found = contents.read(catalogue().release(VERSION), [_COMMANDS, _TOOL])
    data, program = found[_COMMANDS], found[_TOOL]
    assert data is not None and program is not None
    for name, replacements in patches:
        was = data
        for old, new in replacements:
            assert data.count(old) == 1
            data = data.replace(old, new)
        text = _diff(_COMMANDS, was, data)
        if name == "tool":
            assert tool is not None and program.count(tool[0]) == 1
            text += _diff(_TOOL, program, program.replace(*tool))
        if name == "own":
            text += _diff(_OWN, b"", _OWN_TEXT + remark)
        (place / f"{name}.patch").write_bytes(b"debug: try something\n\n" + text)
    series = place / "series"
    series.write_text("".join(f"{name}.patch\n" for name, _replacements in patches))
    return series


def _diff(path: str, old: bytes, new: bytes) -> bytes:
    if old == new:
        return b""
    head = f"diff --git a/{path} b/{path}\n" + ("" if old else "new file mode 100644\n")
    names = (f"a/{path}" if old else "/dev/null").encode(), f"b/{path}".encode()
    lines = difflib.diff_bytes(
        difflib.unified_diff, old.splitlines(True), new.splitlines(True), *names
    )
    return head.encode() + b"".join(lines)
