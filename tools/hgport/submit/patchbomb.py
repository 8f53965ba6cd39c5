"""Have ``hg email``, Mercurial's own patchbomb, make the mails of a staged series.

It is told to send them by a program of ours, which keeps each apart with its envelope: nothing has
to be split out of a mailbox.
"""

from __future__ import annotations

import hashlib
import json
import shlex
import sys
from dataclasses import dataclass, field
from pathlib import Path

from hgport.engine import hg
from hgport.errors import HgportError
from hgport.files import disk_errors
from hgport.process import ProgramFailed
from hgport.submit.addresses import header
from hgport.submit.identity import Identity
from hgport.submit.mailsettings import Settings
from hgport.submit.staged import Staged

_KEEP = Path(__file__).with_name("inside") / "keep.py"


@dataclass(frozen=True)
class Bombed:
    """A mail as ``hg email`` made it: the addresses of its envelope, and its bytes."""

    sender: str
    recipients: tuple[str, ...]
    data: bytes = field(repr=False)


@dataclass(frozen=True)
class Introduction:
    """The subject and the text of the mail before the patches."""

    subject: str
    text: str


def bombed(
    staged: Staged, settings: Settings, introduction: Introduction | None, date: int
) -> list[Bombed]:
    """The mails of all patches that are staged, in order, after the introduction if there is one.

    ``date`` is that of the first, in seconds since 1970; each is a second later than the one
    before.  Raises HgportError if hg makes anything else of it.
    """
    room = staged.repository.parent / "mails"
    with disk_errors("write a mail to the temporary directory"):
        room.mkdir()
        description = room / "description"
        description.write_text(introduction.text if introduction else "", encoding="utf-8")
    words = [*_configured(room), "email", *_options(settings, date)]
    if introduction is not None:
        # a value is in one word with its option, so that none is taken for an option itself
        words += ["--intro", f"--subject={introduction.subject}", f"--desc={description}"]
    words += [f"--rev={node}" for node in staged.changesets.values()]
    try:
        hg.run(*words, cwd=staged.repository, extra=_environment(staged, settings.sender))
    except ProgramFailed as err:
        said = err.finished.stderr.decode("utf-8", "replace").splitlines() or ["it says nothing"]
        raise HgportError(f"hg email makes no mails of it: {said[-1]}") from err
    return _kept(room, len(staged.changesets) + (introduction is not None))


def _configured(room: Path) -> list[str]:
    program = shlex.join([sys.executable, "-I", str(_KEEP), str(room)])
    told = (
        ("extensions.patchbomb", ""),
        ("email.method", program),
        ("email.charsets", "utf-8"),
        # one patch goes alone unless it is to be introduced
        ("patchbomb.intro", "never"),
    )
    return [word for key, value in told for word in ("--config", f"{key}={value}")]


def _options(settings: Settings, date: int) -> list[str]:
    persons = (
        ("from", (settings.sender,)),
        ("to", settings.to),
        ("cc", settings.cc),
        ("bcc", settings.bcc),
        ("reply-to", settings.reply_to),
    )
    words = [f"--{key}={header(one)}" for key, those in persons for one in those]
    words += [f"--flag={flag}" for flag in settings.flags]
    if settings.in_reply_to is not None:
        words.append(f"--in-reply-to={settings.in_reply_to}")
    return [*words, f"--date={date} 0"]


def _environment(staged: Staged, sender: Identity) -> dict[str, str]:
    """What makes hg strict about its command line, and name no machine in a Message-Id.

    The name in its place is another for every series: of a person's mails alone, two introductions
    of one second would be the same.
    """
    domain = sender.address.rpartition("@")[2]
    nodes = " ".join((str(sender), *staged.changesets.values()))
    mark = hashlib.sha256(nodes.encode()).hexdigest()[:8]
    return {"HGPLAIN": "+strictflags", "HGHOSTNAME": f"{mark}.{domain}"}


def _kept(room: Path, expected: int) -> list[Bombed]:
    found = len(list(room.glob("*.eml")))
    if found != expected:
        raise HgportError(f"hg email made {found} mails where {expected} are wanted")
    return [_one(room / str(number)) for number in range(expected)]


def _one(path: Path) -> Bombed:
    with disk_errors("read a mail in the temporary directory"):
        sender, recipients = json.loads(path.with_suffix(".json").read_bytes())
        return Bombed(sender, tuple(recipients), path.with_suffix(".eml").read_bytes())


def exported(staged: Staged) -> list[bytes]:
    """The patches as ``hg export`` prints them, which is what ``hg email`` puts into a mail."""
    room = staged.repository.parent / "exports"
    with disk_errors("write a patch to the temporary directory"):
        room.mkdir()
    # of the name, hg makes something of every %
    names = str(room).replace("%", "%%") + "/%n"
    revisions = [f"--rev={node}" for node in staged.changesets.values()]
    hg.run("export", "--git", f"--output={names}", *revisions, cwd=staged.repository)
    # numbers have as many digits as the last one needs
    return [path.read_bytes() for path in sorted(room.iterdir())]


def diffstats(staged: Staged) -> dict[int, str]:
    """What hg counts in each patch, by number from 1, and in all together (0)."""
    nodes = [*staged.changesets.values()]
    ends = ("-r", staged.base, "-r", nodes[-1])
    every = hg.run("diff", "--git", "--stat", *ends, cwd=staged.repository).stdout
    revisions = [f"--rev={node}" for node in nodes]
    words = ("--git", "--stat", "--template=\\0", *revisions)
    each = hg.run("log", *words, cwd=staged.repository).stdout.split(b"\0")[1:]
    texts = [text.strip(b"\n") + b"\n" for text in (every, *each)]
    return {at: text.decode("utf-8", "replace") for at, text in enumerate(texts)}
