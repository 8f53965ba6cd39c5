"""Tools that look at one file at a time: what they say depends on the file's path and content
alone, so of each content it is asked once, whatever release and patch it comes of."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path, PurePosixPath
from typing import Any, Protocol

from hgport.errors import HgportError
from hgport.files import disk_errors
from hgport.submit.check.memory import Memory, digest, key_of
from hgport.submit.check.remark import Remark

# a path and what stands there
Content = tuple[str, bytes]


class FileTool(Protocol):
    """A tool that looks at files.

    ``rule`` is its name, ``identity`` plain data, the first of it the name of our module, that
    tells what it says from what another version of it would say.
    """

    rule: str

    @property
    def identity(self) -> Sequence[Any]:
        """As above."""

    def look(self, directory: Path, paths: Sequence[str]) -> list[Remark]:
        """What it says of files in a directory that holds no others.  Raises HgportError if the
        tool cannot be run or says what nobody understands."""


class Unheard(HgportError):
    """A tool broke, or said what cannot be read; the message says so in one line."""


def ask(tool: FileTool, contents: Iterable[Content]) -> dict[Content, list[Remark]]:
    """What the tool says of each content.  Raises Unheard, and OutsideError for the disk."""
    wanted = {
        one: key_of(tool.identity[0], tool.identity[1:], one[0], digest(one[1])) for one in contents
    }
    with Memory() as memory:
        known = memory.get(list(wanted.values()))
    found = {one: known[key] for one, key in wanted.items() if key in known}
    lacking = [one for one in wanted if one not in found]
    fresh: dict[str, Any] = {}
    while lacking:
        some = _together(lacking)
        for one, remarks in _look(tool, some).items():
            fresh[wanted[one]] = found[one] = [remark.to_plain() for remark in remarks]
        lacking = [one for one in lacking if one not in found]
    with Memory() as memory:
        memory.put(fresh)
    return {one: [Remark.from_plain(plain) for plain in found[one]] for one in wanted}


def _together(contents: Iterable[Content]) -> dict[str, bytes]:
    """Those that can lie in one directory: one content for a path, which is a file or a directory.
    The first is among them."""
    some: dict[str, bytes] = {}
    directories: set[str] = set()
    for path, data in contents:
        above = {str(parent) for parent in PurePosixPath(path).parents}
        if path not in some and path not in directories and not above & some.keys():
            some[path] = data
            directories |= above
    return some


def _look(tool: FileTool, files: Mapping[str, bytes]) -> dict[Content, list[Remark]]:
    with disk_errors("make a directory"), tempfile.TemporaryDirectory(prefix="hgport-") as name:
        place = Path(name)
        for path, data in files.items():
            (place / path).parent.mkdir(parents=True, exist_ok=True)
            (place / path).write_bytes(data)
        said = tool.look(place, sorted(files))
    found: dict[Content, list[Remark]] = {one: [] for one in files.items()}
    for remark in said:
        path = remark.path or ""
        if path not in files:
            raise Unheard(f"{tool.rule} speaks of {path!r}, which it was not given")
        found[path, files[path]].append(remark)
    return found
