"""What receivers of mails do with them: ``hg import`` and ``git am``, in fresh repositories."""

from __future__ import annotations

import email
import mailbox
import os
from collections.abc import Iterable, Sequence
from pathlib import Path

from helpers_smtp import Received
from hgport import process
from hgport.engine import hg
from hgport.engine.hgpatcher import Changeset, Repository
from programs import needed

# all that a changeset says; its hash is of all that it is
TOLD = "{node}\\n{author}\\n{date|hgdate}\\n{desc}\\n{files % '{file} '}\\0"


def told(repository: Path, base: str, template: str = TOLD) -> list[str]:
    """What the changesets on a base say, oldest first."""
    found = hg.run(
        "log", "-r", f"sort(descendants({base}) - {base}, rev)", "-T", template, cwd=repository
    )
    return found.stdout.decode().split("\0")[:-1]


def clone(repository: Path, base: str, place: Path) -> Path:
    """A repository that ends with a base."""
    hg.run("clone", "-q", "-r", base, repository, place)
    return place


def hg_import(repository: Path, *mails: Path) -> None:
    """Take mails as who gets them does."""
    words = ("import", "-q", "--config", "ui.username=receiver <r@example.org>", *mails)
    hg.run(*words, cwd=repository)


def forget(repository: Path, base: str) -> None:
    """Remove the changesets on a base again."""
    words = ("--config", "extensions.strip=", "strip", "-q", "--no-backup", "-r")
    hg.run(*words, f"children({base})", cwd=repository)


def write_mails(place: Path, received: Sequence[Received]) -> list[Path]:
    """Save each mail to a file of its own."""
    place.mkdir()
    for number, one in enumerate(received):
        (place / f"{number}.eml").write_bytes(one.data)
    return sorted(place.iterdir())


def write_mbox(path: Path, received: Iterable[Received]) -> Path:
    """Save mails as a mail reader does."""
    box = mailbox.mbox(path)
    for one in received:
        box.add(one.data)
    box.close()
    return path


def reset(git: Git) -> None:
    """Remove the commits on the first again."""
    first = git("rev-list", "--max-parents=0", "HEAD").decode().strip()
    git("reset", "-q", "--hard", first)


def bodies(place: Path, received: Iterable[Received]) -> list[Path]:
    """Save what each mail says, without its header and what made it fit for the way."""
    place.mkdir()
    for number, one in enumerate(received):
        payload = email.message_from_bytes(one.data).get_payload(decode=True)
        assert isinstance(payload, bytes)
        (place / f"{number}.patch").write_bytes(payload)
    return sorted(place.iterdir())


class Git:
    """A git repository of the files that a changeset has."""

    def __init__(self, place: Path, repository: Path, base: str) -> None:
        self.place = place
        hg.run("archive", "-q", "-r", base, "-X", "path:.hg_archival.txt", place, cwd=repository)
        self("init", "-q")
        self("add", "-A", "-f")
        self("commit", "-q", "-m", "base")

    def __call__(self, *words: str | Path) -> bytes:
        who = {
            f"GIT_{what}_{key}": value
            for what in ("AUTHOR", "COMMITTER")
            for key, value in (("NAME", "receiver"), ("EMAIL", "r@example.org"))
        }
        env = {"PATH": os.environ["PATH"], "HOME": str(self.place.parent), "LC_ALL": "C.UTF-8"}
        options = ("-c", "core.autocrlf=false", "-c", "gc.auto=0")
        words = (needed("git"), *options, *words)
        return process.run(words, cwd=self.place, env={**env, **who}).stdout

    def files(self) -> dict[str, tuple[str, bytes]]:
        """Mode and content of each file of the last commit that the first does not have so."""
        first = self("rev-list", "--max-parents=0", "HEAD").decode().strip()
        found = {}
        for line in self("diff", "--raw", "--no-renames", "-z", first, "HEAD").split(b"\0:"):
            head, _, name = line.strip(b"\0:").partition(b"\0")
            mode = head.split()[1].decode()
            path = name.decode()
            content = b"" if mode == "000000" else self("show", f"HEAD:{path}")
            found[path] = (mode, content)
        return found

    def told(self) -> list[tuple[str, str, str]]:
        """Author, date (as hg writes it) and message of each commit but the first."""
        found = self("log", "--reverse", "--format=%an <%ae>%x00%ad%x00%B%x01", "--date=raw")
        commits = [one.strip("\n").split("\0") for one in found.decode().split("\x01")[1:-1]]
        return [(user, _hg_date(date), text.rstrip("\n")) for user, date, text in commits]


def _hg_date(raw: str) -> str:
    seconds, zone = raw.split()
    minutes = int(zone[1:3]) * 60 + int(zone[3:])
    return f"{seconds} {(-1 if zone[0] == '+' else 1) * minutes * 60}"


def files(repository: Path, base: str, last: str) -> dict[str, tuple[str, bytes]]:
    """As Git.files, of a Mercurial repository."""
    status = hg.run("status", "--rev", base, "--rev", last, "-0", "-mar", cwd=repository).stdout
    modes = {"": "100644", "x": "100755", "l": "120000"}
    opened = Repository(repository)
    read = opened.reader(last)
    found = {}
    for line in status.split(b"\0")[:-1]:
        path = line[2:].decode()
        content = read(path)
        mode = "000000" if content is None else modes[opened.mode(last, path)]
        found[path] = (mode, content or b"")
    return found


def commit(repository: Path, changeset: Changeset) -> None:
    """Add a changeset on the last one."""
    tip = hg.run("log", "-r", "tip", "-T", "{node}", cwd=repository).stdout.decode()
    Repository(repository).commit([changeset], tip)
