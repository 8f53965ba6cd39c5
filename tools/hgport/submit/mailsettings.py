"""From whom and to whom a series is mailed: the command line, the person's own configuration of
Mercurial, and the little that a repository may say.

A repository says it in ``email.toml`` beside the patches of its series::

    to = "list@example.org"         # or ["list@example.org", "Name <name@example.org>"]
    cc = []
    flag = ["stable"]

It may come from anybody, so nothing else is taken from it, and whom it names is shown as such.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from hgport.errors import UsageError
from hgport.submit import addresses, found
from hgport.submit.identity import Identity

NAME = "email.toml"
COMMAND_LINE = "the command line"
# what has to be asked of engine.hg.persons_config
SECTIONS = ("email", "patchbomb", "ui")

_FLAG = re.compile(r"[A-Za-z0-9][A-Za-z0-9.+_-]{,39}")
_VERSION = re.compile(r"[vV]([0-9]+)")
_HIGHEST = 999
_REPOSITORYS = ("to", "cc", "flag")


@dataclass(frozen=True)
class Asked:
    """What the command line says, as it was typed; None and () say nothing."""

    sender: str | None = None
    to: Sequence[str] = ()
    cc: Sequence[str] = ()
    bcc: Sequence[str] = ()
    flags: Sequence[str] = ()
    in_reply_to: str | None = None


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
            if self.origins.get(key, "").endswith(NAME)
            for one in persons
        )

    @property
    def version(self) -> int:
        """The version of the series that the flags name; 1 if none does."""
        return version_of(self.flags)


def settle(asked: Asked, persons: Mapping[str, str], repository: Path | None) -> Settings:
    """Decide each setting: by the command line, else by the person's configuration, else by the
    repository's file (None: there is none).

    ``persons`` is what ``engine.hg.persons_config`` gives for SECTIONS.  Raises UsageError, which
    says where it comes from, for a value that no mail can have; if nobody is to get it or to send
    it; and for whatever a repository has no business to say.
    """
    theirs = _repositorys(repository) if repository is not None else {}
    where = str(repository)
    for key in ("to", "cc"):
        # a file that would inject something is refused even where nothing of it is used
        _read(theirs.get(key, []), f"{key} of {where}")
    options = {"to": asked.to, "cc": asked.cc, "bcc": asked.bcc, "reply-to": ()}
    flags, flagged = _flags(asked.flags, theirs.get("flag", []), where)
    origins = {"flag": flagged} if flags else {}
    named: dict[str, tuple[Identity, ...]] = {}
    for key, said in options.items():
        words, origin = _first(key, said, persons, theirs, where)
        named[key] = _read(words, f"{key} of {origin}")
        if named[key]:
            origins[key] = origin
    if not named["to"]:
        raise UsageError(
            "nobody is to get the mails", f"say --to, [email] to in your hgrc, or to in {NAME}"
        )
    sender, origins["from"] = _sender(asked.sender, persons)
    parent = addresses.message_id(asked.in_reply_to) if asked.in_reply_to is not None else None
    to, cc, bcc = _each_once(named["to"], named["cc"], named["bcc"])
    return Settings(sender, to, cc, bcc, named["reply-to"], flags, parent, origins)


def version_of(flags: Sequence[str]) -> int:
    """The version that flags name; 1 if none does.  Raises UsageError for v0, v1.2 and two."""
    named = [flag for flag in flags if _VERSION.fullmatch(flag)]
    if len(named) > 1:
        raise UsageError(f"{' and '.join(named)} are two versions", "say one of them")
    version = int(named[0][1:]) if named else 1
    if not 1 <= version <= _HIGHEST:
        raise UsageError(f"there is no version {named[0]}", "the first is v1")
    return version


# each setting


def _first(
    key: str,
    said: Sequence[str],
    persons: Mapping[str, str],
    theirs: Mapping[str, list[str]],
    where: str,
) -> tuple[Sequence[str], str]:
    """The first that says anything of a key: its words, and what it is called."""
    if said:
        return said, COMMAND_LINE
    for section in ("email", "patchbomb"):
        # a value of several lines is a list of several lines
        value = " ".join(persons.get(f"{section}.{key}", "").split("\n")).strip()
        if value:
            return [value], f"[{section}] in your hgrc"
    return theirs.get(key, []), where


def _read(words: Sequence[str], where: str) -> tuple[Identity, ...]:
    try:
        return addresses.read_all(words)
    except UsageError as err:
        raise UsageError(f"{where}: {err.message}", err.hint) from None


def _sender(said: str | None, persons: Mapping[str, str]) -> tuple[Identity, str]:
    places = (("email.from", "from"), ("patchbomb.from", "from"), ("ui.username", "username"))
    value, where = said, COMMAND_LINE
    for key, name in places:
        if value is None and persons.get(key, "").strip():
            value, where = persons[key], f"[{key.partition('.')[0]}] {name} in your hgrc"
    if value is None:
        raise UsageError(
            "nobody is named who submits the series",
            "say --from 'NAME <MAIL>', or [ui] username in your hgrc",
        )
    try:
        return addresses.checked(Identity.parse(value)), where
    except UsageError as err:
        raise UsageError(f"from, by {where}: {err.message}", err.hint) from None


def _flags(said: Sequence[str], theirs: Sequence[str], where: str) -> tuple[tuple[str, ...], str]:
    """The flags: the repository's, unless the command line names others than a version."""
    for flag, origin in (*((f, COMMAND_LINE) for f in said), *((f, where) for f in theirs)):
        if not _FLAG.fullmatch(flag):
            raise UsageError(
                f"flag of {origin}: {flag!r} is none", "letters, digits, and . + _ - between them"
            )
    if any(_VERSION.fullmatch(flag) for flag in theirs):
        raise UsageError(f"{where} names a version of the series", "say it with --flag")
    own = [flag for flag in said if not _VERSION.fullmatch(flag)]
    flags = tuple(dict.fromkeys(said if own else [*theirs, *said]))
    version_of(flags)
    return flags, COMMAND_LINE if own or not theirs else where


def _each_once(*lists: Sequence[Identity]) -> list[tuple[Identity, ...]]:
    """The lists without whom an earlier one has."""
    seen: set[str] = set()
    kept = []
    for persons in lists:
        kept.append(tuple(one for one in persons if one.address.lower() not in seen))
        seen.update(one.address.lower() for one in persons)
    return kept


# the repository's file


def _repositorys(path: Path) -> dict[str, list[str]]:
    """What a repository's file says, as lists of texts."""
    found.refuse_outside(path, path.parent)
    try:
        document = found.toml(path)
    except FileNotFoundError:
        return {}
    said = {}
    for key, value in document.items():
        if key not in _REPOSITORYS:
            raise UsageError(
                f"{path} says {key!r}, which is no business of a repository's",
                f"it may say {', '.join(_REPOSITORYS[:-1])} and {_REPOSITORYS[-1]}",
            )
        values = value if isinstance(value, list) else [value]
        if not all(isinstance(one, str) for one in values):
            raise UsageError(f"{path}: {key} has to be a text or a list of texts")
        said[key] = values
    return said
