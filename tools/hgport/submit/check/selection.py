"""Which files a release's own tests have its tools look at."""

from __future__ import annotations

import re
import shlex

_EXCLUDED = re.compile(r"-X\s+['\"]?([\w./-]+?)/?['\"]?(?=\s|$|`)")
_WITHOUT = re.compile(r"-\s+\"?([\w./-]+?)/\*\*\"?")
_COMMAND = re.compile(r"(?:testrepohg|\$HG|\bhg)\s+(locate|files)\s+(.*?)(?:2>|\||`)", re.S)
_SHEBANG = re.compile(rb"#!.*?python")


def excluded(test: str) -> frozenset[str]:
    """The paths, of files or directories, that a test leaves out."""
    return frozenset([*_EXCLUDED.findall(test), *_WITHOUT.findall(test)])


def is_left_out(path: str, paths: frozenset[str]) -> bool:
    """Whether one of the paths is this one, or a directory above it."""
    return any(path == one or path.startswith(one + "/") for one in paths)


def is_python(path: str, content: bytes) -> bool:
    """Whether a file is Python, by its name or its first line."""
    return path.endswith(".py") or bool(_SHEBANG.match(content))


def command(text: str) -> list[str] | None:
    """The ``hg`` command and its arguments by which a test, or a script of one, lists the files
    that a tool is to look at; None if there is none."""
    joined = re.sub(r"\\\n\s*(?:>\s)?", " ", text)
    found = _COMMAND.search(joined)
    if found is None:
        return None
    try:
        return [found[1], *shlex.split(found[2])]
    except ValueError:
        return None
