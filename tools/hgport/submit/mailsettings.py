"""From whom and to whom a series is mailed: the command line, the person's own configuration of
Mercurial, and the little that a repository may say.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from hgport.submit.identity import Identity


@dataclass(frozen=True)
class Settings:
    """Who mails what to whom.

    ``flags`` stand in each subject, a version's (``v2``) included; ``in_reply_to`` has its angle
    brackets.  ``origins`` says where each of ``from``, ``to``, ``cc``, ``bcc``, ``reply-to`` and
    ``flag`` comes from, in words, and ``repositorys`` the recipients that the repository names.
    """

    sender: Identity
    to: tuple[Identity, ...]
    cc: tuple[Identity, ...] = ()
    bcc: tuple[Identity, ...] = ()
    reply_to: tuple[Identity, ...] = ()
    flags: tuple[str, ...] = ()
    in_reply_to: str | None = None
    origins: Mapping[str, str] = field(default_factory=dict)

    @property
    def repositorys(self) -> tuple[Identity, ...]:
        """The recipients that nobody but the repository names."""
        named = (("to", self.to), ("cc", self.cc))
        return tuple(
            one
            for key, persons in named
            if self.origins.get(key, "").endswith("email.toml")
            for one in persons
        )
