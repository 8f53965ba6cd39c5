"""Mail addresses as they go into a mail: nothing that a header, a shell or a mail program could
take for something else.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable

from hgport.errors import UsageError
from hgport.submit.identity import Identity

# an address: what RFC 5322 calls a dot-atom, at a domain; a hyphen first would be an option to a
# sendmail program
_LOCAL = re.compile(r"(?!-)[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(?:\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*")
_LABEL = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?")
_MESSAGE_ID = re.compile(r"<?([!-;=?A-~]+@[!-;=?A-~]+?)>?")
_LONGEST = 254  # characters of an address, by RFC 5321
_LONGEST_LOCAL = 64
_LONGEST_NAME = 200
# they turn around what is shown after them
_TURNING = "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"


def read(text: str) -> tuple[Identity, ...]:
    """The persons that a text names: ``Name <address>`` or a bare address each, joined by commas.

    Their domains come out in ASCII (IDNA).  Raises UsageError, which quotes the text, for a line
    break or another control character, and for whatever is no address of a mail.
    """
    _refuse_control(text)
    return tuple(checked(Identity.parse(part)) for part in _parts(text))


def read_all(texts: Iterable[str]) -> tuple[Identity, ...]:
    """The persons that several such texts name, each address once."""
    found: dict[str, Identity] = {}
    for text in texts:
        for person in read(text):
            found.setdefault(person.address.lower(), person)
    return tuple(found.values())


def checked(person: Identity) -> Identity:
    """A person whose domain is in ASCII.  Raises UsageError for a name or an address that no mail
    can have."""
    _refuse_control(person.name)
    # a name in the form of encoded text would be read as what it encodes
    if "=?" in person.name or len(person.name) > _LONGEST_NAME:
        raise UsageError(f"the name {person.name!r} is none that a mail can have")
    local, _at, domain = person.address.rpartition("@")
    if not _LOCAL.fullmatch(local) or len(local) > _LONGEST_LOCAL:
        raise UsageError(
            f"{person.address!r} is no mail address",
            "what stands before the @ is letters, digits, and some signs, of ASCII",
        )
    address = f"{local}@{_ascii(domain, person.address)}"
    if len(address) > _LONGEST:
        raise UsageError(f"the address {address!r} is too long")
    return Identity(person.name, address)


def header(person: Identity) -> str:
    """A person as the words of ``hg email`` and of a configuration name one: the name quoted."""
    quoted = person.name.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{quoted}" <{person.address}>' if quoted else person.address


def message_id(text: str) -> str:
    """A Message-Id in its angle brackets, which ``text`` may lack.  Raises UsageError for what is
    none."""
    found = _MESSAGE_ID.fullmatch(text.strip(" "))
    if found is None or found[1].count("@") != 1 or len(text) > _LONGEST:
        raise UsageError(f"{text!r} is no Message-Id", "it looks like <WORDS@DOMAIN>")
    return f"<{found[1]}>"


def _refuse_control(text: str) -> None:
    if any(unicodedata.category(c) in ("Cc", "Zl", "Zp") or c in _TURNING for c in text):
        raise UsageError(f"{text!r} is no mail address", "it has a control character")


def _parts(text: str) -> list[str]:
    """What stands between the commas that are in no quotes."""
    parts = [""]
    quoted = False
    for char in text:
        quoted ^= char == '"'
        if char == "," and not quoted:
            parts.append("")
        else:
            parts[-1] += char
    found = [part for part in parts if part.strip(" ")]
    if not found or quoted:
        raise UsageError(f"{text!r} names nobody", "write 'NAME <MAIL>' or an address")
    return found


def _ascii(domain: str, address: str) -> str:
    """A domain as servers know it."""
    try:
        found = domain.encode("idna").decode("ascii")
        # what is lost on the way would make it another domain: a sharp s, for one
        kept = found.encode("ascii").decode("idna")
    except UnicodeError:
        raise UsageError(f"{address!r} has no domain that can be") from None
    whole = unicodedata.normalize("NFKC", domain).lower() in (kept.lower(), found.lower())
    labels = found.split(".")
    if not whole or not all(_LABEL.fullmatch(label) and len(label) < 64 for label in labels):
        raise UsageError(
            f"{address!r} has no domain that can be", "write it in ASCII, as servers know it"
        )
    return found
