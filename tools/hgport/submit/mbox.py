"""Write the mails of a submission to a mailbox file, which mail programs, ``hg import`` and
``git am`` read.
"""

from __future__ import annotations

import email
import mailbox
import re
import tempfile
import time
from collections.abc import Sequence
from email.utils import formataddr, parsedate_to_datetime
from pathlib import Path

from hgport.errors import UsageError
from hgport.files import disk_errors, remove_tree
from hgport.submit.compose import Composed
from hgport.submit.cover import others_of
from hgport.submit.identity import Identity
from hgport.submit.newfile import refuse_existing_file, write_new

_OTHER = "name another file with --mbox"
_ODD = re.compile(r"[^a-z0-9.+]+")
_LONGEST = 40  # characters of the part of a file's name that tells the series


def default_name(composed: Composed) -> str:
    """The name of the file where nobody says another: topic, release, stacks on top, version."""
    patch = composed.messages[-len(composed.patches)]
    topic = patch.subject.partition("] ")[2].partition(":")[0]
    slug = _ODD.sub("-", topic.lower()).strip("-.")[:_LONGEST].strip("-.") or "series"
    version = f"-v{composed.version}" if composed.version > 1 else ""
    others = others_of(composed.stack)
    stacks = f"-with-{others}" if others else ""
    return f"{slug}-{composed.release.version}{stacks}{version}.mbox"


def refuse(path: Path) -> None:
    """Raise UsageError if no mailbox can be written to ``path``, because something is there."""
    refuse_existing_file(path, _OTHER)


def write(path: Path, composed: Composed) -> None:
    """Write a mailbox of these mails, whole or not at all.

    It says in ``Bcc`` who gets blind copies, as that of ``hg email`` does: whoever mails it has to
    know.  Raises UsageError if there is anything at ``path``, OutsideError if the disk refuses.
    """
    write_new(path, data(composed), _OTHER)


def date(path: Path) -> int:
    """The date of the first mail of a mailbox that hgport wrote, in seconds since 1970.

    Raises UsageError for any other file.
    """
    _start, _end, mail = _read(path).partition(b"\n")
    try:
        return int(parsedate_to_datetime(str(email.message_from_bytes(mail)["Date"])).timestamp())
    except (TypeError, ValueError, IndexError, OverflowError):
        raise UsageError(f"{path} is no mailbox that hgport wrote", _OTHER) from None


def refuse_others(path: Path, composed: Composed) -> None:
    """Raise UsageError if a mailbox holds anything else than just these mails."""
    if _read(path) != data(composed):
        raise UsageError(
            f"{path} is not what would be mailed now",
            "if the series, the letter or whom it goes to is another now, undo that first",
        )


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as err:
        raise UsageError(f"cannot read {path}: {err.strerror}") from None


def data(composed: Composed) -> bytes:
    """The mailbox's bytes; the same for the same mails."""
    with disk_errors("use a temporary directory"):
        room = tempfile.mkdtemp(prefix="hgport-")
        try:
            box = mailbox.mbox(f"{room}/mbox")
            for at, message in enumerate(composed.messages):
                when = time.asctime(time.gmtime(composed.date + at))
                start = f"From {message.sender} {when}\n".encode("ascii")
                box.add(start + _with_blind(message.data, composed.settings.bcc))
            box.close()
            return Path(room, "mbox").read_bytes()
        finally:
            remove_tree(Path(room))


def _with_blind(mail: bytes, blind: Sequence[Identity]) -> bytes:
    if not blind:
        return mail
    value = ",\n ".join(formataddr((one.name, one.address)) for one in blind)
    head, gap, body = mail.partition(b"\n\n")
    return head + b"\nBcc: " + value.encode("ascii") + gap + body
