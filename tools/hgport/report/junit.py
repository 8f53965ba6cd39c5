"""Results in JUnit's XML, which the services that run builds show by themselves."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree

from hgport.errors import UsageError
from hgport.files import write_whole

# what no XML document may hold, not even escaped
_FORBIDDEN = re.compile("[^\t\n\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


@dataclass(frozen=True)
class Case:
    """One result: ``classname`` groups, ``name`` tells apart within the group, ``seconds`` is how
    long it took.  ``failure`` says what is wrong, ``skipped`` why it was not run; None is neither.
    """

    classname: str
    name: str
    seconds: float
    failure: str | None = None
    skipped: str | None = None


def check(path: Path) -> None:
    """Raise UsageError if no file can be written at ``path``, before there is anything to write."""
    parent = path.absolute().parent
    if path.is_dir():
        raise UsageError(f"cannot write {path}: it is a directory", "name a file in it")
    if not parent.is_dir():
        raise UsageError(f"cannot write {path}: there is no directory {parent}")
    if path.exists() and not path.is_file():
        # it would be replaced, and /dev/null is of use to others
        raise UsageError(f"cannot write {path}: it is no ordinary file")
    try:
        # there are directories that let root do everything but this
        tempfile.TemporaryFile(dir=parent).close()
    except OSError as err:
        raise UsageError(f"cannot write {path}: {err.strerror}") from err


def write(path: Path, suite: str, cases: Sequence[Case]) -> None:
    """Write the results as one suite of that name; the file appears whole.

    Any text will do: what XML forbids becomes U+FFFD.  Raises OutsideError if the disk refuses.
    """
    about = {
        "name": _allowed(suite),
        "tests": str(len(cases)),
        "failures": str(sum(case.failure is not None for case in cases)),
        "errors": "0",
        "skipped": str(sum(case.skipped is not None for case in cases)),
        "time": _seconds(sum(case.seconds for case in cases)),
    }
    top = ElementTree.Element("testsuites")
    element = ElementTree.SubElement(top, "testsuite", about)
    for case in cases:
        _add(element, case)
    ElementTree.indent(top)
    write_whole(path, ElementTree.tostring(top, encoding="utf-8", xml_declaration=True) + b"\n")


def _add(suite: ElementTree.Element, case: Case) -> None:
    about = {
        "classname": _allowed(case.classname),
        "name": _allowed(case.name),
        "time": _seconds(case.seconds),
    }
    element = ElementTree.SubElement(suite, "testcase", about)
    for tag, text in (("failure", case.failure), ("skipped", case.skipped)):
        if text is not None:
            told = _allowed(text)
            first = told.partition("\n")[0]
            ElementTree.SubElement(element, tag, {"message": first}).text = told


def _seconds(count: float) -> str:
    return f"{count:.3f}"


def _allowed(text: str) -> str:
    # a reader of XML takes every end of line for \n
    return _FORBIDDEN.sub("\ufffd", text.replace("\r\n", "\n").replace("\r", "\n"))
