"""Patches as the mails of a mailbox that ``git am`` takes."""

from __future__ import annotations

import email.header
import email.utils
import re
from datetime import datetime, timedelta, timezone

from hgport.errors import HgportError, UsageError
from hgport.submit.export import diffs
from hgport.submit.export.patchdirs import need_author
from hgport.submit.export.prepared import Prepared, Ready
from hgport.submit.identity import Identity
from hgport.submit.sevenbit import encoded

# what git itself writes above a mail that never was one: no commit, and a date of its own
_SEPARATOR = b"From %s Mon Sep 17 00:00:00 2001\n" % (b"0" * 40)
# what git reads at the top of a mail's text as if it stood in its header
_IN_BODY = re.compile(r"(?:from|date|subject):|>From ", re.I)
# where git believes that the description ends
_ENDS = re.compile(r"---(?:\s*$| \S)|diff -|Index: ")
# what git takes off a subject
_TAG = re.compile(r"\s*(?:\[|re:|:)", re.I)


def mailbox(prepared: Prepared) -> bytes:
    """One mail a patch, in order.

    Raises UsageError for a patch whose author has no mail address, without which git takes none,
    HgportError for a description that git would cut.
    """
    total = len(prepared.patches)
    mails = (_mail(one, n, total) for n, one in enumerate(prepared.patches, 1))
    return b"".join(_SEPARATOR + mail for mail in mails)


def changed_subjects(prepared: Prepared) -> list[str]:
    """The patches whose subject ``git am`` shortens, unless it is told to keep it (``-k``)."""
    return [one.name for one in prepared.patches if _TAG.match(_subject(one))]


def _subject(one: Ready) -> str:
    return one.said.description.partition("\n")[0]


def _mail(one: Ready, number: int, total: int) -> bytes:
    author = _author(one)
    encoding, body = encoded(_text(one, author) + diffs.whole(one))
    count = f"[PATCH {number}/{total}] " if total > 1 else "[PATCH] "
    head = [
        f"From: {_from(author)}",
        f"Date: {_date(one.said.date)}",
        f"Subject: {_header(count + _subject(one))}",
        "MIME-Version: 1.0",
        "Content-Type: text/plain; charset=UTF-8",
        f"Content-Transfer-Encoding: {encoding.decode()}",
    ]
    return "\n".join([*head, "", ""]).encode() + body + b"\n"


def _author(one: Ready) -> Identity:
    need_author(one)
    try:
        return Identity.parse(one.said.user)
    except UsageError as err:
        raise UsageError(
            f"{one.name}: its author {one.said.user!r} has no mail address",
            "git takes no patch of theirs; hg does",
        ) from err


def _text(one: Ready, author: Identity) -> bytes:
    """The description below the subject, and the rule that ends it."""
    rest = one.said.description.partition("\n")[2].strip("\n")
    for line in rest.split("\n"):
        if _ENDS.match(line):
            raise HgportError(
                f"{one.name}: git would take the description's line {line!r} for its end"
            )
    if _IN_BODY.match(rest):
        # git reads one block of these, so let there be one that is true
        rest = f"From: {author}\n\n{rest}"
    return (f"{rest}\n---\n\n" if rest else "---\n\n").encode()


def _from(author: Identity) -> str:
    if not author.name:
        return author.address
    if author.name.isascii():
        return email.utils.formataddr((author.name, author.address))
    return f"{_header(author.name)} <{author.address}>"


def _header(text: str) -> str:
    """A text for a header, encoded where it is not plain."""
    if text.isascii() and text.isprintable() and "=?" not in text:
        return text
    return email.header.Header(text, "utf-8", maxlinelen=76).encode()


def _date(date: str) -> str:
    seconds, offset = map(int, date.split())
    # mail knows whole minutes
    zone = timezone(timedelta(minutes=-offset // 60))
    start = datetime(1970, 1, 1, tzinfo=timezone.utc)
    return email.utils.format_datetime((start + timedelta(seconds=seconds)).astimezone(zone))
