"""A small submission that took no composing, and somebody who sends it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from helpers_engine import Project, file_diff, numbered, patch_bytes
from helpers_smtp import PASSWORD, mails
from hgport.errors import UsageError
from hgport.model import project
from hgport.model.catalogue import Catalogue
from hgport.model.stack import Stack
from hgport.submit.compose import Composed
from hgport.submit.identity import Identity
from hgport.submit.mailsettings import Settings
from hgport.submit.message import Message
from hgport.submit.sendsettings import Smtp

PATCH = patch_bytes(file_diff("f", numbered(3), numbered(3, line2="2")), subject="one: ë")


def small_work(directory: Path) -> tuple[Stack, Catalogue]:
    """A project of one patch."""
    made = Project(directory)
    made.release("5.2", {"f": numbered(3)})
    made.write("5.2", {"1.patch": PATCH})
    return project.load(made.root / "series")


def small_submission(work: tuple[Stack, Catalogue]) -> Composed:
    """Mails that could be that project's."""
    stack, catalogue = work
    return Composed(
        stack=stack,
        release=catalogue.release("5.2"),
        settings=Settings(
            Identity("Zoë", "zoe@example.org"),
            (Identity("", "list@example.org"),),
            flags=("stable", "v2"),
            in_reply_to="<1@example.org>",
            origins={"to": "the command line"},
        ),
        version=2,
        digest="ab" * 32,
        date=1795381855,
        messages=tuple(mails()),
        patches=(("1.patch", PATCH),),
        diffstats={0: " f | 2 +-", 1: " f | 2 +-"},
        cover=stack.top.directory / "cover.md",
    )


class Somebody:
    """A person who keeps what they were told and asked, and answers as the test has it."""

    def __init__(
        self,
        *,
        yes: bool = True,
        again: bool = False,
        hears: Callable[[str], object] = lambda line: None,
    ) -> None:
        self.lines: list[str] = []
        self.warned: list[str] = []
        self._yes = yes
        self._again = again
        self._hears = hears

    def present(self) -> bool:
        return True

    def tell(self, *lines: str) -> None:
        self.lines += lines
        for line in lines:
            self._hears(line)

    def warn(self, *lines: str) -> None:
        self.warned += lines

    def confirm(self, question: str, otherwise: str) -> None:
        self.lines.append(question)
        if not self._yes:
            raise UsageError(otherwise)

    def again(self, message: Message) -> bool:
        self.lines.append(f"again? {message.number}")
        return self._again

    def password(self, settings: Smtp) -> str:
        self.lines.append(f"password of {settings.username}?")
        return PASSWORD
