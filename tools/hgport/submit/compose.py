"""Compose a submission: a release's series as the mails that ``hg email`` makes of it.

What comes out is whole and safe for any mail server; nothing is sent here.
"""

from __future__ import annotations

import email
import hashlib
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from hgport.engine.commits import Order
from hgport.errors import HgportError, UsageError
from hgport.model.catalogue import Catalogue
from hgport.model.patch import Patch
from hgport.model.release import Release
from hgport.model.stack import Stack
from hgport.submit import cover, intro, sevenbit, unchanged, versions
from hgport.submit.cover import Cover
from hgport.submit.identity import STAND_IN
from hgport.submit.mailsettings import Settings
from hgport.submit.message import Message
from hgport.submit.patchbomb import Bombed, Introduction, bombed, diffstats, exported
from hgport.submit.staged import Staged, staged

if TYPE_CHECKING:
    from hgport.upstream.sdist import ProgressOfMany


@dataclass(frozen=True)
class Request:
    """What is to be mailed.

    ``cover`` is the cover letter's file, None the one that lies beside the series.  ``since`` says
    which version an introduction shows the range-diff since: ``LINE/vN``, "none", or None for the
    one before as it was sent for the same line.  ``resend`` allows a version that was sent already.
    ``date`` is that of the first mail, in seconds since 1970; None is now.
    """

    stack: Stack
    catalogue: Catalogue
    release: Release
    settings: Settings
    cover: Path | None = None
    since: str | None = None
    resend: bool = False
    date: int | None = None


@dataclass(frozen=True)
class Composed:
    """Mails that are ready to go.

    ``messages`` are in order, the introduction (number 0) first, if there is one.  ``settings``
    says from and to whom they are.  ``version`` is that of the series (1: no ``--flag vN``).
    ``digest`` (64 hex digits) is the same for the same series, version, introduction and release,
    whenever and to whomever it is mailed.  ``patches`` are the patches as mailed (file name and
    bytes, in ``hg export`` form), ``diffstats`` hg's own by the number of the message (0: of all
    together), ``cover`` the file that the introduction was made from, ``date`` that of the first
    mail.  ``same_as`` is the version before, if it has the very same patches.
    """

    stack: Stack
    release: Release
    settings: Settings
    version: int
    digest: str
    date: int
    messages: tuple[Message, ...]
    patches: tuple[tuple[str, bytes], ...] = field(repr=False)
    diffstats: Mapping[int, str] = field(repr=False)
    cover: Path | None = None
    same_as: versions.Sent | None = None


def compose(request: Request, progress: ProgressOfMany | None = None) -> Composed:
    """Compose the mails of a series.

    ``progress`` is told of the release's download.  Raises UsageError for a cover letter that is
    missing or still the template, and for a version that was sent already (unless ``resend``);
    HgportError if a patch does not apply, or if its mail would not be imported unchanged.
    """
    # what a person wrote is looked at before anything takes time
    past = _past(request)
    path = request.cover or cover.find(request.stack, request.release.line)
    letter = cover.load(path) if path is not None else None
    user = str(request.settings.sender)
    order = Order(request.stack, request.catalogue, request.release, user, stand_in=STAND_IN)
    with staged(order, progress) as made:
        if not made.changesets:
            raise HgportError(f"nothing to mail: {request.release.version} has all of the patches")
        for patch in made.patches:
            # as they were written: hg has made lines of some control characters
            unchanged.refuse_subject(patch)
        exports = exported(made)
        patches = [_patch(name, data) for name, data in zip(made.changesets, exports)]
        if past.same is not None:
            versions.refuse_others(past.same, patches)
        if letter is None:
            _refuse_no_letter(request, patches)
        else:
            _refuse_other_letter(request, letter, patches)
        counted = diffstats(made)
        introduction = None
        if letter is not None:
            introduction = _introduction(request, letter, patches, counted[0], past.since)
        date = request.date if request.date is not None else int(time.time())
        mails = bombed(made, request.settings, introduction, date)
        subjects = unchanged.subjects(request.settings, letter.subject if letter else None, patches)
        bodies = ([introduction.text.encode()] if introduction else []) + exports
        messages = tuple(map(_message, mails, subjects, bodies))
        _check(made, messages, request.settings)
    series = tuple((patch.name, patch.data) for patch in patches)
    return Composed(
        stack=request.stack,
        release=request.release,
        settings=request.settings,
        version=request.settings.version,
        digest=_digest(request, introduction, series),
        date=date,
        messages=messages,
        patches=series,
        diffstats=counted,
        cover=path,
        same_as=past.since if past.since and versions.same(past.since, patches) else None,
    )


@dataclass(frozen=True)
class _Past:
    """What was sent before: as the same version, and as the one to compare with."""

    same: versions.Sent | None
    since: versions.Sent | None


def _past(request: Request) -> _Past:
    line, version = request.release.line, request.settings.version
    same = versions.find(request.stack, line, version)
    if same is not None and not request.resend:
        raise UsageError(
            f"there is a {same} ({same.directory})",
            f"mail a new version with --flag v{version + 1}, or the same again with --resend",
        )
    return _Past(same, versions.since(request.stack, line, version, request.since))


def _refuse_no_letter(request: Request, patches: Sequence[Patch]) -> None:
    """Raise UsageError for patches that cannot go without a letter; a single one may."""
    path = cover.of_line(request.stack, request.release.line)
    write = "write one: --new-cover makes a template; or name one with --cover FILE"
    if len(patches) > 1:
        raise UsageError(f"there is no cover letter {path}", write)
    version = request.settings.version
    if version > 1 and request.since != "none":
        raise UsageError(
            f"there is no cover letter {path}, which would show what is new in v{version}",
            f"{write}; or show nothing, with --since none",
        )


def _refuse_other_letter(request: Request, letter: Cover, patches: Sequence[Patch]) -> None:
    """Raise UsageError for a letter that introduces something else."""
    stack, line = request.stack, request.release.line
    found = cover.find(stack, line)
    if request.cover is None and found is not None:
        cover.refuse_others(stack, line, found, [patch.name for patch in patches])
    cover.refuse_unchanged(letter, request.settings.version, str(request.cover or found))


def _introduction(
    request: Request,
    letter: Cover,
    patches: Sequence[Patch],
    diffstat: str,
    since: versions.Sent | None,
) -> Introduction:
    version = request.settings.version
    text = intro.text(letter, version, request.release, patches, diffstat, since)
    return Introduction(letter.subject, text)


# the patches


def _patch(name: str, export: bytes) -> Patch:
    """A patch of a changeset as ``hg export`` prints it, without what only its repository has."""
    head, mark, rest = export.partition(b"\n# Parent  ")
    lines = [line for line in head.split(b"\n") if not line.startswith((b"# Node", b"#      "))]
    return Patch.parse(name, b"\n".join(lines) + b"\n" + rest.partition(b"\n")[2])


# the mails


def _message(mail: Bombed, subject: str, body: bytes) -> Message:
    found = email.message_from_bytes(mail.data)
    number = int(found.get("X-Mercurial-Series-Index", "0"))
    identifier = "".join(str(found["Message-Id"]).split())
    # hg email puts this body there as well, but its CRs get lost on the way
    data = sevenbit.rewritten(mail.data, body)
    return Message(number, subject, identifier, mail.sender, mail.recipients, data)


def _check(made: Staged, messages: Sequence[Message], settings: Settings) -> None:
    for message in messages:
        unchanged.check_headers(message, settings)
    unchanged.check_import(made, [message for message in messages if message.number])


def _digest(
    request: Request, introduction: Introduction | None, series: Sequence[tuple[str, bytes]]
) -> str:
    letter = (introduction.subject, introduction.text) if introduction else ()
    told = (request.release.version, request.settings.version, letter, series)
    return hashlib.sha256(repr(told).encode("utf-8", "surrogateescape")).hexdigest()
