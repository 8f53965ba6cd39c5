"""What comes of one push of a soak: made, looked at, and kept as a line of a file."""

from __future__ import annotations

import contextlib
import dataclasses
import hashlib
import json
import re
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from pushing import Client

from hgport.process import Finished
from hgport.proof.evidence import Request
from hgport.proof.faults import Fault, Random
from hgport.proof.server import Server

# seconds: nothing more that comes to the server for so long, or a client that lives so long, is a
# hang
SILENCE, MOST = 6.0, 40.0
_STALL = 3.0
_LOOK = 0.25
_CRASHED = re.compile(r"^(Traceback |\*\* [Uu]nknown exception)", re.MULTILINE)
_KEPT = 20000
FINE, LOST, HUNG, CRASHED, FAILED = "fine", "lost", "hung", "traceback", "failed"


@dataclass(frozen=True)
class Push:
    """One push to make: everything that its outcome may depend on.

    ``patches`` is a hash of the code that they change, "" for none; ``chance`` that of a fault, 0
    for an honest server; ``seed`` says which faults come; ``drawn`` is a hash of these, so that
    others are another push; ``blobs`` says which blobs.
    """

    release: str
    python: str
    patches: str
    transport: str
    workers: int
    blobs: str
    chance: float
    seed: int
    drawn: str = ""

    @property
    def key(self) -> str:
        text = json.dumps(dataclasses.asdict(self), sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()[:16]

    @property
    def fault(self) -> Fault | Random:
        return Random(self.seed, self.chance) if self.chance else Fault("none")


@dataclass(frozen=True)
class Seen:
    """What was seen: the exit code; how many blobs are stored intact, of how many; how many
    uploads were stored corrupt; how many requests began where none should; whether the client
    hung; whether it printed a traceback; how often the server did wrong; how long it took, in
    seconds; and whether the client ended well, but not before it was hung up on (``late``)."""

    exit_code: int
    stored: int
    wanted: int
    corrupt: int
    garbled: int
    hung: bool
    crashed: bool
    struck: int
    seconds: float
    last: str
    late: bool = False

    @property
    def outcome(self) -> str:
        """FINE: exit code 0, and all is stored, and nothing besides; LOST: exit code 0, and that is
        not so.  Whatever hangs has HUNG, even if it ended by itself later; else it CRASHED or
        FAILED."""
        if self.hung:
            return HUNG
        if self.exit_code == 0:
            return FINE if self.stored == self.wanted and not self.corrupt else LOST
        return CRASHED if self.crashed else FAILED

    @property
    def is_bad(self) -> bool:
        """Whether nothing like it may come of a patched release.  To fail is as bad as the rest: an
        honest server gives no reason to, and one that breaks connections by chance never breaks
        those of one object more often in a row than lfs.retry makes good."""
        return bool(self.corrupt or self.garbled) or self.outcome != FINE


def make(push: Push, client: Client, wanted: tuple[str, ...], room: Path, keep: Path) -> Seen:
    """Push once, to a server of its own, in a new directory below ``room``.  Of a push that is
    not fine, all that is known is left in ``keep``."""
    with tempfile.TemporaryDirectory(prefix="soak-", dir=room) as name:
        place = Path(name)
        client.prepare(place)
        tls = push.transport == "https"
        with Server(push.fault, tls=tls, stall=_STALL) as server:
            config = server.config
            if server.authority is not None:
                (place / "authority.pem").write_bytes(server.authority)
                config += f"[web]\ncacerts = {place / 'authority.pem'}\n"
            with _watched(server) as (silent, clock):
                finished = client.push_prepared(
                    place, server.lfs_url, workers=push.workers, more=config, seconds=MOST
                )
                seconds = clock()
            hung = server.stalled.is_set() or silent.is_set() or finished.timed_out
            server.settle()
        requests = server.requests()
        seen = look(finished, requests, wanted, hung, seconds)
    if seen.is_bad or seen.late:
        _keep(keep, push, seen, finished, requests)
    return seen


@contextlib.contextmanager
def _watched(server: Server) -> Iterator[tuple[threading.Event, Callable[[], float]]]:
    """End every connection, and set the event, when something has come and nothing more for long.
    Until it has, it is a machine with much to do that is slow to start the client."""
    silent, over, started = threading.Event(), threading.Event(), time.monotonic()

    def watch() -> None:
        before, since = -1, time.monotonic()
        while not over.wait(_LOOK):
            now = sum(1 + request.received for request in server.requests())
            if now != before or not now:
                before, since = now, time.monotonic()
            elif time.monotonic() - since > SILENCE:
                silent.set()
                server.hang_up()
                return

    watcher = threading.Thread(target=watch, daemon=True)
    watcher.start()
    try:
        yield silent, lambda: time.monotonic() - started
    finally:
        over.set()
        watcher.join()


def look(
    finished: Finished,
    requests: tuple[Request, ...],
    wanted: tuple[str, ...],
    hung: bool,
    seconds: float,
) -> Seen:
    """What a push has come to, by what the server was sent."""
    accepted = [r for r in requests if r.method == "PUT" and r.status == 200]
    intact = {r.object for r in accepted if r.sha256 == r.object}
    output = _printed(finished)
    # On a busy machine a client may be hung up on when all is done.  So may one that waits for an
    # answer that another has read, so it is told.
    done = finished.code == 0 and intact.issuperset(wanted) and not finished.timed_out
    return Seen(
        exit_code=finished.code,
        stored=len(intact.intersection(wanted)),
        wanted=len(wanted),
        corrupt=sum(r.sha256 != r.object for r in accepted),
        garbled=sum(r.outcome == "garbage" for r in requests),
        hung=hung and not done,
        crashed=_CRASHED.search(output) is not None,
        struck=sum(r.outcome == "reset" or bool(r.detail) for r in requests),
        seconds=round(seconds, 3),
        last="".join(output.strip().splitlines()[-1:])[:200],
        late=hung and done,
    )


def _printed(finished: Finished) -> str:
    return (finished.stdout + finished.stderr).decode("utf-8", "replace")


def _keep(
    keep: Path, push: Push, seen: Seen, finished: Finished, requests: tuple[Request, ...]
) -> None:
    keep.mkdir(parents=True, exist_ok=True)
    about = {
        "push": dataclasses.asdict(push),
        "seen": dataclasses.asdict(seen),
        "outcome": seen.outcome,
        "output": _printed(finished)[-_KEPT:].splitlines(),
        "requests": [dataclasses.asdict(request) for request in requests],
    }
    (keep / f"{push.key}.json").write_text(json.dumps(about, indent=1))
