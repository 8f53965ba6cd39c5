"""From whom and to whom a series is mailed: the command line, the person's own configuration of
Mercurial, and the little that a repository may say.

A repository says it in ``email.toml`` beside the patches of its series (of a further stack, it
may also be beside those of the first one)::

    to = "list@example.org"         # or ["list@example.org", "Name <name@example.org>"]
    cc = []
    flag = ["stable"]

It may come from anybody, so nothing else is taken from it, and whom it names is shown as such.
"""

from __future__ import annotations

import os
import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from hgport.errors import UsageError
from hgport.model.stack import Stack
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


def of_stack(stack: Stack) -> Path:
    """Where a repository says it for a stack; the lowest, if it lies on others.  That there is such
    a file is not said."""
    directory = stack.layers[0].top.directory
    own = directory / NAME
    project = directory.parent
    further = stack.layers[0].base is not None and (project / "releases.toml").is_file()
    return project / NAME if further and not os.path.lexists(own) else own


@dataclass(frozen=True)
class Asked:
    """What the command line says, as it was typed; None and () say nothing."""

    sender: str | None = None
    to: Sequence[str] = ()
    cc: Sequence[str] = ()
    bcc: Sequence[str] = ()
    flags: Sequence[str] = ()
    in_reply_to: str | None = None


class FromRepository(str):
    """An origin that is a repository's file.  That it is one must not depend on what it is called,
    which is for display."""


@dataclass(frozen=True)
class Settings:
    """Who mails what to whom.

    ``flags`` stand in each subject, a version's (``v2``) included; ``in_reply_to`` has its angle
    brackets.  ``origins`` says where each of ``from``, ``to``, ``cc``, ``bcc``, ``reply-to`` and
    ``flag`` comes from, in words for display; for what the repository says that is a
    FromRepository.
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
    def from_repository(self) -> frozenset[str]:
        """Which of the settings the repository says, by their names in ``origins``."""
        return frozenset(k for k, one in self.origins.items() if isinstance(one, FromRepository))

    @property
    def repositorys(self) -> tuple[Identity, ...]:
        """The recipients that nobody but the repository names."""
        named = (("to", self.to), ("cc", self.cc))
        return tuple(
            one for key, persons in named if key in self.from_repository for one in persons
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
    where = FromRepository(repository)
    for key in ("to", "cc"):
        # a file that would inject something is refused even where nothing of it is used
        _refuse_two_addresses(_read(theirs.get(key, []), f"{key} of {where}"), where)
    options = {"to": asked.to, "cc": asked.cc, "bcc": asked.bcc, "reply-to": ()}
    flags, flagged = _flags(asked.flags, theirs.get("flag", []), where)
    origins = {"flag": flagged} if flags else {}
    named: dict[str, tuple[Identity, ...]] = {}
    for key, said in options.items():
        words, origin = _own(key, said, persons)
        named[key] = _read(words or theirs.get(key, []), f"{key} of {origin or where}")
        if named[key]:
            origins[key] = origin or where
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


def _own(key: str, said: Sequence[str], persons: Mapping[str, str]) -> tuple[Sequence[str], str]:
    """What the person says of a key, and what it is called where they do; nothing, and ""."""
    if said:
        return said, COMMAND_LINE
    for section in ("email", "patchbomb"):
        # a value of several lines is a list of several lines
        value = " ".join(persons.get(f"{section}.{key}", "").split("\n")).strip()
        if value:
            return [value], f"[{section}] in your hgrc"
    return (), ""


def _refuse_two_addresses(persons: Sequence[Identity], where: str) -> None:
    """Raise UsageError for a person whose name looks like the address of somebody else."""
    for person in persons:
        if "@" in unicodedata.normalize("NFKC", person.name):
            raise UsageError(f"{where}: {person} has an address for a name", "name them otherwise")


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
