"""Look at mails before they go: does each say what it is to say, and does the receiver's Mercurial
make the same changesets of them?
"""

from __future__ import annotations

import email
import email.header
import email.utils
import unicodedata
from collections.abc import Sequence
from email.message import Message as Parsed

from hgport.engine import hg
from hgport.errors import HgportError, UsageError
from hgport.files import disk_errors
from hgport.model.patch import Patch
from hgport.submit.identity import Identity
from hgport.submit.mailsettings import Settings
from hgport.submit.message import Message
from hgport.submit.staged import Staged

# every header that hg email and we write
_KNOWN = frozenset(
    [
        *("subject", "from", "to", "cc", "reply-to", "date", "user-agent"),
        *("message-id", "in-reply-to", "references"),
        *("x-mercurial-node", "x-mercurial-series-id"),
        *("x-mercurial-series-index", "x-mercurial-series-total"),
        *("mime-version", "content-type", "content-transfer-encoding"),
    ]
)


def refuse_subject(patch: Patch) -> None:
    """Raise UsageError for a patch whose description has no first line that a mail's subject can
    be."""
    first = patch.subject
    if not first.strip():
        raise UsageError(f"{patch.name} has no description", "its first line is the mail's subject")
    if any(unicodedata.category(c) in ("Cc", "Zl", "Zp") for c in first):
        raise UsageError(
            f"{patch.name}: the first line of its description has a control character: {first!r}"
        )


def subjects(settings: Settings, introduction: str | None, patches: Sequence[Patch]) -> list[str]:
    """The subjects that the mails are to have, the introduction's first if there is one."""
    flags = "".join(f" {flag}" for flag in settings.flags)
    # as hg writes the first line of a description
    plain = [patch.subject.strip().rstrip(". ") for patch in patches]
    total = len(plain)
    if introduction is None and total == 1:
        return [f"[PATCH{flags}] {plain[0]}"]
    numbered = enumerate(plain, start=1)
    if introduction is not None:
        numbered = enumerate([introduction, *plain])
    width = len(str(total))
    return [f"[PATCH {at:0{width}} of {total}{flags}] {one}" for at, one in numbered]


def check_headers(message: Message, settings: Settings) -> None:
    """Raise HgportError if a mail has a header that it should not have, or another value."""
    mail = email.message_from_bytes(message.data)
    names = [name.lower() for name in mail]
    strange = sorted({name for name in names if name not in _KNOWN or names.count(name) > 1})
    if strange:
        raise _wrong(message, f"has a header {strange[0]!r} that is not wanted")
    if _collapsed(_decoded(str(mail["Subject"]))) != _collapsed(message.subject):
        raise _wrong(message, "would arrive with another subject")
    persons = {
        "From": (settings.sender,),
        "To": settings.to,
        "Cc": settings.cc,
        "Reply-To": settings.reply_to,
    }
    for name, those in persons.items():
        if _persons(mail, name) != [_named(one) for one in those]:
            raise _wrong(message, f"would have {_persons(mail, name)} in {name}")


def check_import(staged: Staged, messages: Sequence[Message]) -> None:
    """Raise HgportError unless the mails of the staged patches, in order, import as just the
    changesets that they were made of."""
    room = staged.repository.parent / "mails"
    paths = [room / f"patch-{message.number}.eml" for message in messages]
    with disk_errors("write a mail to the temporary directory"):
        for path, message in zip(paths, messages):
            path.write_bytes(message.data)
    if _imports(staged, *map(str, paths)) is None:
        return
    for path, name in zip(paths, staged.changesets):
        said = _imports(staged, str(path))
        if said is not None:
            raise HgportError(
                f"{name} would not be imported unchanged from its mail: {said}",
                "look for a line of its description that starts like a patch, or with #",
            )
    raise HgportError("the mails would not be imported unchanged, one after the other")


def _imports(staged: Staged, *paths: str) -> str | None:
    """What hg says against importing mails as the changesets that they name; None: nothing."""
    # --exact looks at the hash: content, author, date and description, byte for byte
    words = ("import", "--exact", "--bypass", "--quiet", *paths)
    said = hg.run(*words, cwd=staged.repository, allowed=None)
    if said.code == 0:
        return None
    return (said.stderr.decode("utf-8", "replace").splitlines() or ["it says nothing"])[-1]


def _wrong(message: Message, what: str) -> HgportError:
    return HgportError(f"the mail {message.subject!r} {what}", "nothing was sent")


def _named(person: Identity) -> tuple[str, str]:
    return _collapsed(person.name), person.address


def _persons(mail: Parsed, name: str) -> list[tuple[str, str]]:
    values = [str(value).replace("\n", "") for value in mail.get_all(name, [])]
    pairs = email.utils.getaddresses(values)
    return [(_collapsed(_decoded(said)), address) for said, address in pairs]


def _decoded(value: str) -> str:
    return str(email.header.make_header(email.header.decode_header(value.replace("\n", ""))))


def _collapsed(text: str) -> str:
    return " ".join(text.split())
