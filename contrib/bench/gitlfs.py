"""``git lfs push`` of the same blobs, where git-lfs is there."""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from hgport.process import Finished, run

HOW_TO_GET = "apt-get install git git-lfs"


def is_there() -> bool:
    return shutil.which("git") is not None and shutil.which("git-lfs") is not None


@dataclass(frozen=True)
class GitLfs:
    """A git repository in ``place`` with the blobs committed; ``make`` makes one."""

    place: Path

    @classmethod
    def make(cls, place: Path, blobs: Mapping[str, bytes]) -> GitLfs:
        place.mkdir(parents=True)
        made = cls(place)
        made._git("init", "-q")
        made._git("lfs", "install", "--local")
        (place / ".gitattributes").write_text("blob* filter=lfs diff=lfs merge=lfs -text\n")
        for number, data in enumerate(blobs.values()):
            (place / f"blob{number}").write_bytes(data)
        made._git("add", ".")
        made._git("commit", "-q", "-m", "blobs")
        # it is not pushed to, so that git-lfs knows of nothing that is there already
        made._git("init", "-q", "--bare", "peer")
        made._git("remote", "add", "origin", str(place / "peer"))
        return made

    def version(self) -> str:
        """As it names itself: "git-lfs/3.3.0"."""
        return self._git("lfs", "version").stdout.decode().split()[0]

    def push(self, url: str, *, transfers: int | None = None) -> Finished:
        """Push all blobs to ``url``, so many at a time (None: git-lfs's default)."""
        more = [] if transfers is None else ["-c", f"lfs.concurrenttransfers={transfers}"]
        words = ["-c", f"lfs.url={url}", "-c", "lfs.locksverify=false", *more]
        return self._git(*words, "lfs", "push", "origin", "HEAD")

    def _git(self, *words: str) -> Finished:
        who = {"NAME": "bench", "EMAIL": "bench@example.org", "DATE": "@0 +0000"}
        fixed = {f"GIT_{role}_{k}": v for role in ("AUTHOR", "COMMITTER") for k, v in who.items()}
        env = {
            **fixed,
            "PATH": os.environ.get("PATH", os.defpath),
            "HOME": str(self.place),
            "GIT_CONFIG_NOSYSTEM": "1",
            "GIT_TERMINAL_PROMPT": "0",
            "LC_ALL": "C.UTF-8",
        }
        return run(["git", *words], cwd=self.place, env=env)
