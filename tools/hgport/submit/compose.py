"""Compose a submission: a release's series as the mails that ``hg email`` makes of it.

What comes out is whole and safe for any mail server; nothing is sent here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from hgport.errors import HgportError
from hgport.model.catalogue import Catalogue
from hgport.model.release import Release
from hgport.model.stack import Stack
from hgport.submit.mailsettings import Settings
from hgport.submit.message import Message

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
    mail.
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


def compose(request: Request, progress: ProgressOfMany | None = None) -> Composed:
    """Compose the mails of a series.

    ``progress`` is told of the release's download.  Raises UsageError for a cover letter that is
    missing or still the template, and for a version that was sent already (unless ``resend``);
    HgportError if a patch does not apply, or if its mail would not be imported unchanged.
    """
    raise HgportError("hgport cannot compose mails yet")
