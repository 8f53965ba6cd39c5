"""A release's ``hg`` that is started once and forked for each command (``inside/warm.py``).

It saves more than half of what a push in a cell costs, which is the loading of modules, and taking
them apart in the end.  A command is what it is in a process of its own, but that modules have been
loaded before it began, nothing is taken apart (what ``__del__`` would do when the interpreter ends
is not done), and what it prints goes to files.  So a sample of cells, and all that do not come out
as stated, are run by ``world.Hg``.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import tempfile
from collections.abc import Collection, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NoReturn

from hgport.errors import HgportError
from hgport.files import disk_errors
from hgport.process import Finished, Talking, talking
from hgport.proof import inside
from hgport.proof.world import MOST_SECONDS, environment

_WARM = Path(inside.__file__).with_name("warm.py")
# seconds that a command which is killed has for its end
_GRACE = 10
# seconds that the modules may take to be loaded, also where they have to be compiled first
_LOADING = 120


class NotWarm(HgportError):
    """The process that is to be forked does not do so; a command may have begun, or not."""


class WarmHg:
    """Runs commands as ``world.Hg`` does, one at a time; ``warm`` makes one."""

    def __init__(self, program: Talking, place: Path, words: tuple[str, ...]) -> None:
        self._program = program
        self._place = place
        self._words = words
        self._number = 0
        # whether nothing went wrong so far; afterwards nobody knows whose answer comes
        self._sound = True

    def __call__(
        self,
        args: Sequence[str | Path],
        *,
        cwd: Path,
        home: Path,
        more: Mapping[str, str] | None = None,
        timeout: float = MOST_SECONDS,
        allowed: Collection[int] | None = (0,),
    ) -> Finished:
        """As ``world.Hg``'s.  Raises NotWarm, too, and from then on at once."""
        if not self._sound:
            raise NotWarm("the process that was to be hg has failed before")
        self._sound = False
        words = [str(arg) for arg in args]
        printed = {name: self._place / name for name in ("stdout", "stderr")}
        with disk_errors(f"write {self._place}"):
            for path in printed.values():
                path.unlink(missing_ok=True)
        self._number += 1
        env = {**environment(home), **(more or {})}
        self._say(
            {
                "number": self._number,
                "args": list(map(_text, words)),
                "cwd": _text(cwd),
                "env": {_text(name): _text(value) for name, value in env.items()},
                **{name: _text(path) for name, path in printed.items()},
            }
        )
        pid: int = self._answer(_LOADING)["pid"]
        try:
            status, timed_out = self._status(timeout)
        except BaseException:
            # nobody else would
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(pid, signal.SIGKILL)
            raise
        try:
            out, err = (path.read_bytes() for path in printed.values())
        except FileNotFoundError:
            self._fail("could not be it")
        self._sound = True
        code = os.waitstatus_to_exitcode(status)
        return Finished((*self._words, *words), code, out, err, timed_out).expected(allowed)

    def _status(self, timeout: float) -> tuple[int, bool]:
        """How the command ended, and whether its time was up before."""
        line = self._program.line(timeout)
        if line is not None:
            return self._read(line)["status"], False
        self._say({"end": self._number})
        return self._answer(_GRACE)["status"], True

    def _say(self, what: Mapping[str, Any]) -> None:
        if not self._program.say(json.dumps(what).encode()):
            self._fail("has ended")

    def _answer(self, seconds: float) -> Any:
        line = self._program.line(seconds)
        return self._fail("does not answer") if line is None else self._read(line)

    def _read(self, line: bytes) -> Any:
        if not line:
            self._fail("has ended")
        return json.loads(line)

    def _fail(self, how: str) -> NoReturn:
        said = self._program.output().decode("utf-8", "replace").strip().splitlines()[-1:]
        last = "".join(said) or "it printed nothing"
        raise NotWarm(f"the process that was to be hg {how}: {last}")


def _text(what: str | Path) -> str:
    """What the other side reads, in whatever locale: a character a byte."""
    return os.fsencode(what).decode("latin-1")


@contextlib.contextmanager
def warm(interpreter: Path, tree: Path, room: Path) -> Iterator[WarmHg]:
    """The ``hg`` of a tree, for the block.

    ``room`` is a directory that outlives it; what is learned there of the modules that commands
    need serves every tree of the same release in the same interpreter.  Raises OutsideError if
    the disk refuses or there is no such interpreter.
    """
    with disk_errors(f"write below {room}"):
        directory = tempfile.TemporaryDirectory(prefix="warm-", dir=room)
    with directory as name:
        place = Path(name)
        words = [interpreter, _WARM, tree / "hg", place, room / "modules"]
        with talking(words, cwd=place, env=environment(place), log=place / "log") as program:
            yield WarmHg(program, place, (str(interpreter), str(tree / "hg")))
