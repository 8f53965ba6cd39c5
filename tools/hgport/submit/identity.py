"""Who submits: a name and a mail address, as they stand in changesets and mails."""

from __future__ import annotations

import re
from dataclasses import dataclass

from hgport.errors import UsageError
from hgport.model.header import is_text

# who has written a patch that is to be submitted in the name of whoever submits it
STAND_IN = "hgport <hgport@example.org>"

_FORM = re.compile(r'"?(?P<name>[^"<>]*?)"?\s*<(?P<address>[^<>\s]+)>')
_ADDRESS = re.compile(r"[^@\s<>,;:\"()\[\]\\]+@[^@\s<>,;:\"()\[\]\\]+")


@dataclass(frozen=True)
class Identity:
    """A person; ``str()`` of it is ``Name <address>``, the form of ``# User``.

    ``name`` may hold any character but line breaks, control characters, quotes and angle brackets.
    """

    name: str
    address: str

    def __str__(self) -> str:
        return f"{self.name} <{self.address}>" if self.name else self.address

    @classmethod
    def parse(cls, text: str) -> Identity:
        """Read ``Name <address>``, ``"Name" <address>`` or a bare address.

        Raises UsageError for a text with a line break or another control character, for one that
        cannot be written as UTF-8, and for one without an address.
        """
        if not is_text(text) or any(ord(c) < 32 or ord(c) == 127 for c in text):
            raise UsageError(f"{text!r} is no author's name", "write 'NAME <MAIL>', on one line")
        found = _FORM.fullmatch(text.strip())
        name, address = (found["name"], found["address"]) if found else ("", text.strip())
        if not _ADDRESS.fullmatch(address):
            raise UsageError(f"{text!r} has no mail address", "write 'NAME <MAIL>'")
        return cls(" ".join(name.split()), address)
