"""Which files may be executable, and which must be: as ``tests/test-check-execute.t`` of every
release has it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from hgport.model.patch import Patch

_ANY = re.compile(rb"#!")
_PYTHON = re.compile(rb"#!.*?python")
_SHELL = re.compile(rb"#!.*(ba)?sh")
# for a system that knows no such line
_EXCEPT = "contrib/openvms/"


def problem(path: str, content: bytes, executable: bool) -> str:
    """What is wrong with a file's being executable, or not; "" if nothing is."""
    if path.endswith(".py"):
        script = bool(_PYTHON.match(content))
        if script and not executable:
            return "a Python script that is not executable"
        if executable and not script:
            return "it is executable, but has no '#!' line for Python"
        return ""
    wanted = _SHELL if path.endswith(".sh") else _ANY
    if executable and not wanted.match(content) and not path.startswith(_EXCEPT):
        return "it is executable, but has no '#!' line"
    return ""


def executable(release: Iterable[str], patches: Sequence[Patch]) -> tuple[frozenset[str], ...]:
    """The executable files with no patch, with the first, and so on; ``release`` are those of the
    release's that are."""
    now = frozenset(release)
    found = [now]
    for patch in patches:
        was, after = now, set(now)
        for change in patch.files:
            source = change.old_path if change.kind in ("rename", "copy") else change.path
            asked = change.mode if change.mode is not None else "x" if source in was else ""
            if change.kind == "rename" and change.old_path is not None:
                after.discard(change.old_path)
            after.discard(change.path)
            if asked == "x" and change.kind != "delete":
                after.add(change.path)
        now = frozenset(after)
        found.append(now)
    return tuple(found)
