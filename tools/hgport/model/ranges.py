"""Ranges: the words that say which releases a command works on.

==============  =====================================================================
``latest``      the newest release of each line
``affected``    the newest of each line that the catalogue calls affected
``all``         every release
``5.2``         the newest release of that line
``5.2.2``       that release (``5.2.0`` is the first of its line)
``5.2.*``       every release of that line
``4.9..5.3``    the newest of each line from 4.9 to 5.3
``4.9.1..5.2``  every release between, ends included, as one end is a full version
``..5.3``       from the oldest; ``6.2..`` up to the newest
``5.2,6.0..``   both
==============  =====================================================================
"""

from __future__ import annotations

from hgport.errors import UsageError
from hgport.model.catalogue import Catalogue, unknown
from hgport.model.release import Release, is_version, line_key, line_of

_WORDS = ("latest", "affected", "all")
_GRAMMAR = "a range is latest, affected, all, 5.2, 5.2.2, 5.2.* or 4.9..5.3; commas join several"


def select(catalogue: Catalogue, text: str) -> list[Release]:
    """The releases that ``text`` names, oldest first, each once.

    Raises UsageError, which offers near names, for what is no range or names no release.
    """
    found: dict[tuple[int, int, int], Release] = {}
    for part in text.split(","):
        for release in _part(catalogue, part.strip()):
            found[release.key] = release
    return [found[key] for key in sorted(found)]


def one(catalogue: Catalogue, text: str) -> Release:
    """The release that ``text`` names, as in a range: of a line it is the newest.

    Raises UsageError, which offers near names, for what names none, or several.
    """
    found = select(catalogue, text)
    if len(found) != 1:
        ends = f"{found[0].version} to {found[-1].version}"
        raise UsageError(f"{text!r} is {len(found)} releases, {ends}", "name one of them")
    return found[0]


def _part(catalogue: Catalogue, text: str) -> list[Release]:
    if not text:
        raise UsageError("a range is empty", _GRAMMAR)
    if text in _WORDS:
        return _word(catalogue, text)
    if ".." in text:
        return _between(catalogue, text)
    if text.endswith(".*"):
        return list(catalogue.of_line(text[:-2]))
    if _is_full(text):
        return [catalogue.release(text)]
    if text in catalogue.lines:
        return [catalogue.newest(text)]
    versions = [release.version for release in catalogue.releases]
    error = unknown("release or range", text, [*_WORDS, *catalogue.lines, *versions])
    near = is_version(text) or "mean" in str(error.hint)
    raise UsageError(error.message, error.hint if near else _GRAMMAR)


def _word(catalogue: Catalogue, word: str) -> list[Release]:
    if word == "all":
        return list(catalogue.releases)
    lines = catalogue.lines if word == "latest" else catalogue.affected_lines
    return [catalogue.newest(line) for line in lines]


def _between(catalogue: Catalogue, text: str) -> list[Release]:
    first, _dots, last = text.partition("..")
    for end in filter(None, (first, last)):
        _check_end(catalogue, end, text)
    if _is_full(first) or _is_full(last):
        found = _every_release(catalogue, first, last)
    else:
        low, high = line_key(first or "0.0"), line_key(last or "9999.9999")
        lines = [line for line in catalogue.lines if low <= line_key(line) <= high]
        found = [catalogue.newest(line) for line in lines]
    if not found:
        raise UsageError(f"no release lies in {text!r}", "the older end comes first")
    return found


def _every_release(catalogue: Catalogue, first: str, last: str) -> list[Release]:
    low = _end(catalogue, first, 0).key if first else (0, 0, 0)
    high = _end(catalogue, last, -1).key if last else catalogue.releases[-1].key
    return [release for release in catalogue.releases if low <= release.key <= high]


def _end(catalogue: Catalogue, end: str, index: int) -> Release:
    return catalogue.release(end) if _is_full(end) else catalogue.of_line(end)[index]


def _check_end(catalogue: Catalogue, end: str, text: str) -> None:
    if not is_version(end):
        raise UsageError(f"{end!r} in {text!r} is no line and no version", _GRAMMAR)
    if _is_full(end):
        catalogue.release(end)
    else:
        catalogue.of_line(end)


def _is_full(text: str) -> bool:
    return is_version(text) and line_of(text) != text
