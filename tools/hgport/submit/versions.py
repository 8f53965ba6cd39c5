"""Versions of a series: what was sent is kept as text that can be reviewed.

``patches/sent/LINE/vN/`` beside the patches of the series holds the patches as they were mailed,
their ``series``, and ``sent.toml``.  What was mailed as one series with the stacks on top of it is
in ``patches/sent/with-NAME/LINE/vN/`` (the names joined by ``+``), in the same way::

    release = "7.2.4"         # that they were mailed for
    version = 1
    digest = "..."            # Composed.digest

    [[mailed]]                # once for each time
    date = 2026-11-22T20:00:00Z
    message-id = "<...>"      # of the first mail
    subject = "[PATCH 0 of 3] ..."
    from = "..."
    to = ["..."]
    cc = []
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hgport.engine.ports import written_by_one
from hgport.engine.rangediff import Status, compare
from hgport.errors import UsageError
from hgport.files import built_beside, write_whole
from hgport.model.diff import path_problem
from hgport.model.patch import Patch
from hgport.model.release import line_key
from hgport.model.series import Series
from hgport.model.stack import Stack
from hgport.submit import found
from hgport.submit.cover import others_of

if TYPE_CHECKING:
    from hgport.submit.compose import Composed

_TOLD = "sent.toml"
_WHICH = re.compile(r"(\d+\.\d+)/v([1-9]\d*)")


@dataclass(frozen=True)
class Sent:
    """A version that was sent: for which line and release, when first (UTC), with which patches."""

    line: str
    version: int
    release: str
    date: datetime
    directory: Path
    patches: tuple[Patch, ...]

    def __str__(self) -> str:
        return f"v{self.version} for {self.release}, sent on {self.date:%Y-%m-%d}"


def find(stack: Stack, line: str, version: int) -> Sent | None:
    """The version that was sent for a line, None if none was.  Raises UsageError for a directory
    that is not as it was written."""
    return _load(_directory_in(_place(stack), line, version), line, version)


def mailed(stack: Stack) -> set[str]:
    """The names of the patches that were mailed, for any line, in any version, from this stack
    alone and from it with others on top.  Raises as ``find``."""
    own = stack.top.directory / "sent"
    names: set[str] = set()
    for place in (own, *own.glob("with-*")):
        for line, version in _kept_in(place):
            sent = _load(_directory_in(place, line, version), line, version)
            names |= {patch.name for patch in sent.patches} if sent is not None else set()
    return names


def _load(directory: Path, line: str, version: int) -> Sent | None:
    if not directory.is_dir():
        return None
    found.refuse_links(directory)
    told = _read(directory / _TOLD)
    release, date = told["release"], told["mailed"][0]["date"]
    patches = Series.load(directory / "series", directory).patches
    return Sent(line, version, release, date, directory, patches)


def since(stack: Stack, line: str, version: int, which: str | None) -> Sent | None:
    """The version that a version's introduction shows the range-diff since.

    ``which`` is as in ``compose.Request``; None is returned for v1 and for "none".  Raises
    UsageError if it was not remembered.
    """
    if which == "none" or (which is None and version == 1):
        return None
    match = _WHICH.fullmatch(which) if which is not None else None
    if which is not None and match is None:
        raise UsageError(f"{which!r} is no version that was sent", "say none, or as 7.2/v1")
    wanted = (match[1], int(match[2])) if match else (line, version - 1)
    sent = find(stack, *wanted)
    if sent is None:
        known = ", ".join(_known(stack)) or "nothing is remembered"
        raise UsageError(
            f"v{wanted[1]} for {wanted[0]} is not remembered, so v{version} cannot be compared"
            " with it",
            f"say --since LINE/vN ({known}), or --since none",
        )
    return sent


def same(sent: Sent, patches: Sequence[Patch]) -> bool:
    """Whether patches are those that were sent; where their hunks are makes no difference."""
    return all(match.status is Status.SAME for match in compare(sent.patches, patches))


def remember(composed: Composed) -> Path:
    """Keep a series as it was sent: its patches, its series file and ``sent.toml``.

    The directory is returned.  To remember the same again changes ``sent.toml`` alone.  Raises
    UsageError, before anything is written, if other patches are remembered as that version, or if a
    patch has a name that is no file's in a directory; OutsideError if the disk refuses.
    """
    for name, _data in composed.patches:
        _refuse_name(name)
    stack, line = composed.stack, composed.release.line
    directory = _directory_in(_place(stack), line, composed.version)
    with written_by_one(stack.layers[0]):
        sent = find(stack, line, composed.version)
        if sent is None:
            names = "".join(f"{name}\n" for name, _data in composed.patches)
            with built_beside(directory) as beside:
                for name, data in composed.patches:
                    write_whole(beside / name, data)
                write_whole(beside / "series", names.encode("utf-8", "surrogateescape"))
                write_whole(beside / _TOLD, _toml(composed, []))
            return directory
        refuse_others(sent, [Patch.parse(name, data) for name, data in composed.patches])
        mailed = _read(directory / _TOLD)["mailed"]
        if all(one["message-id"] != composed.messages[0].message_id for one in mailed):
            write_whole(directory / _TOLD, _toml(composed, mailed))
    return directory


def refuse_others(sent: Sent, patches: Sequence[Patch]) -> None:
    """Raise UsageError if patches are others than those that were sent as the same version."""
    if not same(sent, patches):
        raise UsageError(
            f"other patches were sent as v{sent.version} for {sent.release}: {sent.directory}",
            f"mail these as --flag v{sent.version + 1}",
        )


def _directory_in(place: Path, line: str, version: int) -> Path:
    directory = place / line / f"v{version}"
    above = [place.parent] if place.name != "sent" else []
    for path in (*above, place, directory.parent, directory):
        # what is written there stays there
        if path.is_symlink():
            raise UsageError(f"{path} is a symbolic link", "hgport keeps what was sent in no link")
    return directory


def _place(stack: Stack) -> Path:
    """Where the versions of a stack, together with those below it, are kept."""
    place = stack.layers[0].top.directory / "sent"
    others = others_of(stack)
    return place / f"with-{others}" if others else place


def _refuse_name(name: str) -> None:
    """Raise UsageError for a patch whose file would lie elsewhere, or be another."""
    problem = path_problem(name) if name else "is empty"
    if problem is None and name in ("series", _TOLD):
        problem = "is that of another file"
    if problem is not None:
        raise UsageError(f"the name {name!r} of a patch {problem}", "nothing was written")


def _known(stack: Stack) -> list[str]:
    """What is remembered, as ``since`` takes it, in order."""
    return [f"{line}/v{version}" for line, version in _kept_in(_place(stack))]


def _kept_in(place: Path) -> list[tuple[str, int]]:
    """The lines and versions that are kept in a directory, in order."""
    names = (f"{path.parent.name}/{path.name}" for path in place.glob("*/v*"))
    matches = (match for match in map(_WHICH.fullmatch, names) if match is not None)
    return sorted(
        ((match[1], int(match[2])) for match in matches), key=lambda one: (line_key(one[0]), one[1])
    )


def _read(path: Path) -> dict[str, Any]:
    """What ``sent.toml`` says, as ``_toml`` writes it; UsageError if it is otherwise."""
    try:
        told = found.toml(path)
    except FileNotFoundError as err:
        raise UsageError(f"cannot read {path}: {err.strerror}") from None
    mailed = told.get("mailed")
    if (
        not isinstance(told.get("release"), str)
        or not isinstance(mailed, list)
        or not mailed
        or not all(map(_is_mailed, mailed))
    ):
        raise UsageError(f"{path} is not as hgport writes it")
    return told


def _is_mailed(one: object) -> bool:
    return (
        isinstance(one, dict)
        and isinstance(one.get("date"), datetime)
        and isinstance(one.get("message-id"), str)
    )


def _toml(composed: Composed, mailed: Sequence[dict[str, Any]]) -> bytes:
    """The text of ``sent.toml``, with what was mailed before."""
    import tomlkit

    settings = composed.settings
    now = {
        "date": datetime.fromtimestamp(composed.date, timezone.utc),
        "message-id": composed.messages[0].message_id,
        "subject": composed.messages[0].subject,
        "from": str(settings.sender),
        "to": [str(one) for one in settings.to],
        "cc": [str(one) for one in settings.cc],
    }
    document = tomlkit.document()
    document["release"] = composed.release.version
    document["version"] = composed.version
    document["digest"] = composed.digest
    document["mailed"] = [*mailed, now]
    return tomlkit.dumps(document).encode()
